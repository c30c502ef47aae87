"""What the REST API answers. These names are a promise: they are added to, never changed. Times are RFC 3339, UTC."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.domain.command import Source
from app.domain.environment import DeploymentStatus, Stage, Status
from app.domain.health import Cause, Phase
from app.domain.proposal import ProposalState

_NEXT = "The address of the page that follows; null on the last"


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class EnvironmentAnswer(_Answer):
    """An environment in a list."""

    id: int
    repository: str = Field(description="`owner/name`, as the repository is called now")
    pull_request: int = Field(description="The pull request's number")
    title: str | None
    author: str | None = Field(description="The login of the pull request's author; null before the first look")
    status: Status
    url: str = Field(description="Where the preview answers while the status is ready")
    namespace: str
    cluster: str
    commit_sha: str | None = Field(description="The pull request's head, as the last look saw it")
    pinned_sha: str | None = Field(description="The commit that runs whatever is pushed; null where none is pinned")
    expires_at: datetime | None = Field(description="When it goes by itself; null where nothing does")
    drift: list[str] = Field(
        description="Objects changed in the cluster since the commit was applied; the syncer puts them back"
    )
    created_at: datetime
    updated_at: datetime


class DeploymentAnswer(_Answer):
    """One commit of an environment."""

    id: int
    commit_sha: str
    image: str
    status: DeploymentStatus
    published_commit: str | None = Field(description="The commit in the environments repository that holds it")
    problems: list[str] = Field(description="Why it failed, a line each")
    log_of: str | None = Field(description="Whose last lines `log` holds, such as `Pod/web-5d9c-x, container web`")
    log: str | None = Field(description="The last lines of the container that failed, with secrets blacked out")
    created_at: datetime
    finished_at: datetime | None


class ApprovalAnswer(_Answer):
    """Somebody let exactly this commit of a fork run."""

    id: int
    commit_sha: str
    approver: str = Field(description="A login, or `token:<name>`")
    source: Source = Field(description="By what it was given")
    approved_at: datetime
    retracted_why: str | None = Field(description="Why it counts no more; null where nobody took it back")


class EventAnswer(_Answer):
    """One line of an environment's history."""

    id: int
    at: datetime
    kind: str
    message: str
    actor: str
    delivery: str | None = Field(description="The webhook delivery that led to it")
    commit_sha: str | None


class WatermarksAnswer(_Answer):
    """How far each stage has come: the generation that it dealt with last."""

    requested: int
    decided: int
    desired: int = Field(description="The generation at which what should exist last changed")
    published: int


class AskedAnswer(_Answer):
    """Who asked for the last look, and why."""

    by: str
    reason: str
    delivery: str | None


class DesiredAnswer(_Answer):
    """What should exist: `present` with commit and image, or why not."""

    kind: str = Field(description="present, absent or waiting")
    reason: str | None
    commit_sha: str | None
    image: str | None


class PublishedAnswer(_Answer):
    """What the environments repository holds."""

    folder: str
    tree: str | None = Field(description="The folder's Git tree; null when there is no folder")
    commit: str | None
    at: datetime | None


class ProblemAnswer(_Answer):
    """Why a workload does not become ready."""

    cause: Cause
    where: str
    message: str


class WorkloadAnswer(_Answer):
    """One workload, as the cluster shows it."""

    name: str
    commit_sha: str | None
    is_ready: bool
    problem: ProblemAnswer | None


class HoldingAnswer(_Answer):
    """An object that is being deleted and cannot go."""

    name: str
    finalizers: list[str]
    since: str = Field(description="When its deletion was asked for, as the cluster writes it")


class HealthAnswer(_Answer):
    """What runs in the cluster."""

    phase: Phase
    observed_at: datetime | None
    ready_workloads: int
    workloads: list[WorkloadAnswer]
    problems: list[ProblemAnswer] = Field(description="What is wrong with the namespace rather than with one workload")
    notes: list[str] = Field(description="What holds up a namespace that is being removed")
    holding: list[HoldingAnswer] = Field(description="What is being deleted and cannot go")


class PartAnswer(_Answer):
    """One thing that has to go."""

    name: str = Field(description="Such as `Namespace/pr-7-shop`")
    gone_at: datetime | None = Field(description="When a complete list first did not show it; null while it is left")


class TeardownAnswer(_Answer):
    """The latest removal: what existed, and when each part of it was confirmed gone."""

    objects: list[str] = Field(description="What the folder held last, such as `Deployment/web`")
    made_commit: str | None = Field(description="The commit in the environments repository that made it")
    made_at: datetime | None
    removed_commit: str | None = Field(description="The commit that took its folder away")
    removed_at: datetime
    is_complete: bool = Field(description="All of it is confirmed gone")
    parts: list[PartAnswer]


class TroubleAnswer(_Answer):
    """A stage that failed the last time it ran."""

    stage: Stage
    message: str
    failures: int
    is_stalled: bool = Field(description="A person must act; trying again by itself changes nothing")


