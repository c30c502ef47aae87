"""`python -m app.demo.github`: the simulated GitHub as a process of its own."""

import socket
from pathlib import Path

import click

from app.demo.github.options import DEFAULT_EVENTS, Options
from app.demo.github.server import serve


@click.command()
@click.option("--port", type=int, default=0, help="Port on 127.0.0.1; 0 takes a free one. It is printed first.")
@click.option("--app-id", type=int, required=True)
@click.option("--client-id", default="Iv23liSimulatedApp01", show_default=True)
@click.option(
    "--slug", default="ephemera", show_default=True, help="The App's name in addresses; it writes as SLUG[bot]."
)
@click.option("--public-key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
@click.option("--webhook-url", required=True)
@click.option(
    "--webhook-secret",
    envvar="SIMULATED_GITHUB_WEBHOOK_SECRET",
    required=True,
    help="Better given as SIMULATED_GITHUB_WEBHOOK_SECRET: arguments are visible to everyone.",
)
@click.option("--event", "events", multiple=True, default=DEFAULT_EVENTS, show_default=True, help="Subscribed events.")
@click.option(
    "--git-root",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the bare repositories; without it none can be made.",
)
def main(  # noqa: PLR0913 - one parameter an option
    *,
    port: int,
    app_id: int,
    client_id: str,
    slug: str,
    public_key_file: Path,
    webhook_url: str,
    webhook_secret: str,
    events: tuple[str, ...],
    git_root: Path | None,
) -> None:
    """Serve a simulated GitHub until it is stopped."""
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    # Accepted connections inherit it; with Nagle's algorithm each answer would wait for a delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    print(url, flush=True)
    public_key = public_key_file.read_text("utf-8")
    serve(
        listener,
        Options(url, app_id, client_id, slug, public_key, webhook_url, webhook_secret, events, git_root),
    )


if __name__ == "__main__":
    main()
