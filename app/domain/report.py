"""`report`: what a pull request should say about its environment. A pure function of the row and the time.

The in-progress texts hold nothing that changes between a commit and readiness, so that a push costs few writes.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain import texts
from app.domain.desired import Absent, Waiting
from app.domain.environment import Environment, Status
from app.domain.markdown import cut
from app.domain.status import Assessment, assess

CHECK_NAME = "ephemera"
STATUS_CONTEXT = "ephemera/environment"
MAX_DESCRIPTION = 140
"""Characters of a commit status's description (https://docs.github.com/en/rest/commits/statuses)."""
MAX_SUMMARY = 65_535
"""Bytes of a check run's summary (https://docs.github.com/en/rest/checks/runs)."""
MAX_COMMENT = 65_536
"""Characters of a comment; cut by bytes, which is never more characters."""


class CheckStatus(StrEnum):
    """A check run's `status`."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Conclusion(StrEnum):
    """A completed check run's `conclusion`, of those that we use."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"
    CANCELLED = "cancelled"
    ACTION_REQUIRED = "action_required"


class State(StrEnum):
    """A commit status's `state`."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One check run, as it should be (https://docs.github.com/en/rest/checks/runs)."""

    head_sha: str
    external_id: str
    """The environment's id: by it a run whose creation was not acknowledged is found again."""
    status: CheckStatus
    conclusion: Conclusion | None
    title: str
    summary: str
    details_url: str | None
    name: str = CHECK_NAME


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """One commit status, as it should be (https://docs.github.com/en/rest/commits/statuses)."""

    head_sha: str
    state: State
    description: str
    target_url: str | None
    context: str = STATUS_CONTEXT


@dataclass(frozen=True, slots=True)
class Report:
    """All that a pull request is told. None: not told, and left as it is."""

    check: CheckRun | None = None
    status: CommitStatus | None = None
    comment: str | None = None


def report(environment: Environment, now: datetime) -> Report:
    """What the pull request should say now; empty while there is nothing to say."""
    assessment = assess(environment, now)
    if _is_silent(environment, assessment):
        return Report()
    return Report(
        check=_check(environment, assessment),
        status=_status(environment, assessment),
        comment=_comment(environment, assessment),
    )


def marker(environment_id: int) -> str:
    """The first line of our comment on a pull request."""
    return f"<!-- ephemera:env={environment_id} -->"


def digest(part: CheckRun | CommitStatus | Report | str | None) -> str:
    """A short fingerprint; equal exactly when the texts are."""
    return hashlib.sha256(repr(part).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def superseded(check_run_sha: str, external_id: str, new_sha: str) -> CheckRun:
    """How a check run ends whose commit is no longer the head, so that it does not stay in progress for ever."""
    summary = f"A newer commit, `{new_sha[:7]}`, took its place before this one was ready."
    return CheckRun(
        check_run_sha, external_id, CheckStatus.COMPLETED, Conclusion.CANCELLED, "Superseded", summary, None
    )


def _is_silent(environment: Environment, assessment: Assessment) -> bool:
    if environment.commit_sha is None or (environment.desired is None and not assessment.errors):
        return True
    is_over = isinstance(environment.desired, Absent) and environment.desired.is_closed
    return is_over and not _was_deployed(environment)


def _was_deployed(environment: Environment) -> bool:
    return environment.published.commit is not None


_PROGRESS = {
    Status.PENDING: (CheckStatus.QUEUED, None, State.PENDING),
    Status.WAITING: (CheckStatus.COMPLETED, Conclusion.ACTION_REQUIRED, State.PENDING),
    Status.PROVISIONING: (CheckStatus.IN_PROGRESS, None, State.PENDING),
    Status.UPDATING: (CheckStatus.IN_PROGRESS, None, State.PENDING),
    Status.READY: (CheckStatus.COMPLETED, Conclusion.SUCCESS, State.SUCCESS),
    Status.SLEEPING: (CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
    Status.FAILED: (CheckStatus.COMPLETED, Conclusion.FAILURE, State.FAILURE),
    Status.DESTROYING: (CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
    Status.DESTROYED: (CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
}


def _check(environment: Environment, assessment: Assessment) -> CheckRun:
    assert environment.commit_sha is not None
    status, conclusion, _ = _PROGRESS[assessment.status]
    if status is CheckStatus.IN_PROGRESS and not environment.is_published:
        status = CheckStatus.QUEUED
    return CheckRun(
        head_sha=environment.commit_sha,
        external_id=str(environment.id),
        status=status,
        conclusion=conclusion,
        title=texts.title(environment, assessment),
        summary=cut(texts.summary(environment, assessment), MAX_SUMMARY),
        details_url=_link(environment, assessment),
    )


def _status(environment: Environment, assessment: Assessment) -> CommitStatus:
    assert environment.commit_sha is not None
    return CommitStatus(
        head_sha=environment.commit_sha,
        state=_PROGRESS[assessment.status][2],
        description=texts.title(environment, assessment)[:MAX_DESCRIPTION],
        target_url=_link(environment, assessment),
    )


def _link(environment: Environment, assessment: Assessment) -> str | None:
    return environment.url if assessment.status is Status.READY else None


def _comment(environment: Environment, assessment: Assessment) -> str | None:
    if not _was_deployed(environment) and not isinstance(environment.desired, Waiting) and _has_no_news(assessment):
        return None
    body = f"{marker(environment.id)}\n{texts.comment(environment, assessment)}"
    return cut(body, MAX_COMMENT)


def _has_no_news(assessment: Assessment) -> bool:
    """A draft, say: the check run tells why there is nothing; a comment would be noise."""
    return assessment.status in (Status.DESTROYING, Status.DESTROYED)
