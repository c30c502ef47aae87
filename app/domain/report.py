"""What a pull request is told, as values, and what GitHub allows of them. The words are made in `app.texts`."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

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
class Button:
    """A button below a completed check run (https://docs.github.com/en/rest/checks/runs, `actions`)."""

    identifier: str
    """At most 20 characters; comes back in `check_run.requested_action`."""
    label: str
    """At most 20."""
    description: str
    """At most 40."""


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
    buttons: tuple[Button, ...] = ()
    """At most three; GitHub shows them once the run is completed."""
    name: str = CHECK_NAME


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """One commit status, as it should be (https://docs.github.com/en/rest/commits/statuses)."""

    head_sha: str
    state: State
    description: str
    target_url: str | None
    context: str = STATUS_CONTEXT


class DeploymentState(StrEnum):
    """A deployment status's `state`, of those that we use."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILURE = "failure"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One commit's deployment on GitHub, as it should be (https://docs.github.com/en/rest/deployments).

    Always transient and never production; an inactive one is shown as destroyed.
    """

    head_sha: str
    environment: str
    """`pr-42`."""
    external_id: str
    """In its payload, as `{"ephemera": external_id}`: by it one whose creation was not acknowledged is found again."""
    state: DeploymentState
    description: str
    """At most 140 characters."""
    environment_url: str | None
    log_url: str | None


@dataclass(frozen=True, slots=True)
class Telling:
    """Which parts an operator wants told beside the check run and the deployment."""

    comment: bool = True
    status_context: str | None = None
    """The commit status's context, as `ephemera/environment`; None: there is none. It costs a write for every push."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that a pull request is told. None: not told, and left as it is."""

    check: CheckRun | None = None
    status: CommitStatus | None = None
    comment: str | None = None
    deployment: Deployment | None = None
    """Of the commit that should run, or that runs while another one waits, or that ran last; every other one of the
    environment is to be inactive."""
    is_settled: bool = False
    """What it says is final until somebody acts, or answers somebody: worth a comment at once. False while a commit is
    under way, when the next text follows within moments."""


def marker(environment_id: int) -> str:
    """The first line of our comment on a pull request."""
    return f"<!-- ephemera:env={environment_id} -->"


def digest(part: CheckRun | CommitStatus | Deployment | Report | str | None) -> str:
    """A short fingerprint; equal exactly when the texts are."""
    return hashlib.sha256(repr(part).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def superseded(check_run_sha: str, external_id: str, new_sha: str) -> CheckRun:
    """How a check run ends whose commit is no longer the head, so that it does not stay in progress for ever."""
    summary = f"A newer commit, `{new_sha[:7]}`, took its place before this one was ready."
    return CheckRun(
        check_run_sha, external_id, CheckStatus.COMPLETED, Conclusion.CANCELLED, "Superseded", summary, None
    )
