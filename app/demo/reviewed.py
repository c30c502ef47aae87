"""The main job where everything needs review: proposed, approved, merged, refused, asked again, gone, and proven."""

import os
import subprocess
from dataclasses import dataclass

from app.demo.evidence import Evidence
from app.demo.github.readings import CheckRun, PullRequest
from app.demo.narrator import Narrator
from app.demo.outside import ENVIRONMENTS, PROPOSAL_CHECK, Outside

REPOSITORY = "acme/shop"
_SHOWN_LINES = 40


@dataclass(frozen=True, slots=True)
class _Scene:
    outside: Outside
    narrator: Narrator
    evidence: Evidence

    def say(self, text: str) -> None:
        self.narrator.say(f"\n{text}")


def tell_reviewed(outside: Outside, narrator: Narrator) -> None:
    """Play it. Raises StepFailedError at the first thing that is not seen."""
    scene = _Scene(outside, narrator, Evidence(outside))
    github = outside.github
    github.create_repository(REPOSITORY)
    github.set_permission(REPOSITORY, "ada", "write")
    scene.say(f"Ada opens a pull request on {REPOSITORY}. Every change needs review on {ENVIRONMENTS}.")
    pull = github.open_pull_request(REPOSITORY, title="Sell more 😀", author="ada")
    number = _proposed(scene, pull)
    narrator.quote(_body(scene, number))
    narrator.quote(_waiting(scene, pull))
    _merge(scene, number, "merge")
    _runs(scene, pull)
    scene.evidence.fetch()
    narrator.quote(scene.evidence.newest_commit())

    scene.say("She pushes another commit. Linus refuses it.")
    pull = github.push(REPOSITORY, pull.number)
    number = _proposed(scene, pull)
    github.comment(ENVIRONMENTS, number, author="linus", body="Not on a Friday, please.")
    github.close_pull_request(ENVIRONMENTS, number, by="linus")
    narrator.quote(narrator.step("her pull request says who refused, and why", lambda: _refused(scene, pull)))

    scene.say("She asks again: /ephemera deploy")
    github.comment(REPOSITORY, pull.number, author="ada", body="/ephemera deploy")
    number = _proposed(scene, pull)
    _merge(scene, number, "squash")
    _runs(scene, pull)

    scene.say("She closes the pull request. Removal needs no review.")
    namespace = f"pr-{pull.number}-shop"
    github.close_pull_request(REPOSITORY, pull.number)
    narrator.step(f"the cluster has no namespace {namespace} any more", lambda: scene.evidence.is_gone(namespace))
    narrator.step("PostgreSQL: the environment is destroyed", lambda: scene.evidence.status(pull.number) == "destroyed")

    scene.say("An auditor asks who let what run: ephemera audit verify")
    narrator.quote(narrator.step("every commit is proven", lambda: _verified(outside)))


def _proposed(scene: _Scene, pull: PullRequest) -> int:
    def look() -> int | None:
        query = """
            SELECT proposals.number FROM proposals JOIN environments ON environments.id = proposals.environment_id
            WHERE environments.number = %s AND proposals.is_current AND proposals.state = 'open'
            AND proposals.number IS NOT NULL AND proposals.told_wanted = proposals.told_digest
            AND proposals.desired->'spec'->>'head_sha' = %s
        """
        rows = scene.evidence.query(query, pull.number, pull.head_sha)
        return int(rows[0][0]) if rows else None

    number = scene.narrator.step(f"{pull.head_sha[:7]} is proposed on {ENVIRONMENTS}, not committed", look)
    scene.narrator.step(f"{ENVIRONMENTS}#{number} was checked, and may be merged", lambda: _is_checked(scene, number))
    return number


def _is_checked(scene: _Scene, number: int) -> bool:
    github = scene.outside.github
    runs = github.check_runs(ENVIRONMENTS, github.pull_request(ENVIRONMENTS, number).head_sha)
    return any((run.name, run.conclusion) == (PROPOSAL_CHECK, "success") for run in runs)


def _body(scene: _Scene, number: int) -> str:
    """The beginning of what the reviewer reads."""
    shown = scene.outside.github.call("GET", f"/repos/{ENVIRONMENTS}/pulls/{number}")
    lines = str(shown.get("body") or "").splitlines()
    more = [] if len(lines) <= _SHOWN_LINES else [f"... {len(lines) - _SHOWN_LINES} lines more"]
    return "\n".join([shown["title"], "", *lines[:_SHOWN_LINES], *more])


def _waiting(scene: _Scene, pull: PullRequest) -> str:
    def look() -> str | None:
        run = _newest(scene, pull)
        return f"{run.name}: {run.conclusion}, {run.title}" if run and run.conclusion == "action_required" else None

    return scene.narrator.step("her check run says that it waits for review", look)


def _merge(scene: _Scene, number: int, method: str) -> None:
    scene.say(f"Grace reads {ENVIRONMENTS}#{number}, approves it, and presses {method}.")
    scene.outside.github.review(ENVIRONMENTS, number, by="grace", state="APPROVED", body="Fine.")
    scene.outside.github.merge(ENVIRONMENTS, number, by="grace", method=method)


def _runs(scene: _Scene, pull: PullRequest) -> None:
    namespace = f"pr-{pull.number}-shop"
    scene.narrator.step(
        f"the cluster runs commit {pull.head_sha[:7]} in namespace {namespace}",
        lambda: scene.evidence.running(namespace) == pull.head_sha,
    )

    def succeeded() -> bool:
        run = _newest(scene, pull)
        return run is not None and run.conclusion == "success"

    scene.narrator.step("her check run says success", succeeded)


def _refused(scene: _Scene, pull: PullRequest) -> str | None:
    run = _newest(scene, pull)
    summary = (run.summary if run and run.conclusion == "failure" else None) or ""
    return summary if "Not on a Friday" in summary else None


def _newest(scene: _Scene, pull: PullRequest) -> CheckRun | None:
    runs = scene.outside.github.check_runs(REPOSITORY, pull.head_sha)
    return runs[-1] if runs else None


def _verified(outside: Outside) -> str | None:
    command = ["ephemera", "audit", "verify"]
    environment = {**os.environ, **outside.settings()}
    done = subprocess.run(command, env=environment, cwd=outside.directory, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None
