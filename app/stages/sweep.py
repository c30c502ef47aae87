"""`sweep`: finds what could be out of date, whatever the reason, and marks it or rings. It decides nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import structlog

from app.domain.desire import desire
from app.domain.policy import Policy
from app.domain.pull_request import PullRequest, RepositoryRef
from app.errors import EphemeraError
from app.ports import Bell, PullRequests, Ring
from app.stages.branch import Branch
from app.store import asking, observing, proposing, sweeping
from app.store.asking import Ask
from app.store.engine import Store
from app.store.sweeping import Held, Settled
from gitops.errors import GitopsError

_BY = "ephemera"
DRIFT = "sweep.drift"
"""Why somebody is asked about whose folder in Git was changed past Ephemera; the commit that restores it says so."""

EXPIRED = "sweep.expired"
"""Why somebody is asked about whose time has run out."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Looks over every row, and over every open pull request."""

    store: Store
    pull_requests: PullRequests
    policy: Policy
    bell: Bell
    branch: Branch | None = None
    """None: nobody looks for drift in Git."""
    environments: str | None = None
    """`owner/name` of the environments repository, whose pull requests get no environment; None where it has no such
    name."""
    doubts: dict[int, str] = field(default_factory=dict)
    """Environment id -> the branch's head at which its proposal was looked at before anything was put back."""

    def ring_for_what_is_behind(self) -> None:
        """Ring for every stage that has rows behind its watermark; settle those that have become late, and mark those
        whose time has run out."""
        with self.store.begin() as session:
            late, expired = sweeping.overdue(session), sweeping.expired(session)
        for environment_id in late:
            with self.store.begin() as session:
                observing.reassess(session, environment_id)
        for environment_id in expired:
            with self.store.begin() as session:
                asking.mark_again(session, environment_id, _BY, EXPIRED, asking.LOW)
        with self.store.begin() as session:
            behind = sweeping.behind(session)
        self.bell.ring(*(Ring(stage) for stage, is_behind in behind.items() if is_behind))

    def reconcile(self) -> None:
        """Compare every repository's open pull requests with the rows, and mark each that differs."""
        for repository in filter(self._may_have_environments, self.pull_requests.repositories()):
            try:
                self._reconcile(repository)
            except EphemeraError as error:
                _log.warning("reconcile.failed", repository=repository.full_name, error=str(error))
        self.bell.ring(Ring.DECIDE, Ring.CLEAN_UP)

    def restore(self) -> None:
        """Mark every environment that was changed, removed or brought back in Git by somebody else.

        The rows are read before and after the branch: what is settled both times, and was not published in between, has
        to be there as it was published. The publisher then commits the difference, if there still is one. Raises
        GitopsError where the branch cannot be read.
        """
        if self.branch is None:
            return
        with self.store.begin() as session:
            before = sweeping.settled(session)
        differing = self.branch.differing(before)
        if not differing:
            return
        with self.store.begin() as session:
            drifted = set(differing) & set(sweeping.settled(session))
        for row in drifted:
            if self._may_be_merged(row):
                continue
            with self.store.begin() as session:
                asking.mark_again(session, row.environment_id, _BY, DRIFT, asking.LOW)
            _log.warning("sweep.drift", folder=row.folder, published=row.tree)
        if drifted:
            self.bell.ring(Ring.CLEAN_UP)

    def _may_have_environments(self, repository: RepositoryRef) -> bool:
        return self.environments is None or repository.full_name.lower() != self.environments.lower()

    def _may_be_merged(self, row: Settled) -> bool:
        """What waits for review may have been merged a moment ago: that is looked at first, once for each head."""
        assert self.branch is not None
        head = self.branch.held.head if self.branch.held else None
        if self.doubts.get(row.environment_id) == head:
            return False
        with self.store.begin() as session:
            is_open = proposing.ring_for(session, row.environment_id)
        if is_open and head is not None:
            self.doubts[row.environment_id] = head
            self.bell.ring(Ring.REVIEW)
        return is_open

    def _reconcile(self, repository: RepositoryRef) -> None:
        is_open = {pull_request.number: pull_request for pull_request in self.pull_requests.open_in(repository)}
        with self.store.begin() as session:
            held = sweeping.held(session, repository.id)
        for ask in self._differences(repository, is_open, held):
            with self.store.begin() as session:
                asking.mark(session, ask, self.policy)
            _log.info("reconcile.marked", repository=repository.full_name, number=ask.number, reason=ask.reason)

    def _differences(
        self, repository: RepositoryRef, is_open: Mapping[int, PullRequest], held: Mapping[int, Held]
    ) -> Iterator[Ask]:
        for number, pull_request in is_open.items():
            row = held.get(number)
            if row is None:
                yield Ask(repository, number, _BY, "sweep.missed_opening")
            elif self._is_outdated(pull_request, row):
                yield Ask(repository, number, _BY, "sweep.missed_change")
        for number, row in held.items():
            if number not in is_open and row.is_open:
                yield Ask(repository, number, _BY, "sweep.missed_closing", asking.LOW)

    def _is_outdated(self, pull_request: PullRequest, row: Held) -> bool:
        try:
            return desire(pull_request, self.policy, row.place, row.wish, row.now) != row.desired
        except GitopsError:
            return True  # decide will say on the pull request what is wrong with it
