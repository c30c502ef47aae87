"""`observe`: write down what the cluster shows, and only what changed.

Gone is a claim that needs proof: complete lists, made after the folder left the environments repository, that show
nothing of the environment. And only one observer writes for a cluster: the one whose watcher holds its lease.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from app.domain.health import Health, Phase
from app.errors import EphemeraError
from app.ports import Bell, ClusterView, Ring
from app.store import clusters, leading, observing
from app.store.engine import Session, Store
from app.store.leading import Lease
from app.store.observing import LogWanted

LIST_EVERY = timedelta(seconds=3)
"""How often everything is listed while a removal is awaited of which the watch shows nothing new."""

SEEN_EVERY = timedelta(seconds=15)
"""How old the time may become at which the cluster was last wholly in view."""

_GONE = Health(Phase.ABSENT)

_log = structlog.get_logger(__name__)


class Watched(ClusterView, Protocol):
    """A view that also says what it cannot see."""

    def problems(self) -> Sequence[str]:
        """What cannot be seen at present, in sentences; empty when all is well."""


@dataclass(slots=True)
class Notebook:
    """What one observer carries from one step to the next."""

    unwritten: dict[str, Health] = field(default_factory=dict)
    """What was seen and could not be written yet: it is told only once."""
    logs: dict[int, LogWanted] = field(default_factory=dict)
    """Deployment id -> the log that tells why it failed, to be fetched."""
    hidden: frozenset[str] = frozenset()
    """What was looked for at the last listing because the watch showed nothing of it."""
    listed_at: float | None = None
    """When that was, by the observer's clock."""
    unlisted: str | None = None
    """Why the last listing could not be had whole: the watches may go on for minutes after a right was taken away."""
    said: tuple[str, ...] | None = None
    """What could not be seen when that was kept last."""
    said_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Observer:
    """Follows one cluster while it holds the lease."""

    store: Store
    view: Watched
    bell: Bell
    lease: Lease
    clock: Callable[[], float] = time.monotonic
    list_every: timedelta = LIST_EVERY
    notebook: Notebook = field(default_factory=Notebook)

    def step(self, timeout: timedelta) -> None:
        """Wait up to `timeout` for something to change, write it down, and look for what is gone.

        Raises Deposed when another watcher has taken over; nothing was written then.
        """
        self.notebook.unwritten.update(self.view.changes(timeout))
        recorded = [self._record(*seen) for seen in tuple(self.notebook.unwritten.items())]
        recorded += [self._settle(*shown) for shown in self._looked_for()]
        if any(recorded):
            self.bell.ring(Ring.REPORT)
        self._say_what_is_seen()

    def fetch_logs(self) -> None:
        """Fetch what containers said that failed, once each; what cannot be had is logged and left."""
        fetched = [self._fetch(self.notebook.logs.pop(key)) for key in tuple(self.notebook.logs)]
        if any(fetched):
            self.bell.ring(Ring.REPORT)

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with self.store.begin() as session:
            leading.confirm(session, self.lease)
            yield session

    def _record(self, namespace: str, health: Health) -> bool:
        with self._writing() as session:
            recorded = observing.record(session, self.lease.cluster, namespace, health)
        self.notebook.unwritten.pop(namespace, None)
        if recorded.log is not None:
            self.notebook.logs[recorded.log.deployment_id] = recorded.log
        if recorded.is_news:
            _log.info("observe.changed", namespace=namespace, phase=health.phase.value)
        return recorded.is_news

    def _looked_for(self) -> Sequence[tuple[str, datetime | None, frozenset[str]]]:
        """(name, when its folder left, what is left of it): all that is awaited to go, or believed to be there and not
        shown. The rows are read before anything is listed, so that a list proves something."""
        with self.store.begin() as session:
            awaited = observing.awaiting_proof(session, self.lease.cluster)
            believed = observing.believed_present(session, self.lease.cluster)
        try:
            present = frozenset(self.view.present())
            left = self._listed(frozenset(awaited), frozenset(believed), present)
        except EphemeraError as error:
            self.notebook.unlisted = str(error)
            _log.warning("observe.blind", cluster=self.lease.cluster, error=str(error))
            return ()
        # What the watch still shows although nothing is left has yet to arrive there; told now, it would come back.
        return [(name, awaited.get(name), shown) for name, shown in left.items() if shown or name not in present]

    def _listed(
        self, awaited: frozenset[str], believed: frozenset[str], present: frozenset[str]
    ) -> Mapping[str, frozenset[str]]:
        notebook, hidden = self.notebook, (awaited | believed) - present
        wanted = awaited | hidden
        is_due = notebook.listed_at is None or self.clock() - notebook.listed_at >= self.list_every.total_seconds()
        if not wanted:
            notebook.hidden, notebook.unlisted = frozenset(), None
            return {}
        if not (is_due or hidden - notebook.hidden):
            notebook.hidden &= hidden
            return {}
        notebook.listed_at = self.clock()
        left = self.view.remaining(wanted)
        notebook.hidden, notebook.unlisted = hidden, None
        return left

    def _settle(self, namespace: str, removed_at: datetime | None, left: Collection[str]) -> bool:
        if removed_at is None:
            return not left and self._record(namespace, _GONE)
        with self._writing() as session:
            is_news = observing.confirm(session, self.lease.cluster, namespace, removed_at, left)
        if is_news:
            _log.info("observe.left", namespace=namespace, left=sorted(left))
        return is_news

    def _say_what_is_seen(self) -> None:
        notebook, problems = self.notebook, self._unseen()
        is_old = self.clock() - notebook.said_at >= SEEN_EVERY.total_seconds()
        if problems == notebook.said and not is_old:
            return
        with self.store.begin() as session:
            clusters.seen(session, self.lease, problems)
        notebook.said, notebook.said_at = problems, self.clock()

    def _unseen(self) -> tuple[str, ...]:
        try:
            self.view.present()
        except EphemeraError as error:
            return tuple(self.view.problems()) or (str(error),)
        problems, unlisted = tuple(self.view.problems()), self.notebook.unlisted
        is_told = unlisted is None or any(problem.startswith(unlisted) for problem in problems)
        return problems if is_told else (*problems, str(unlisted))

    def _fetch(self, wanted: LogWanted) -> bool:
        try:
            text = self.view.log(wanted.namespace, wanted.source)
        except EphemeraError as error:
            _log.warning("observe.no_log", namespace=wanted.namespace, of=wanted.of, error=str(error))
            return False
        with self._writing() as session:
            return observing.keep_log(session, wanted, text)
