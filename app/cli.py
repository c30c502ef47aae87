"""`ephemera`: the commands of the processes and of the operator."""

import secrets
import signal
import sys
import threading
import time
import webbrowser
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, TextIO

import click
import yaml

from app import auditing, bootstrapping, checking, clock, log, migrating, watcher
from app.domain.cluster import SyncerKind
from app.domain.finding import Finding
from app.errors import EphemeraError
from app.registering import create as registering
from app.registering.create import Order
from app.registering.manifest import Wanted
from app.registering.page import Page
from app.settings import Settings
from app.store import tokens
from app.store.auditing import lines as changes
from app.store.tokens import Scope
from app.texts.preview import preview, states
from app.watcher import Post
from app.wiring import this_process
from gitops.check import check as check_manifests
from gitops.errors import GitopsError
from gitops.render import Templates
from gitops.spec import Spec


def main() -> None:
    """Run the command line; expected errors are one clear message and exit status 1."""
    try:
        cli(standalone_mode=True)
    except (EphemeraError, GitopsError) as error:
        _fail(str(error))


def _moment(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    del context
    try:
        return None if value is None else auditing.moment(value, is_end=parameter.name == "end")
    except ValueError as error:
        raise click.BadParameter("give a date, 2026-11-24, or a time, 2026-11-24T12:00:00Z") from error


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """A Kubernetes preview environment for every pull request, through Git."""


@cli.command()
def check() -> None:
    """Verify every setting against the world, and say what to do about what fails."""
    findings = checking.findings(this_process())
    for finding in findings:
        click.echo(_line(finding))
    if not all(finding.is_ok for finding in findings):
        sys.exit(1)


@cli.command()
def migrate() -> None:
    """Bring the database to this program's level, waiting for it if need be."""
    log.configure()
    migrating.until_done()


@cli.command()
@click.option("--spec", "path", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--templates", type=click.Path(exists=True, file_okay=False, path_type=Path), help="the template sets")
def render(path: Path, templates: Path | None) -> None:
    """Print the manifests that a spec (YAML or JSON) gives, checked as they are before they are committed."""
    try:
        document = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        _fail(f"reading {path}: {error}")
    spec = Spec.from_mapping(document)
    folder = templates or Path(str(Settings.model_fields["templates"].default))
    files = Templates.load(folder).render(spec)
    check_manifests(spec, files)
    for name, content in files.items():
        click.echo(f"---\n# {name}\n{content.decode()}", nl=False)


@cli.command(name="preview-texts")
@click.option("--state", type=click.Choice(states()), help="only this one  [default: all]")
def preview_texts(state: str | None) -> None:
    """Print what a pull request reads in each state: check run, deployment, commit status, comment, explanation."""
    click.echo("\n".join(preview(each) for each in ([state] if state else states())), nl=False)


@cli.command()
@click.argument("what", type=click.Choice([SyncerKind.ARGOCD.value, SyncerKind.FLUX.value, bootstrapping.AUDIT]))
@click.option("--cluster", "name", help="which of the declared clusters  [default: the only one with that syncer]")
@click.option("--dedicated", is_flag=True, help="this Argo CD serves nothing else: it need not look by itself so often")
@click.option("--commit", is_flag=True, help="commit them to the environments repository, under bootstrap/<cluster>/")
def bootstrap(what: str, name: str | None, *, dedicated: bool, commit: bool) -> None:
    """Print the manifests that connect a cluster: Ephemera's rights there, and what Argo CD or Flux is to follow.

    Or `audit`: who approves changes of the environments repository, and the rules that nobody there passes by.
    """
    if what == bootstrapping.AUDIT and (name or dedicated):
        raise click.UsageError("--cluster and --dedicated are for argocd and flux")
    wiring = this_process()
    if what == bootstrapping.AUDIT:
        files = bootstrapping.audit_files(wiring.settings)
        keep = partial(bootstrapping.commit_audit, clusters=wiring.settings.declared_clusters)
    else:
        cluster = bootstrapping.chosen(wiring.settings.declared_clusters, SyncerKind(what), name)
        files = bootstrapping.manifests(wiring.settings, cluster, is_dedicated=dedicated)
        keep = partial(bootstrapping.commit, cluster=cluster)
    if commit:
        click.echo(keep(wiring.repository, files=files))
        return
    for name_, content in files.items():
        click.echo(f"---\n# {name_}\n{content.decode()}", nl=False)


@cli.group()
def audit() -> None:
    """The history of the environments repository: proven, and written out."""


@audit.command(name="verify")
@click.option("--since", metavar="COMMIT", help="look only at what follows this commit")
@click.option("--github", "asks", is_flag=True, help="ask GitHub too who merged what")
@click.option("--key", "keys", multiple=True, type=click.File(), help="public keys that signed earlier, a line each")
@click.option("--json", "as_json", is_flag=True, help="print one JSON document")
def verify_(since: str | None, keys: tuple[TextIO, ...], *, asks: bool, as_json: bool) -> None:
    """Prove every commit against what was recorded, and list what does not fit.

    Status 0: all is proven. 1: something does not fit. 2: it could not be looked at.
    """
    start = time.perf_counter()
    try:
        verifier = this_process().verifier
        more = tuple(line for file in keys for line in file.read().splitlines() if line.strip())
        verifier = replace(verifier, keys=verifier.keys + more)
        if asks:
            verifier = replace(verifier, proposals=this_process().github.proposals)
        verified = verifier.run(since)
    except (EphemeraError, GitopsError) as error:
        _fail(str(error), status=2)
    seconds = time.perf_counter() - start
    click.echo("\n".join(auditing.document(verified, seconds) if as_json else auditing.lines(verified, seconds)))
    if not verified.is_proven:
        sys.exit(1)


@audit.command()
@click.option("--from", "start", metavar="TIME", callback=_moment, help="from this date, or RFC 3339 time, in UTC")
@click.option("--to", "end", metavar="TIME", callback=_moment, help="to the end of this date, or before this time")
@click.option("--format", "form", type=click.Choice(list(auditing.FORMS)), default="jsonl", show_default=True)
def export(start: datetime | None, end: datetime | None, form: str) -> None:
    """Write out every change with all that was recorded of it, oldest first."""
    with this_process().store.begin() as session:
        for text in auditing.FORMS[form](changes(session, start, end)):
            click.echo(text, nl=False)


@cli.group()
def token() -> None:
    """Bearer tokens of the REST API."""


@token.command()
@click.option("--scope", required=True, type=click.Choice([scope.value for scope in Scope]))
@click.option("--name", help="whom it is for; shown in the history of what it does  [default: a new name]")
def create(scope: str, name: str | None) -> None:
    """Make a token and print it. It is shown once: only its hash is kept."""
    with this_process().store.begin() as session:
        made = tokens.create(session, name or f"{scope}-{secrets.token_hex(4)}", Scope(scope))
    if made is None:
        _fail(f"there is a token named {name!r} already: choose another name")
    click.echo(made)


@cli.group(name="github-app")
def github_app() -> None:
    """The GitHub App that Ephemera speaks to GitHub as."""


@github_app.command(name="create")
@click.option("--url", required=True, help="where GitHub reaches Ephemera, such as https://ephemera.acme.com")
@click.option("--name", default="Ephemera", show_default=True, help="unique on all of GitHub; may be changed there")
@click.option("--organization", help="whom the App belongs to  [default: whoever is logged in]")
@click.option("--env-file", "file", default=".env", show_default=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--port", default=0, help="of the page on this machine  [default: one that is free]")
@click.option("--browser/--no-browser", default=True, help="open the page  [default: open it]")
@click.option("--contents/--no-contents", default=True, help="the environments repository is on this GitHub  [default]")
@click.option("--force", is_flag=True, help="replace the App that the file names")
def create_github_app(**given: Any) -> None:
    """Register the App with its exact permissions and events, and keep its key and secret in the env file."""
    wanted = Wanted(given["name"], given["url"], given["organization"], given["contents"])
    order = Order(wanted, given["file"], given["port"], given["force"])

    def show(page: Page) -> None:
        click.echo(f"Open {page.url} in a browser that is logged in to GitHub. Ctrl-C gives up.")
        if given["browser"]:
            webbrowser.open(page.url)

    made = registering.create(order, show)
    click.echo(f"The App {made.slug} is registered ({made.page}); {order.file} holds its id, key and webhook secret.")
    click.echo(f"Install it on the repositories: {made.install_url}")
    click.echo("Then `ephemera check` verifies every setting.")


@cli.command()
def watch() -> None:
    """Follow every declared cluster that no other watcher follows: what runs, what fails, what is gone."""
    log.configure()
    stop = _until_told()
    migrating.until_done(stop)
    wiring = this_process()
    posts = [Post(wiring.store, wiring.bell, cluster, partial(wiring.view, cluster)) for cluster in wiring.clusters]
    watcher.run(posts, stop)


@cli.command(name="clock")
def clock_() -> None:
    """Sweep for what was missed, again and again."""
    log.configure()
    stop = _until_told()
    migrating.until_done(stop)
    wiring = this_process()
    beside = clock.Beside(wiring.waker, wiring.catch_up, wiring.reviewer)
    clock.run(wiring.sweeper, beside, wiring.bell, stop)


def _until_told() -> threading.Event:
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    return stop


def _line(finding: Finding) -> str:
    mark = click.style("ok  ", fg="green") if finding.is_ok else click.style("FAIL", fg="red")
    advice = f"\n       {finding.advice}" if not finding.is_ok and finding.advice else ""
    return f"{mark}  {finding.what}: {finding.detail}{advice}"


def _fail(message: str, status: int = 1) -> NoReturn:
    click.echo(f"ephemera: {message}", err=True)
    sys.exit(status)
