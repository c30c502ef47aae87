"""What the simulated GitHub remembers, one frozen record a thing; a change is a new record in `State`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Account:
    """A user, an organization or a bot."""

    id: int
    login: str
    kind: str
    """`User`, `Organization` or `Bot`."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository; renaming or transferring keeps its id."""

    id: int
    owner_id: int
    name: str
    private: bool
    default_branch: str
    parent_id: int | None
    """The repository it was forked from; None for one that is no fork."""
    created_at: datetime
    updated_at: datetime
    bare: str | None = None
    """Path below the Git root of the bare repository that holds its commits; None where commits are inventions."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who wrote or made a commit, as the commit itself says."""

    name: str
    email: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit with its whole tree; commits are shared by a repository and its forks."""

    sha: str
    parent: str | None
    message: str
    author_id: int | None
    """The account that made it; None for one read from Git, whose author is in `author`."""
    files: Mapping[str, bytes]
    at: datetime
    network_ids: frozenset[int]
    """The repositories, each at the root of its forks, that have the commit; no other knows it."""
    tree: str | None = None
    """SHA of the tree; None for an invention, which has none."""
    other_parents: tuple[str, ...] = ()
    author: Signature | None = None
    """None, as `committer`, for an invention."""
    committer: Signature | None = None
    signature: str | None = None
    """The armored signature; None for an unsigned commit."""

    @property
    def parents(self) -> tuple[str, ...]:
        """All parents, the one it was made on first."""
        return (*([self.parent] if self.parent else []), *self.other_parents)


@dataclass(frozen=True, slots=True)
class Label:
    """A label that a repository offers."""

    id: int
    repository_id: int
    name: str
    color: str


@dataclass(frozen=True, slots=True)
class Head:
    """Where a pull request comes from."""

    repository_id: int | None
    """None once the fork was deleted."""
    owner_id: int
    ref: str
    sha: str


@dataclass(frozen=True, slots=True)
class AutoMerge:
    """Somebody's wish that a pull request be merged once nothing stands in its way."""

    by_id: int
    method: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request."""

    id: int
    repository_id: int
    number: int
    title: str
    body: str | None
    author_id: int
    head: Head
    base_ref: str
    base_sha: str
    is_draft: bool
    labels: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merged_by_id: int | None = None
    merge_commit_sha: str | None = None
    closed_by_id: int | None = None
    """Who closed or merged it; None while it is open."""
    auto_merge: AutoMerge | None = None

    @property
    def state(self) -> str:
        """`open` or `closed`; a merged one is closed."""
        return "closed" if self.closed_at else "open"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment in the conversation of an issue or pull request."""

    id: int
    repository_id: int
    number: int
    author_id: int
    body: str
    is_by_app: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """What somebody said about a whole pull request."""

    id: int
    repository_id: int
    number: int
    author_id: int
    state: str
    """`APPROVED`, `CHANGES_REQUESTED`, `COMMENTED` or `DISMISSED`."""
    body: str
    commit_sha: str
    """The head that was reviewed."""
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class IssueEvent:
    """A line of a conversation that nobody wrote, such as `closed`."""

    id: int
    repository_id: int
    number: int
    event: str
    actor_id: int
    commit_sha: str | None
    """Of a `merged` one: what the merge made."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Protection:
    """What a branch demands before it changes."""

    branch: str
    approvals: int = 0
    """How many approving reviews by people who may write."""
    checks: tuple[str, ...] = ()
    """Names of check runs, or contexts of statuses, that have to succeed."""
    is_strict: bool = False
    """Whether a head has to contain the branch's tip, so that its checks say something about the result."""
    dismisses_stale_reviews: bool = False
    bypass: tuple[str, ...] = ()
    """Logins that may push to it directly; an App's is `slug[bot]`."""
    bypasses_merges: bool = False
    """Whether whoever is in `bypass` also merges past what is demanded, as GitHub lets administrators do through the
    API unless they are included."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """A reaction to a comment."""

    id: int
    comment_id: int
    user_id: int
    content: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """A commit status; the newest of a context counts."""

    id: int
    repository_id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator_id: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run of the registered App."""

    id: int
    repository_id: int
    suite_id: int
    head_sha: str
    name: str
    external_id: str
    details_url: str | None
    status: str
    conclusion: str | None
    started_at: datetime | None
    completed_at: datetime | None
    output: Mapping[str, Any]
    """`title`, `summary`, `text` and `annotations`, each as sent or absent."""
    actions: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of a commit to a named environment."""

    id: int
    repository_id: int
    sha: str
    ref: str
    task: str
    payload: Any
    environment: str
    description: str | None
    is_transient: bool
    is_production: bool
    creator_id: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """One step of a deployment."""

    id: int
    deployment_id: int
    state: str
    description: str
    environment: str
    target_url: str
    environment_url: str
    creator_id: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Installation:
    """The App installed on an account, with what that account grants."""

    id: int
    account_id: int
    permissions: Mapping[str, str]
    events: tuple[str, ...]
    repository_ids: frozenset[int] | None
    """The selected repositories; None for all that the account owns."""
    suspended_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """An installation access token, perhaps narrowed."""

    installation_id: int
    permissions: Mapping[str, str]
    repository_ids: frozenset[int] | None
    """The repositories it was narrowed to; None for all of the installation."""
    expires_at: datetime
