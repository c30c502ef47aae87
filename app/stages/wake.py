"""`wake`: pokes a syncer again that shows nothing of what was published.

A poke is lost while the cluster's API cannot be reached, and also when it comes while Argo CD is still looking at the
commit before: it takes the annotation away when that is done. And a syncer that was away while somebody deleted the
namespace does not look for it. Nothing but its own poll, minutes later, would help then.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from app.domain.environment import Environment
from app.domain.heed import has_come_or_gone, is_unheeded
from app.errors import EphemeraError
from app.ports import Destination, Poke
from app.store import waking
from app.store.engine import Store

PATIENCE = timedelta(seconds=4)
"""How long a syncer is given to turn to a commit that it was poked for; each further time twice as long."""

_LONGEST_PAUSE_SECONDS = 60.0
_AT_A_TIME = 10
"""Of more than these a busy syncer may well not have come to the last: ten are given once more the patience of one."""

_log = structlog.get_logger(__name__)


def extra_patience(patience: timedelta, waiting: int) -> timedelta:
    """How much longer the first poke waits when so many do: poking all of a crowd would only add to it."""
    return patience * (waiting // _AT_A_TIME)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Since when nothing came of a commit."""

    commit: str | None
    due_at: float
    pause_seconds: float


@dataclass(slots=True)
class Waker:
    """Wakes the syncers of all clusters. Not to be used by two threads at once."""

    store: Store
    destinations: Mapping[str, Destination]
    """By the name of the cluster, as the publisher has them."""
    patience: timedelta = PATIENCE
    clock: Callable[[], float] = time.monotonic
    _waiting: dict[int, _Waiting] = field(default_factory=dict)

    def wake(self) -> None:
        """Poke for what is due; what could not be poked is due at the next call again."""
        with self.store.begin() as session:
            unheeded = [each for each in waking.under_way(session, self.patience) if is_unheeded(each)]
        extra = extra_patience(self.patience, len(unheeded)).total_seconds()
        self._waiting = {each.id: self._waits(each, extra) for each in unheeded}
        due: dict[str, list[Environment]] = {}
        for environment in unheeded:
            if self._waiting[environment.id].due_at <= self.clock():
                due.setdefault(environment.place.cluster, []).append(environment)
        for cluster, environments in due.items():
            if self._poke(cluster, environments):
                self._waiting.update({each.id: self._later(self._waiting[each.id]) for each in environments})

    def _waits(self, environment: Environment, extra_seconds: float) -> _Waiting:
        known, commit = self._waiting.get(environment.id), environment.published.commit
        if known is not None and known.commit == commit:
            return known
        return _Waiting(commit, self.clock() + extra_seconds, self.patience.total_seconds())

    def _later(self, waiting: _Waiting) -> _Waiting:
        pause = min(waiting.pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
        return _Waiting(waiting.commit, self.clock() + waiting.pause_seconds, pause)

    def _poke(self, cluster: str, environments: Sequence[Environment]) -> bool:
        destination = self.destinations.get(cluster)
        if destination is None:
            return False  # declared no more: nobody knows whom to poke
        poke = Poke(
            changed=tuple(each.place.namespace for each in environments),
            came_or_went=any(map(has_come_or_gone, environments)),
            is_again=True,
        )
        try:
            destination.syncer.poke(poke)
        except EphemeraError as error:
            _log.warning("wake.failed", cluster=cluster, error=str(error))
            return False
        _log.info("wake.done", cluster=cluster, namespaces=poke.changed)
        return True
