"""What has still to be written to a pull request: what its report says, less what GitHub is known to hold.

A commit that becomes ready costs six writes: its check run twice, its deployment made and then successful, the one
before it retired, and the comment. What would be overtaken within moments is held: that a commit waits for its turn is
told after three seconds, a list of steps moves on once a minute, and the comment is written when there is something
final to say, or nothing has been said for a minute. A commit that waits for review costs one more: a check run that
says so, which GitHub does not open again once the commit is merged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.environment import Environment
from app.domain.parts import (
    Deployed,
    MakeDeployment,
    Part,
    PutCheck,
    PutComment,
    PutStatus,
    RetireDeployment,
    TellDeployment,
    Written,
)
from app.domain.proposal import Proposal, ProposalState
from app.domain.report import CheckRun, CheckStatus, Deployment, DeploymentState, Report, digest, superseded

STEPS_EVERY = timedelta(minutes=1)
"""How often a check run that is not completed is written again."""
QUEUED_AFTER = timedelta(seconds=3)
"""So long a commit waits for its turn before a check run says so: most are committed by then; so long as well one
whose proposal Ephemera merges by itself."""
SPEAKS_AFTER = timedelta(minutes=1)
"""So long a commit is under way before a comment says so where there is none yet."""

OPENED_WITHIN = timedelta(minutes=1)
"""So long a check run waits for the number of the pull request that a change is proposed by."""

_FINAL = (DeploymentState.SUCCESS, DeploymentState.FAILURE, DeploymentState.INACTIVE)
"""What a deployment's status tells; one that was just made is shown as pending by itself."""


@dataclass(frozen=True, slots=True)
class Held:
    """Something is not to be written before then."""

    until: datetime


def outbox(
    environment: Environment, wanted: Report, written: Written, deployed: Sequence[Deployed], now: datetime
) -> Sequence[Part | Held]:
    """Everything that is to be written, what tells most first, each with one call; and until when the rest is held."""
    return [
        *_check(environment, wanted.check, written, now),
        *_comment(environment, wanted, written, deployed, now),
        *_status(wanted, written, deployed),
        *_deployments(wanted.deployment, deployed),
    ]


def _check(environment: Environment, check: CheckRun | None, written: Written, now: datetime) -> Iterator[Part | Held]:
    if check is None or digest(check) == written.check_digest:
        return
    is_other = check.head_sha != written.check_sha
    if is_other and written.check_id is not None and written.check_sha is not None and not written.check_is_completed:
        ended = superseded(written.check_sha, check.external_id, check.head_sha)
        yield PutCheck(ended, written.check_id, is_create=False)
        return
    # GitHub does not open a completed run again.
    is_new = is_other or (written.check_is_completed and check.status is not CheckStatus.COMPLETED)
    if now < (at := _told_at(environment, check, written, now, is_new=is_new)):
        yield Held(at)
        return
    part = PutCheck(check, written.check_id, is_create=False)
    # One whose creation was begun is not known by its id.
    yield PutCheck(check, None, is_create=True) if is_new or part.key in written.unsure else part


def _told_at(environment: Environment, check: CheckRun, written: Written, now: datetime, *, is_new: bool) -> datetime:
    """When the check run may be written: what is likely to be overtaken within moments is not told at once."""
    if environment.proposal is not None and environment.proposal.awaits_review:
        return _asked_at(environment, environment.proposal, check, written)
    if check.status is CheckStatus.COMPLETED:
        return now
    if is_new:
        is_queued = check.status is CheckStatus.QUEUED
        return _decided_at(environment, now) + QUEUED_AFTER if is_queued else now
    if written.check_at is None or (written.check_is_queued and check.status is not CheckStatus.QUEUED):
        return now
    return written.check_at + STEPS_EVERY


def _decided_at(environment: Environment, now: datetime) -> datetime:
    """Since when a commit waits for its turn: since it was decided what should run, or people merged it."""
    proposal, decided_at = environment.proposal, environment.desired_at or now
    if proposal is None or not proposal.is_wanted or proposal.state is not ProposalState.MERGED:
        return decided_at
    return max(decided_at, proposal.decided_at or decided_at)


def _asked_at(environment: Environment, proposal: Proposal, check: CheckRun, written: Written) -> datetime:
    """When it may be told that the change waits for review: with all that there is to say of it, and once a minute."""
    begun = max(proposal.proposed_at, environment.desired_at or proposal.proposed_at)
    if proposal.number is None:
        begun += OPENED_WITHIN
    elif proposal.merged_by_us:
        begun += QUEUED_AFTER
    is_told = check.head_sha == written.check_sha and written.check_is_completed
    return max(begun, written.check_at + STEPS_EVERY) if is_told and written.check_at is not None else begun


def _comment(
    environment: Environment, wanted: Report, written: Written, deployed: Sequence[Deployed], now: datetime
) -> Iterator[Part | Held]:
    if wanted.comment is None or digest(wanted.comment) == written.comment_digest:
        return
    if not wanted.is_settled:
        if written.comment_id is not None and not _said_to_run(wanted, deployed):
            return  # it says what runs meanwhile; the next text follows with the outcome
        speaks_at = _under_way_since(environment, now) + SPEAKS_AFTER
        if now < speaks_at:
            yield Held(speaks_at)
            return
    part = PutComment(wanted.comment, written.comment_id)
    yield replace(part, known_id=None) if part.key in written.unsure else part


def _said_to_run(wanted: Report, deployed: Sequence[Deployed]) -> bool:
    """The commit ran, and so the comment says, but it does not any more: it was lost, or is deployed again."""
    sha = wanted.deployment.head_sha if wanted.deployment else None
    return any(each.commit_sha == sha and each.github_state == DeploymentState.SUCCESS for each in deployed)


def _under_way_since(environment: Environment, now: datetime) -> datetime:
    changes = [moment.at for moment in environment.progress.moments[-1:]]
    return max([*changes, environment.desired_at or now])


def _status(wanted: Report, written: Written, deployed: Sequence[Deployed]) -> Iterator[Part]:
    """What is final; and that it is no more, where it was said that the commit runs."""
    is_final = wanted.check is None or wanted.check.status is CheckStatus.COMPLETED or _said_to_run(wanted, deployed)
    if wanted.status is not None and is_final and digest(wanted.status) != written.status_digest:
        yield PutStatus(wanted.status)


def _deployments(wanted: Deployment | None, deployed: Sequence[Deployed]) -> Iterator[Part]:
    if wanted is None:
        return
    current = next((each for each in deployed if each.commit_sha == wanted.head_sha), None)
    if current is not None:
        yield from _current(wanted, current)
    if wanted.state not in (DeploymentState.SUCCESS, DeploymentState.INACTIVE):
        return  # until this commit runs, the one before is what is deployed
    for each in deployed:
        if each is not current and each.github_id is not None and each.github_state != DeploymentState.INACTIVE:
            yield RetireDeployment(each.commit_sha, each.github_id)


def _current(wanted: Deployment, current: Deployed) -> Iterator[Part]:
    if current.github_id is None:
        if wanted.state is not DeploymentState.INACTIVE:
            yield MakeDeployment(wanted)
    elif wanted.state in _FINAL and wanted.state != current.github_state:
        yield TellDeployment(wanted, current.github_id)
