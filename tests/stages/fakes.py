"""Stand-ins for what the stages reach through a port, small enough to be read at a glance."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from app.domain.health import Health
from app.domain.pull_request import Missing, PullRequest, RepositoryRef
from app.domain.report import CheckRun, CommitStatus
from app.errors import EphemeraError, Stalled, Transient
from app.ports import Poke, Ring


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
class GitHubTexts:
    """What was written to GitHub, each part counted; `break_after` such writes the next one fails."""

    checks: dict[int, CheckRun] = field(default_factory=dict)
    statuses: list[CommitStatus] = field(default_factory=list)
    comments: dict[int, str] = field(default_factory=dict)
    writes: int = 0
    break_after: int | None = None
    refuses_checks: bool = False

    def put_check_run(self, repository: RepositoryRef, check: CheckRun, known_id: int | None) -> int:
        if self.refuses_checks:
            raise Stalled("writing the check run: 403, the App lacks checks: write")
        self._write()
        check_id = known_id or len(self.checks) + 1
        self.checks[check_id] = check
        return check_id

    def put_status(self, repository: RepositoryRef, status: CommitStatus) -> None:
        self._write()
        self.statuses.append(status)

    def put_comment(self, repository: RepositoryRef, number: int, marker: str, body: str, known_id: int | None) -> int:
        self._write()
        comment_id = known_id or len(self.comments) + 1
        self.comments[comment_id] = body
        return comment_id

    def _write(self) -> None:
        if self.break_after is not None and self.writes >= self.break_after:
            raise Transient("writing: GitHub answered 502")
        self.writes += 1


@dataclass
class SeenCluster:
    """A cluster that shows what the test puts there."""

    healths: dict[str, Health] = field(default_factory=dict)
    unlabelled: set[str] = field(default_factory=set)
    is_blind: bool = False
    is_quiet: bool = False
    """Nothing changes any more: what was told is not told again."""

    def changes(self, timeout: timedelta) -> Mapping[str, Health]:
        return {} if self.is_quiet else dict(self.healths)

    def present(self) -> Collection[str]:
        if self.is_blind:
            raise Transient("listing namespaces: no answer")
        return set(self.healths)

    def absent(self, namespaces: Collection[str]) -> Collection[str]:
        return set(namespaces) - self.healths.keys() - self.unlabelled


@dataclass
class PokedSyncer:
    """Remembers the pokes; refuses them while `error` is set."""

    pokes: list[Poke] = field(default_factory=list)
    error: EphemeraError | None = None

    def poke(self, poke: Poke) -> None:
        if self.error is not None:
            raise self.error
        self.pokes.append(poke)
