"""`assess`: where an environment stands, from its row and the time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.desired import Absent, Present, Waiting
from app.domain.environment import Environment, Stage, Status
from app.domain.health import Cause, Problem, Verdict, Wanted, judge
from app.domain.proposal import Proposal

READY_WITHIN = timedelta(minutes=15)
"""After this long without becoming ready, a published commit counts as failed. It may still become ready later."""

GONE_WITHIN = timedelta(minutes=10)
"""After this long a removal that is not seen done is shown as stuck."""

TRIES = 8
"""A stage that failed this often in a row is shown as failed, though it is still tried."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """A status with its reasons."""

    status: Status
    problems: tuple[Problem, ...] = ()
    errors: tuple[str, ...] = ()
    """What our own stages could not do, and that people refused the change, in sentences."""
    is_stuck: bool = False
    """A removal that takes longer than GONE_WITHIN, other than by waiting for people."""


def assess(environment: Environment, now: datetime) -> Assessment:
    """The status that the row amounts to at `now`.

    What waits for review, or was refused, hides how the commit before it stands.
    """
    errors = _errors(environment)
    match environment.desired:
        case None:
            return Assessment(Status.FAILED if errors else Status.PENDING, errors=errors)
        case Waiting():
            return Assessment(Status.WAITING, errors=errors)
        case Absent():
            return _removal(environment, now, errors)
        case Present():
            return _rollout(environment, now, errors)


def refusal(proposal: Proposal) -> str:
    """That it was refused, by whom, and what asks again. The login in it is foreign text."""
    what = "The removal" if proposal.is_removal else "The change"
    where = "its proposal" if proposal.number is None else f"proposal {proposal.number}"
    by = proposal.decided_by or "somebody"
    again = "It is not asked for again before a new commit or `/ephemera deploy`."
    return f"{what} was refused: {by} closed {where} unmerged. {again}"


def _errors(environment: Environment) -> tuple[str, ...]:
    proposal = environment.in_review
    stages = tuple(
        trouble.message
        for stage in (Stage.DECIDE, Stage.PUBLISH)
        if (trouble := environment.troubles.get(stage)) and (trouble.is_stalled or trouble.failures >= TRIES)
    )
    if proposal is None:
        return stages
    said = refusal(proposal) if proposal.is_refusal else proposal.trouble
    return (said, *stages) if said is not None else stages


def _removal(environment: Environment, now: datetime, errors: tuple[str, ...]) -> Assessment:
    if is_gone(environment):
        return Assessment(Status.DESTROYED)
    since = environment.desired_at
    is_stuck = environment.in_review is None and since is not None and now - since > GONE_WITHIN
    return Assessment(Status.DESTROYING, errors=errors, is_stuck=is_stuck)


def is_gone(environment: Environment) -> bool:
    """The folder left the environments repository, and complete lists made since show nothing of the environment."""
    teardown = environment.teardown
    is_removed = environment.is_published and environment.published.tree is None
    return is_removed and teardown is not None and teardown.is_complete


def _rollout(environment: Environment, now: datetime, errors: tuple[str, ...]) -> Assessment:
    assert isinstance(environment.desired, Present)
    proposal = environment.in_review
    if proposal is not None:
        return Assessment(Status.WAITING if proposal.awaits_review else Status.FAILED, errors=errors)
    spec, published = environment.desired.spec, environment.published
    wanted = Wanted(spec.head_sha, spec.generation, published.commit, published.workloads)
    judgement = judge(environment.health, wanted)
    if errors:
        return Assessment(Status.FAILED, judgement.problems, errors)
    if judgement.verdict is Verdict.READY and environment.is_published:
        return Assessment(Status.READY)
    if judgement.verdict is Verdict.FAILING:
        return Assessment(Status.FAILED, judgement.problems)
    if _is_overdue(environment, now):
        return Assessment(Status.FAILED, judgement.problems or (_overdue(),))
    return Assessment(Status.UPDATING if environment.was_ready else Status.PROVISIONING, judgement.problems)


def _is_overdue(environment: Environment, now: datetime) -> bool:
    since = environment.published.at
    return environment.is_published and since is not None and now - since > READY_WITHIN


def _overdue() -> Problem:
    minutes = int(READY_WITHIN.total_seconds() // 60)
    message = f"not ready {minutes} minutes after the commit; no workload says why. Does the syncer run?"
    return Problem(Cause.DEADLINE, "Environment", message)
