"""One environment as PostgreSQL remembers it: the row, as a value that the rules can read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.domain.answer import Answer
from app.domain.changes import Changes
from app.domain.desire import Place
from app.domain.desired import Desired
from app.domain.health import FailureLog, Health
from app.domain.proposal import Proposal
from app.domain.pull_request import RepositoryRef
from app.domain.teardown import Teardown


class Stage(StrEnum):
    """The four small steps, each level-triggered with a watermark of its own."""

    DECIDE = "decide"
    PUBLISH = "publish"
    OBSERVE = "observe"
    REPORT = "report"


class Status(StrEnum):
    """Where an environment stands, in the words that people see."""

    PENDING = "pending"
    WAITING = "waiting"
    PROVISIONING = "provisioning"
    UPDATING = "updating"
    READY = "ready"
    FAILED = "failed"
    SLEEPING = "sleeping"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"


class DeploymentStatus(StrEnum):
    """Where one commit of an environment stands."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    SUCCESS = "success"
    FAILED = "failed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A stage that failed the last time it ran."""

    message: str
    failures: int
    is_stalled: bool
    """A person must act; trying again by itself would change nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who rang last, and why: the trailers of the commit that follows."""

    generation: int
    by: str
    """A GitHub login, or the name of a part of Ephemera or of an API token."""
    reason: str
    """`pull_request.synchronize`, `api.redeploy`, `sweep.overdue` ..."""
    delivery: str | None = None
    """The webhook delivery, where one rang."""


@dataclass(frozen=True, slots=True)
class Published:
    """What the environments repository holds for the environment."""

    generation: int
    tree: str | None
    """Git tree id of the folder; None when there is no folder."""
    commit: str | None
    at: datetime | None
    workloads: tuple[str, ...] = ()
    """`Deployment/web` ..., as they were rendered."""
    objects: tuple[str, ...] = ()
    """All of them."""
    sync: str | None = None
    """Git blob id of the file beside the folder, by which Flux follows the environment; None when there is none."""
    head_sha: str | None = None
    """The pull request's commit that the folder was made for; None when there is no folder."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A change of the status."""

    at: datetime
    status: Status


@dataclass(frozen=True, slots=True)
class Progress:
    """What was seen first when: of the commit that is published, and of the environment's life."""

    commit: str | None = None
    """The commit of the environments repository that `synced_at` and `ready_at` are about."""
    head_sha: str | None = None
    """The commit of the pull request that it deploys."""
    synced_at: datetime | None = None
    ready_at: datetime | None = None
    ready_sha: str | None = None
    """The commit of the pull request that was ready last; None before one was, and when the environment is gone."""
    moments: tuple[Moment, ...] = ()
    """The last few changes of the status, oldest first."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A row of `environments` with what belongs to it. Times are aware and UTC."""

    id: int
    repository: RepositoryRef
    number: int
    place: Place
    asked: Asked
    decided_generation: int
    desired: Desired | None
    desired_generation: int
    """The generation at which `desired` last became something else; 0 before the first decision."""
    desired_at: datetime | None
    notice: str | None
    """Why the last look changed nothing, for a person to read."""
    commit_sha: str | None
    """The pull request's head, as the last look saw it."""
    was_ready: bool
    """Some commit has been ready since the environment was last made."""
    published: Published
    health: Health | None
    observed_at: datetime | None
    troubles: Mapping[Stage, Trouble] = field(default_factory=dict)
    redeploys: int = 0
    status: Status = Status.PENDING
    failure_log: FailureLog | None = None
    """Of the container that a problem names, where its log could be read; None while the status is not FAILED."""
    teardown: Teardown | None = None
    """The latest removal; None before the first."""
    page: str | None = None
    """Where Argo CD shows it; None where nothing is known of such a page."""
    unseen: tuple[str, ...] = ()
    """What cannot be seen of its cluster at present, in sentences."""
    expires_at: datetime | None = None
    """When it goes by itself; None while nothing should exist."""
    pinned_sha: str | None = None
    """The commit that people asked to have run, whatever is pushed."""
    answer: Answer | None = None
    """What came of the last command; None before the first."""
    changes: Changes = field(default_factory=Changes)
    """What the last commit changed in the manifests."""
    progress: Progress = field(default_factory=Progress)
    proposal: Proposal | None = None
    """Its newest proposal; None before the first."""

    @property
    def in_review(self) -> Proposal | None:
        """The proposal of what should be, while it waits for people and once they have refused it."""
        proposal = self.proposal
        return proposal if proposal is not None and (proposal.awaits_review or proposal.is_refusal) else None

    @property
    def url(self) -> str:
        """Where the preview answers, once it is ready."""
        return f"https://{self.place.host}"

    @property
    def key(self) -> str:
        """What logs and errors call it: `acme/shop#42`."""
        return f"{self.repository.full_name}#{self.number}"

    @property
    def is_published(self) -> bool:
        """The environments repository holds what was last decided."""
        return 0 < self.desired_generation <= self.published.generation
