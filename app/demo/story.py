"""The main job, once, while somebody watches: opened, pushed to, kept, closed, gone. Every step is read back."""

from app.demo.evidence import Evidence
from app.demo.github.readings import CheckRun, PullRequest
from app.demo.narrator import Narrator
from app.demo.outside import Outside

REPOSITORY = "acme/shop"
_COMMAND = "/ephemera extend 5d"


def tell(outside: Outside, narrator: Narrator) -> None:
    """Play the whole life of one pull request. Raises StepFailedError at the first thing that is not seen."""
    evidence = Evidence(outside)
    outside.github.create_repository(REPOSITORY)
    narrator.say(f"\nAda opens a pull request on {REPOSITORY}.")
    pull = outside.github.open_pull_request(REPOSITORY, title="Sell more 😀", author="ada")
    _delivered(outside, narrator, "opened")
    namespace = _committed(evidence, narrator, pull)
    narrator.quote(evidence.newest_commit())
    _runs(evidence, narrator, pull, namespace)
    narrator.quote(_told(evidence, narrator, pull))
    narrator.quote(_shown(narrator.step("the check run has its buttons", lambda: _with_buttons(evidence, pull))))

    narrator.say("\nShe pushes another commit.")
    pull = outside.github.push(REPOSITORY, pull.number)
    _delivered(outside, narrator, "synchronize")
    _committed(evidence, narrator, pull)
    _runs(evidence, narrator, pull, namespace)
    _told(evidence, narrator, pull)

    narrator.say(f"\nShe may write to {REPOSITORY}, and comments: {_COMMAND}")
    outside.github.set_permission(REPOSITORY, "ada", "write")
    outside.github.comment(REPOSITORY, pull.number, author="ada", body=_COMMAND)
    narrator.quote(narrator.step("the comment of Ephemera answers her", lambda: _answering(evidence, pull)))

    narrator.say("\nShe closes the pull request.")
    outside.github.close_pull_request(REPOSITORY, pull.number)
    _delivered(outside, narrator, "closed")
    narrator.step(f"the environments repository no longer holds {namespace}", lambda: namespace not in evidence.heads())
    narrator.step(f"the cluster has no namespace {namespace} any more", lambda: evidence.is_gone(namespace))
    narrator.step("PostgreSQL: the environment is destroyed", lambda: evidence.status(pull.number) == "destroyed")
    comment = narrator.step("the comment on the pull request says that it is gone", lambda: _gone(evidence, pull))
    narrator.quote(comment)


def _delivered(outside: Outside, narrator: Narrator, action: str) -> None:
    def answer() -> bool:
        sent = [each for each in outside.github.deliveries() if each.event == "pull_request" and each.action == action]
        return bool(sent) and sent[-1].status_code == 202

    narrator.step(f"GitHub sent the signed webhook pull_request.{action}; it was answered 202", answer)


def _committed(evidence: Evidence, narrator: Narrator, pull: PullRequest) -> str:
    def look() -> str | None:
        return next((name for name, sha in evidence.heads().items() if sha == pull.head_sha), None)

    return narrator.step(f"the environments repository holds its manifests at {pull.head_sha[:7]}", look)


def _runs(evidence: Evidence, narrator: Narrator, pull: PullRequest, namespace: str) -> None:
    narrator.step(
        f"the cluster runs commit {pull.head_sha[:7]} in namespace {namespace}",
        lambda: evidence.running(namespace) == pull.head_sha,
    )
    narrator.step("PostgreSQL: the environment is ready", lambda: evidence.status(pull.number) == "ready")


def _told(evidence: Evidence, narrator: Narrator, pull: PullRequest) -> str:
    narrator.step(
        "the check run and the commit status say success",
        lambda: evidence.conclusion(REPOSITORY, pull) == evidence.commit_status(REPOSITORY, pull) == "success",
    )
    return narrator.step("the comment on the pull request says ready", lambda: _ready(evidence, pull))


def _with_buttons(evidence: Evidence, pull: PullRequest) -> CheckRun | None:
    run = evidence.check_run(REPOSITORY, pull)
    return run if run and run.actions else None


def _shown(run: CheckRun) -> str:
    return f"{run.name}: {run.conclusion}, {run.title}\nbuttons: {', '.join(run.actions)}\n\n{run.summary}"


def _answering(evidence: Evidence, pull: PullRequest) -> str | None:
    comment = evidence.comment(REPOSITORY, pull.number)
    return comment if comment and f"`{_COMMAND}`" in comment else None


def _ready(evidence: Evidence, pull: PullRequest) -> str | None:
    comment = evidence.comment(REPOSITORY, pull.number)
    return comment if comment and "environment: ready" in comment and pull.head_sha[:7] in comment else None


def _gone(evidence: Evidence, pull: PullRequest) -> str | None:
    comment = evidence.comment(REPOSITORY, pull.number)
    return comment if comment and "environment: gone" in comment else None