class LinksAnswer(_Answer):
    """Where else the environment is shown."""

    preview: str = Field(description="Where it answers while the status is ready")
    argocd: str | None = Field(description="Its Application in Argo CD; null where that has no address that is known")


class EnvironmentDetailAnswer(EnvironmentAnswer):
    """An environment with all that belongs to it."""

    links: LinksAnswer
    asked: AskedAnswer
    watermarks: WatermarksAnswer
    desired: DesiredAnswer | None = Field(description="null before the first decision")
    notice: str | None = Field(description="Why the last look changed nothing, where a person should know")
    published: PublishedAnswer
    health: HealthAnswer | None = Field(description="null until the cluster has shown something")
    teardown: TeardownAnswer | None = Field(description="null before anything was removed")
    troubles: list[TroubleAnswer]
    approvals: list[ApprovalAnswer] = Field(description="Of a fork's commits, the newest first")
    deployments: list[DeploymentAnswer] = Field(description="The newest; `/deployments` has all")
    events: list[EventAnswer] = Field(description="The newest; `/events` has all")


class EnvironmentsAnswer(_Answer):
    """A page of environments, newest first."""

    items: list[EnvironmentAnswer]
    next: str | None = Field(description=_NEXT)


class EventsAnswer(_Answer):
    """A page of history, newest first."""

    items: list[EventAnswer]
    next: str | None = Field(description=_NEXT)


class DeploymentsAnswer(_Answer):
    """A page of deployments, newest first."""

    items: list[DeploymentAnswer]
    next: str | None = Field(description=_NEXT)


class RuleAnswer(_Answer):
    """What one rule of the operator's said."""

    rule: str
    fits: bool
    why: str


class RequirementAnswer(_Answer):
    """What the rules demanded when the change was made."""

    is_required: bool = Field(description="It had to be reviewed")
    rule: str | None = Field(description="The rule that decided; null where none fitted")
    merged_by: str = Field(description="Who merges: people, or ephemera")
    results: list[RuleAnswer]


class ProposalAnswer(_Answer):
    """A change that waits, or waited, for review, as a pull request on the environments repository."""

    state: ProposalState
    number: int | None = Field(description="null until it was opened")
    url: str | None
    requirement: RequirementAnswer
    proposed_at: datetime
    opened_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None = Field(description="Who merged or closed it")
    decided_words: str | None = Field(description="The last comment before it was closed")
    reviewers: list[str] = Field(description="Who had approved what was merged")
    merge_commit: str | None
    edited_by: str | None = Field(description="Who changed what was proposed; null where nobody did")
    problems: list[str] = Field(description="Why what its branch holds may not be merged")
    evidence: dict[str, Any] = Field(description="All that was put before the reviewers, as it was kept then")


class ChangeAnswer(_Answer):
    """One recorded change of the environments repository."""

    id: int
    at: datetime
    commit: str | None = Field(description="Of the environments repository; null until it is known")
    namespace: str
    repository: str = Field(description="`owner/name`, as the repository is called now")
    pull_request: int
    commit_sha: str | None = Field(description="The pull request's commit; null for a removal")
    by: str = Field(description="Who asked: a login, `token:<name>`, or `ephemera`")
    reason: str
    delivery: str | None = Field(description="The webhook delivery that led to it")
    requirement: RequirementAnswer
    proposal: int | None = Field(description="The pull request on the environments repository that it was accepted by")
    proposal_url: str | None
    decided_by: str | None
    decided_at: datetime | None
    reviewers: list[str]
    tree: str | None = Field(description="The folder's Git tree; null for a removal")
    templates: str = Field(description="SHA-256 of the templates that it was rendered with")


class EvidenceAnswer(_Answer):
    """Why an environment runs what it runs: the newest proposal, and a page of recorded changes, newest first."""

    proposal: ProposalAnswer | None = Field(description="null where no change of it ever needed review")
    items: list[ChangeAnswer]
    next: str | None = Field(description=_NEXT)


class AuditAnswer(_Answer):
    """A page of recorded changes of all environments, newest first."""

    items: list[ChangeAnswer]
    next: str | None = Field(description=_NEXT)


class QueueAnswer(_Answer):
    """What the pull requests of one installation of the App have still to be told."""

    installation_id: int | None = Field(description="null for repositories whose installation is not known yet")
    reports: int = Field(description="Environments whose pull request says something else than it should")
    waits_until: datetime | None = Field(description="Nothing is written before then; null where nothing is waited for")
    why: str | None = Field(description="What it is waited for")


class QueuesAnswer(_Answer):
    """The writes to GitHub that are due; an installation for which there are none is not listed."""

    items: list[QueueAnswer]


class AcceptedAnswer(_Answer):
    """The request was kept. It is done when `watermarks.published` of the environment has reached the generation."""

    id: int
    requested_generation: int
    answer: str = Field(description="What was set going, in a sentence")
