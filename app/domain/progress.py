"""How far a commit has come, and when: what the steps of a check run are told from.

The row says what is; this adds when it was seen first. It moves on only when something is reached, so that a report
made from it stays the same in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.domain.desired import Present
from app.domain.environment import Environment, Moment, Progress, Status
from app.domain.proposal import ProposalState
from app.domain.status import Assessment

_REMEMBERED = 5
"""Changes of the status that are told."""


class Step(StrEnum):
    """The steps of a commit, in their order."""

    DECIDED = "decided"
    REVIEWED = "reviewed"
    """Only of a commit that was proposed."""
    COMMITTED = "committed"
    SYNCED = "synced"
    ROLLED_OUT = "rolled out"


class StepState(StrEnum):
    """Where one step stands."""

    DONE = "done"
    UNDER_WAY = "under way"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Taken:
    """One step, where it stands, and when it was done, where that is known."""

    step: Step
    state: StepState
    at: datetime | None = None


def advanced(environment: Environment, assessment: Assessment, now: datetime) -> Progress:
    """The progress after what the row says now. The environment's `status` is still the one before."""
    progress = environment.progress
    if isinstance(environment.desired, Present) and environment.is_published:
        progress = _followed(progress, environment, assessment, now)
    if assessment.status is Status.DESTROYED:
        progress = replace(progress, ready_sha=None)
    if assessment.status is not environment.status:
        moments = (*progress.moments, Moment(now, assessment.status))
        progress = replace(progress, moments=moments[-_REMEMBERED:])
    return progress


def steps(environment: Environment, assessment: Assessment) -> tuple[Taken, ...]:
    """The steps of the commit that should run."""
    progress, published = environment.progress, environment.published
    is_ours = environment.is_published and progress.commit == published.commit
    is_synced = is_ours and progress.synced_at is not None
    reached = (
        (Step.DECIDED, environment.desired is not None, environment.desired_at),
        *_reviewed(environment),
        (Step.COMMITTED, environment.is_published, published.at),
        (Step.SYNCED, is_synced or assessment.status is Status.READY, progress.synced_at if is_ours else None),
        (Step.ROLLED_OUT, assessment.status is Status.READY, progress.ready_at if is_ours else None),
    )
    taken: list[Taken] = []
    state = StepState.FAILED if assessment.status is Status.FAILED else StepState.UNDER_WAY
    for step, is_done, at in reached:
        if is_done:
            taken.append(Taken(step, StepState.DONE, at))
            continue
        taken.append(Taken(step, state))
        state = StepState.WAITING
    return tuple(taken)


def to_json(progress: Progress) -> dict[str, Any]:
    """The row's form."""
    return {
        "commit": progress.commit,
        "head_sha": progress.head_sha,
        "synced_at": progress.synced_at and progress.synced_at.isoformat(),
        "ready_at": progress.ready_at and progress.ready_at.isoformat(),
        "ready_sha": progress.ready_sha,
        "moments": [{"at": moment.at.isoformat(), "status": moment.status.value} for moment in progress.moments],
    }


def from_json(value: Mapping[str, Any]) -> Progress:
    """The value that `to_json` wrote, or that of an empty row."""
    return Progress(
        commit=value.get("commit"),
        head_sha=value.get("head_sha"),
        synced_at=_time(value.get("synced_at")),
        ready_at=_time(value.get("ready_at")),
        ready_sha=value.get("ready_sha"),
        moments=tuple(
            Moment(datetime.fromisoformat(moment["at"]), Status(moment["status"]))
            for moment in value.get("moments", ())
        ),
    )


def _reviewed(environment: Environment) -> tuple[tuple[Step, bool, datetime | None], ...]:
    """The step, whether it is done, and when; nothing where what should run did not need a review."""
    proposal = environment.proposal
    if proposal is None or not proposal.is_wanted or proposal.is_removal:
        return ()
    match proposal.state:
        case ProposalState.OPEN | ProposalState.REFUSED | ProposalState.MERGED:
            is_done = proposal.state is ProposalState.MERGED
            return ((Step.REVIEWED, is_done, proposal.decided_at if is_done else None),)
        case _:
            return ()


def _followed(progress: Progress, environment: Environment, assessment: Assessment, now: datetime) -> Progress:
    assert isinstance(environment.desired, Present)
    head_sha, commit = environment.desired.spec.head_sha, environment.published.commit
    if progress.commit != commit:
        progress = replace(progress, commit=commit, head_sha=head_sha, synced_at=None, ready_at=None)
    is_ready = assessment.status is Status.READY
    if progress.synced_at is None and (is_ready or _is_synced(environment)):
        progress = replace(progress, synced_at=now)
    if is_ready:
        progress = replace(progress, ready_at=progress.ready_at or now, ready_sha=head_sha)
    return progress


def _is_synced(environment: Environment) -> bool:
    """The syncer says so of this very commit; where it cannot, a workload of this commit shows it."""
    assert isinstance(environment.desired, Present)
    health, spec = environment.health, environment.desired.spec
    if health is None:
        return False
    if health.sync is not None and health.sync.is_exact:
        return health.sync.applied == environment.published.commit
    return any((each.head_sha, each.generation) == (spec.head_sha, spec.generation) for each in health.workloads)


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
