"""What the stages need of the systems that a test cannot run: GitHub, the cluster, the bell.

Every method may be called twice with the same arguments. Each raises Transient when trying again may help and Stalled
when a person must act first; nothing else is raised on purpose. Git and PostgreSQL have no port: they are real in
every test.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from app.domain.health import Health, LogSource
from app.domain.installation import Installation
from app.domain.pull_request import Author, Missing, PullRequest, RepositoryRef
from app.domain.report import CheckRun, CommitStatus, Deployment


class Ring(StrEnum):
    """What a bell can ask for. The value names the job."""

    DECIDE = "decide"
    CLEAN_UP = "clean_up"
    PUBLISH = "publish"
    REPORT = "report"
    RECONCILE = "reconcile"
    FOLLOW = "follow"
    PROPOSE = "propose"
    REVIEW = "review"
    OBEY = "obey"


class Bell(Protocol):
    """Asks the workers to look. Losing a ring costs one sweep, so a bell never raises."""

    def ring(self, *rings: Ring) -> None:
        """Have each job run once from now on, however often it is asked for before it starts."""


class PullRequests(Protocol):
    """Reading GitHub."""

    def look_up(self, repository: RepositoryRef, number: int) -> PullRequest | Missing:
        """The pull request as it is now. Missing only when GitHub shows us the repository and not the pull request;
        a 401, 403, 5xx or an invisible repository is Transient or Stalled, never Missing."""

    def repositories(self) -> Sequence[RepositoryRef]:
        """Every repository of every installation that is not suspended, over all pages."""

    def open_in(self, repository: RepositoryRef) -> Sequence[PullRequest]:
        """Every open pull request of the repository, over all pages."""


class Installations(Protocol):
    """Where the App is installed, and what each installation covers and grants."""

    def all(self) -> Sequence[Installation]:
        """Every installation, suspended ones too, over all pages. One whose repositories a person must first make
        readable has None for them; Transient when any other list could not be read to its end."""


class Reports(Protocol):
    """Writing to GitHub. After Transient nobody knows whether a create landed: the next try has to look first."""

    def put_check_run(
        self, repository: RepositoryRef, check: CheckRun, known_id: int | None, *, look: bool = True
    ) -> int:
        """Create the check run on `check.head_sha`, or update it, and return its id. Made anew when the known one is
        gone, or complete while `check` is not. `look`: an earlier create may have landed, so it is found again by name
        and `external_id` before another is made."""

    def put_status(self, repository: RepositoryRef, status: CommitStatus, *, look: bool = True) -> None:
        """Set the commit status. `look`: an identical newest one of ours for that context is left as it is."""

    def put_comment(
        self, repository: RepositoryRef, number: int, marker: str, body: str, known_id: int | None, *, look: bool = True
    ) -> int:
        """Create or edit the one comment that begins with `marker` and is ours, and return its id. Made anew when the
        known one is gone. `look`: found again by marker *and* own login over all pages; of several the oldest is kept
        and the others are removed."""

    def make_deployment(self, repository: RepositoryRef, deployment: Deployment, *, look: bool = True) -> int:
        """Have the deployment on GitHub, in whatever state, and return its id: one write at most. `look`: an earlier
        create may have landed, so it is found again by environment, commit and payload before another is made."""

    def set_deployment_state(self, repository: RepositoryRef, deployment: Deployment, deployment_id: int) -> None:
        """Add a status to the deployment: one write. Nothing when the deployment is gone."""


class Reaction(StrEnum):
    """What a comment is answered with at once (https://docs.github.com/en/rest/reactions/reactions)."""

    SEEN = "eyes"
    DONE = "+1"
    REFUSED = "confused"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a pull request, as it is now."""

    id: int
    author: Author
    is_by_bot: bool
    body: str
    is_edited: bool
    """Its text is not the one that it was created with."""


class Conversations(Protocol):
    """What people say on pull requests, and what they may do."""

    def comment(self, repository: RepositoryRef, comment_id: int) -> Comment | Missing:
        """The comment as it is now; Missing when the repository answers and the comment does not."""

    def react(self, repository: RepositoryRef, comment_id: int, reaction: Reaction) -> None:
        """Have our reaction below the comment; nothing when the comment is gone."""

    def may_write(self, repository: RepositoryRef, account: Author) -> bool:
        """The account, by its id and not only its login, may push to the repository at this moment. False for whoever
        GitHub does not show to be so; raises when it could not be asked."""


@dataclass(frozen=True, slots=True)
class HookDelivery:
    """One attempt to deliver a webhook (https://docs.github.com/en/rest/apps/webhooks)."""

    id: int
    guid: str
    """The same in every attempt: `X-GitHub-Delivery`."""
    delivered_at: datetime
    is_delivered: bool
    """It was answered 2xx."""


class HookDeliveries(Protocol):
    """GitHub's own list of what it tried to deliver; it keeps three days."""

    def since(self, then: datetime) -> Sequence[HookDelivery]:
        """Every attempt made at `then` or later, newest first, over all pages."""

    def redeliver(self, delivery_id: int) -> None:
        """Have GitHub try again. Nothing when it does not know the delivery any more."""


@dataclass(frozen=True, slots=True)
class Poke:
    """What one push changed: tells the syncer where to look at once."""

    changed: tuple[str, ...]
    """Names of environments whose folder was changed."""
    came_or_went: bool
    """Some environment is new or was removed."""
    is_again: bool = False
    """Nothing came of an earlier poke: not only what fetches has to look, but also what applies."""


class Syncer(Protocol):
    """Argo CD or Flux, or nothing."""

    def poke(self, poke: Poke) -> None:
        """Have the syncer look now. Takes a few seconds at most."""


@dataclass(frozen=True, slots=True)
class Destination:
    """How a cluster takes its environments from the environments repository."""

    syncer: Syncer
    follows_refs: bool = False
    """Its syncer follows each environment's own ref, not the branch."""
    sync: Callable[[str, int, bytes], bytes] | None = None
    """(folder, pull request, manifest of the Namespace) -> the file by which its syncer follows the environment, and
    which holds the Namespace instead of the folder; None where it needs none."""
    keep: bytes | None = None
    """What keeps the folder of such files in being."""


class ClusterView(Protocol):
    """A cluster as list and watch show it. Knows only objects that carry our labels."""

    def changes(self, timeout: timedelta) -> Mapping[str, Health]:
        """What changed since the last call, by namespace; waits up to `timeout` for something to change. The first
        answers after a (re)list hold every namespace that has labelled objects."""

    def present(self) -> Collection[str]:
        """Names of the namespaces that the view holds objects of, as of its last complete list and watch since.
        Raises Transient while no complete list has been seen."""

    def remaining(self, namespaces: Collection[str]) -> Mapping[str, frozenset[str]]:
        """What complete lists, made now over the whole cluster, labelled or not, show of each environment:
        `{"pr-7-shop": {"Namespace/pr-7-shop", "Application/pr-7-shop", "PersistentVolume/pvc-1"}}`.

        An empty set is proof that nothing is left. Raises rather than guess: a list that failed, was cut, was forbidden
        or shows a cluster without namespaces proves nothing.
        """

    def log(self, namespace: str, source: LogSource) -> str:
        """The container's last lines, at most 50 and 8 KiB, with secrets blacked out; empty when it wrote nothing."""


class Verdict(StrEnum):
    """Where a pull request on the environments repository stands."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Listed:
    """An open pull request on the environments repository, as a list shows it."""

    number: int
    branch: str
    """Its head, in the same repository: `ephemera/pr-7-shop`. Those from forks are not listed."""
    head_sha: str
    is_ours: bool
    """The App opened it."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A pull request on the environments repository, as it is now."""

    number: int
    verdict: Verdict
    branch: str
    head_sha: str
    mergeable: str
    """GitHub's `mergeable_state`: clean, blocked, behind, dirty, unstable, unknown ..."""
    decided_by: str | None = None
    """The login of who merged or closed it; None while it is open, or where GitHub does not say."""
    decided_at: datetime | None = None
    merge_commit: str | None = None
    """Of one that was merged."""
    reviewers: tuple[str, ...] = ()
    """Logins whose latest review approves it; read only where it was merged."""
    last_words: str | None = None
    """The last comment or review text of a person, read only where it was closed unmerged; foreign text."""


@dataclass(frozen=True, slots=True)
class NotMerged:
    """GitHub does not let it be merged now."""

    why: str


class Proposals(Protocol):
    """Pull requests on the environments repository. A repository is given to none: there is one."""

    def installation_id(self) -> int:
        """Whose budget is drawn on."""

    def open(self, branch: str, base: str, title: str, body: str, *, look: bool = True) -> int:
        """Open it and return its number. `look`: an earlier try may have landed, so an open one for that branch is
        looked for first; so it is where GitHub says that there is one."""

    def edit(self, number: int, title: str, body: str) -> None:
        """Have it say this."""

    def label(self, number: int, labels: Sequence[str]) -> None:
        """Add labels; those that it has are no error."""

    def put_check_run(self, check: CheckRun, known_id: int | None, *, look: bool = True) -> int:
        """As `Reports.put_check_run`, in the environments repository."""

    def merge(self, number: int, head_sha: str) -> str | NotMerged:
        """Merge exactly that head, and return the merge commit; NotMerged in GitHub's words (405, 409)."""

    def close(self, number: int) -> None:
        """Close it; nothing when it is closed, merged or gone."""

    def look_up(self, number: int) -> Reviewed | Missing:
        """As it is now; Missing only when the repository answers and the pull request does not."""

    def all_open(self) -> Sequence[Listed]:
        """Every open pull request whose branch begins with `ephemera/`, over all pages, each once."""

    def url(self, number: int) -> str:
        """Where people see it."""
