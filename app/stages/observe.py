"""`observe`: write down what the cluster shows, and only what changed.

Gone is a claim that needs proof: a complete list of all namespaces, made after the folder left the environments
repository, that does not hold the name.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from app.domain.health import Health, Phase
from app.errors import EphemeraError
from app.ports import Bell, ClusterView, Ring
from app.store import observing
from app.store.engine import Store

_GONE = Health(Phase.ABSENT)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Observer:
    """Follows one cluster."""

    store: Store
    view: ClusterView
    bell: Bell
    cluster: str
    unwritten: dict[str, Health] = field(default_factory=dict)
    """What was seen and could not be written yet: it is told only once."""

    def step(self, timeout: timedelta) -> None:
        """Wait up to `timeout` for something to change, write it down, and look for what is gone."""
        self.unwritten.update(self.view.changes(timeout))
        recorded = [self._record(namespace, self.unwritten[namespace]) for namespace in tuple(self.unwritten)]
        recorded += [self._record(namespace, _GONE) for namespace in self._gone()]
        if any(recorded):
            self.bell.ring(Ring.REPORT)

    def _record(self, namespace: str, health: Health) -> bool:
        with self.store.begin() as session:
            is_news = observing.record(session, namespace, health)
        self.unwritten.pop(namespace, None)
        if is_news:
            _log.info("observe.changed", namespace=namespace, phase=health.phase.value)
        return is_news

    def _gone(self) -> Collection[str]:
        with self.store.begin() as session:
            awaited = set(observing.awaiting_proof(session, self.cluster))
            believed = set(observing.believed_present(session, self.cluster))
        try:
            candidates = (awaited | believed) - set(self.view.present())
            return self.view.absent(candidates) if candidates else ()
        except EphemeraError as error:
            _log.warning("observe.blind", cluster=self.cluster, error=str(error))
            return ()
