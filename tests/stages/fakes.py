"""Stand-ins for what the stages reach through a port, small enough to be read at a glance."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from app.domain.health import Health, LogSource
from app.domain.pull_request import Author, Missing, PullRequest, RepositoryRef
from app.domain.report import CheckRun, CommitStatus, Deployment
from app.errors import EphemeraError, Stalled, Transient
from app.ports import Comment, Poke, Reaction, Ring


def nothing() -> None:
    """Happens when nothing happens meanwhile."""


@dataclass
class HeardBell:
    """Remembers which jobs were asked for, each once until it is answered."""

    rung: set[Ring] = field(default_factory=set)

    def ring(self, *rings: Ring) -> None:
        self.rung.update(rings)

    def answer(self, ring: Ring) -> None:
        self.rung.discard(ring)


@dataclass
class GitHubTruth:
    """The pull requests as they are; `meanwhile` runs once after the next look, before its answer arrives."""

    pull_requests: dict[int, PullRequest] = field(default_factory=dict)
    meanwhile: Callable[[], None] = nothing
    error: EphemeraError | None = None
    known: Sequence[RepositoryRef] = ()

    def look_up(self, repository: RepositoryRef, number: int) -> PullRequest | Missing:
        if self.error is not None:
            raise self.error
        seen = self.pull_requests.get(number, Missing())
        meanwhile, self.meanwhile = self.meanwhile, nothing
        meanwhile()
        return seen

    def repositories(self) -> Sequence[RepositoryRef]:
        return self.known

    def open_in(self, repository: RepositoryRef) -> Sequence[PullRequest]:
        return [each for each in self.pull_requests.values() if each.is_open]


@dataclass
class People:
    """Who may write, and what people said; `meanwhile` runs once after the next look at a right, before its answer."""

    writers: set[int] = field(default_factory=set)
    error: EphemeraError | None = None
    meanwhile: Callable[[], None] = nothing
    comments: dict[int, Comment] = field(default_factory=dict)
    reactions: list[tuple[int, Reaction]] = field(default_factory=list)
    react_error: EphemeraError | None = None

    def comment(self, repository: RepositoryRef, comment_id: int) -> Comment | Missing:
        if self.error is not None:
            raise self.error
        return self.comments.get(comment_id, Missing())

    def react(self, repository: RepositoryRef, comment_id: int, reaction: Reaction) -> None:
        if self.react_error is not None:
            raise self.react_error
        self.reactions.append((comment_id, reaction))

    def may_write(self, repository: RepositoryRef, account: Author) -> bool:
        if self.error is not None:
            raise self.error
        seen = account.id in self.writers
        meanwhile, self.meanwhile = self.meanwhile, nothing
        meanwhile()
        return seen


@dataclass
class GitHubTexts:
    """What was written to GitHub, each part counted; `break_after` such writes the next one fails."""

    checks: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[CommitStatus] = field(default_factory=list)
    comments: dict[int, str] = field(default_factory=dict)
    deployments: dict[int, list[Deployment]] = field(default_factory=dict)
    """As it was made, and every state since."""
    writes: int = 0
    looks: int = 0
    """How often GitHub was looked at before a create."""
    break_after: int | None = None
    refuses_checks: bool = False

    def put_check_run(
        self, repository: RepositoryRef, check: CheckRun, known_id: int | None, *, look: bool = True
    ) -> int:
        if self.refuses_checks:
            raise Stalled("writing the check run: 403, the App lacks checks: write")
        self._write(look=look)
        check_id = known_id or len(self.checks) + 1
        self.checks[check_id] = check
        return check_id

    def put_status(self, repository: RepositoryRef, status: CommitStatus, *, look: bool = True) -> None:
        self._write(look=look)
        self.statuses.append(status)

    def put_comment(
        self, repository: RepositoryRef, number: int, marker: str, body: str, known_id: int | None, *, look: bool = True
    ) -> int:
        self._write(look=look)
        comment_id = known_id or len(self.comments) + 1
        self.comments[comment_id] = body
        return comment_id

    def make_deployment(self, repository: RepositoryRef, deployment: Deployment, *, look: bool = True) -> int:
        self._write(look=look)
        deployment_id = len(self.deployments) + 1
        self.deployments[deployment_id] = [deployment]
        return deployment_id

    def set_deployment_state(self, repository: RepositoryRef, deployment: Deployment, deployment_id: int) -> None:
        self._write()
        self.deployments[deployment_id].append(deployment)

    def _write(self, *, look: bool = False) -> None:
        self.looks += look
        if self.break_after is not None and self.writes >= self.break_after:
            raise Transient("writing: GitHub answered 502")
        self.writes += 1


@dataclass
class SeenCluster:
    """A cluster that shows what the test puts there, each thing once until it changes."""

    healths: dict[str, Health] = field(default_factory=dict)
    unwatched: dict[str, frozenset[str]] = field(default_factory=dict)
    """What lists show beyond the namespaces of `healths`."""
    logs: dict[LogSource, str] = field(default_factory=dict)
    is_blind: bool = False
    """Nothing can be listed."""
    is_unlisted: bool = False
    """Nothing can be listed, and the watches have not noticed yet."""
    is_quiet: bool = False
    """Nothing changes any more: what was told is not told again."""
    pause_seconds: float = 0.0
    """How long a call for changes takes at least, where a loop makes them."""
    listings: int = 0
    meanwhile: Callable[[], None] = nothing
    """Runs once after the next listing, before its answer arrives."""

    def changes(self, timeout: timedelta) -> Mapping[str, Health]:
        threading.Event().wait(self.pause_seconds)
        return {} if self.is_quiet else dict(self.healths)

    def present(self) -> Collection[str]:
        return set(self.healths)

    def remaining(self, namespaces: Collection[str]) -> Mapping[str, frozenset[str]]:
        self.listings += 1
        if self.is_blind or self.is_unlisted:
            raise Transient("listing namespaces: no answer")
        shown = {name: self._shown(name) for name in namespaces}
        meanwhile, self.meanwhile = self.meanwhile, nothing
        meanwhile()
        return shown

    def log(self, namespace: str, source: LogSource) -> str:
        if source not in self.logs:
            raise Transient(f"reading the log of {source.pod}: no answer")
        return self.logs[source]

    def problems(self) -> Sequence[str]:
        return ["listing namespaces: no answer"] if self.is_blind else []

    def _shown(self, name: str) -> frozenset[str]:
        namespaces = {f"Namespace/{name}"} if name in self.healths else set()
        return self.unwatched.get(name, frozenset()) | namespaces


@dataclass
class Ahead(SeenCluster):
    """A cluster whose lists are ahead of its watch: they show nothing any more."""

    def _shown(self, name: str) -> frozenset[str]:
        return frozenset()


@dataclass
class PokedSyncer:
    """Remembers the pokes; refuses them while `error` is set."""

    pokes: list[Poke] = field(default_factory=list)
    error: EphemeraError | None = None

    def poke(self, poke: Poke) -> None:
        if self.error is not None:
            raise self.error
        self.pokes.append(poke)
