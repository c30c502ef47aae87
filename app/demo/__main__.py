"""`python -m app.demo`: the demo, and `python -m app.demo run`: the product itself on one machine."""

import shutil
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import click

from app.demo import product, running
from app.demo.cluster import StartCluster
from app.demo.crowd import gather
from app.demo.invitation import invite
from app.demo.narrator import Narrator, StepFailedError
from app.demo.outside import Outside
from app.demo.processes import until_signalled
from app.demo.real import tools
from app.demo.real.cluster import real
from app.demo.real.stack import Syncer
from app.demo.reviewed import tell_reviewed
from app.demo.simulated import simulated
from app.demo.story import tell


@click.group(invoke_without_command=True)
@click.option("--once", is_flag=True, help="end after the story instead of staying up")
@click.option("--pull-requests", type=click.IntRange(1, 1000), default=1, show_default=True, help="how many at once")
@click.option("--real", "syncer", type=click.Choice(["argocd", "flux"]), help="on a real Kubernetes with this syncer")
@click.option("--audit", is_flag=True, help="every change needs review on the environments repository")
@click.pass_context
def main(context: click.Context, *, once: bool, pull_requests: int, syncer: Syncer | None, audit: bool) -> None:
    """Show the main job with everything on this machine."""
    if context.invoked_subcommand is None:
        if audit and pull_requests > 1:
            raise click.UsageError("--audit tells of one pull request; leave --pull-requests away")
        cluster = _cluster(syncer)
        story = _Story(cluster, pull_requests, is_reviewed=audit)
        with until_signalled() as asked:
            directory = Path(tempfile.mkdtemp(prefix="ephemera-demo-"))
            narrator = Narrator()
            try:
                status = _show(narrator, directory, story, None if once else asked)
            finally:
                shutil.rmtree(directory, ignore_errors=True)
        sys.exit(status)


@main.command()
def run() -> None:
    """Run the Procfile's processes for real, with embedded PostgreSQL and Valkey where no URL is given."""
    sys.exit(running.run())


def _cluster(syncer: Syncer | None) -> StartCluster:
    if syncer is None:
        return simulated()
    try:
        return real(tools.find(), syncer)
    except tools.ToolsMissing as error:
        print(f"ephemera: {error}", file=sys.stderr)
        sys.exit(1)


@dataclass(frozen=True, slots=True)
class _Story:
    """What is shown."""

    cluster: StartCluster
    pull_requests: int
    is_reviewed: bool

    def tell(self, outside: Outside, narrator: Narrator) -> None:
        if self.is_reviewed:
            tell_reviewed(outside, narrator)
        elif self.pull_requests == 1:
            tell(outside, narrator)
        else:
            gather(outside, narrator, self.pull_requests)


def _show(narrator: Narrator, directory: Path, story: _Story, asked: threading.Event | None) -> int:
    narrator.say("Starting PostgreSQL, Valkey, Git over HTTP, a simulated GitHub, a cluster, and Ephemera.")
    outside = Outside.start(directory, story.cluster, review="always" if story.is_reviewed else None)
    try:
        with product.processes(outside.settings(), directory / "logs"):
            narrator.step("everything runs", lambda: product.is_ready(outside.web_url))
            story.tell(outside, narrator)
            narrator.say("\nEvery step was read back.")
            if asked is not None:
                invite(outside, narrator)
                asked.wait()
    except StepFailedError as error:
        narrator.say(f"\n{error}\n")
        narrator.quote(product.last_lines(directory / "logs"))
        return 1
    finally:
        outside.stop()
    return 0


if __name__ == "__main__":
    main()
