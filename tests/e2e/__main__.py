"""`python -m tests.e2e`: run these tests with each syncer, one after the other, on a stack of its own."""

import os
import signal
import subprocess
import sys

import click
import pytest

from app.demo.real import tools
from tests.e2e.options import KEEP, SYNCER, SYNCERS


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--syncer", type=click.Choice(SYNCERS), help="this one alone  [default: one after the other]")
@click.option("--keep", is_flag=True, help="leave the (last) stack up after the tests, and say where it is")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def main(syncer: str | None, arguments: tuple[str, ...], *, keep: bool) -> None:
    """Run the tests; what else is given goes to pytest."""
    try:
        tools.find()
    except tools.ToolsMissing as error:
        click.echo(f"ephemera: {error}", err=True)
        sys.exit(1)
    wanted = [syncer] if syncer else list(SYNCERS)
    failed = 0
    for name in wanted:
        status = _run(name, arguments, keep=keep and name == wanted[-1])
        failed = failed or status
        if status == pytest.ExitCode.INTERRUPTED:
            break
    sys.exit(failed)


def _run(syncer: str, arguments: tuple[str, ...], *, keep: bool) -> int:
    """Run the tests with one syncer, in a process of their own: which of them there are depends on it."""
    report = f"--junitxml=build/e2e-{syncer}.xml"
    command = [sys.executable, "-m", "pytest", "tests/e2e", "-v", report, *(["-s"] if keep else []), *arguments]
    environment = {**os.environ, SYNCER: syncer, KEEP: "1" if keep else ""}
    with subprocess.Popen(command, env=environment) as tests:
        # Ctrl-C reaches them from the terminal as well.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: tests.terminate())
        return tests.wait()


if __name__ == "__main__":
    main()
