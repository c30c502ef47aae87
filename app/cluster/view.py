"""A cluster, watched: the `ClusterView` of the real thing.

One thread per resource keeps one picture up to date; asking costs no request, except where absence must be certain.
"""

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

import structlog

from app.cluster.connection import Api
from app.cluster.inventory import Inventory
from app.cluster.logs import last_lines
from app.cluster.picture import Picture
from app.cluster.resources import WATCHED, Resource, synced_by
from app.cluster.watch import Timing, Watch
from app.domain.cluster import SyncerKind
from app.domain.health import Health, LogSource, Phase
from app.errors import Stalled, Transient

_PACE_SECONDS = 0.1

_log = structlog.get_logger()


class WatchedCluster:
    """Implements `ClusterView`. Use as a context manager, or call `start` once and `stop` at the end."""

    def __init__(
        self,
        api: Api,
        syncer: SyncerKind = SyncerKind.NONE,
        syncer_namespace: str = "",
        *,
        resources: Sequence[Resource] = WATCHED,
        timing: Timing | None = None,
    ) -> None:
        """The syncer is looked for in its namespace, or in all where that is empty."""
        own = synced_by(syncer, syncer_namespace)
        resources = (*resources, *own)
        self._api = api
        self._inventory = Inventory(api, own)
        self._picture = Picture(resources)
        self._watches = {resource: Watch(api, resource, self._picture, timing or Timing()) for resource in resources}
        self._threads: list[threading.Thread] = []
        self._bug: BaseException | None = None
        self._unconfirmed: set[str] = set()
        self._told_at = 0.0
        self._stopped = threading.Event()

    def __enter__(self) -> "WatchedCluster":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to watch."""
        self._threads = [
            threading.Thread(target=self._run, args=(watch,), name=f"watch {resource.name}", daemon=True)
            for resource, watch in self._watches.items()
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End every watch and wait for its thread: at once, or at the end of a list request that is under way."""
        self._stopped.set()
        for watch in self._watches.values():
            watch.stop()
        self._picture.close()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def changes(self, timeout: timedelta) -> Mapping[str, Health]:
        """What changed since the last call, by namespace; waits up to `timeout` for something to change.

        ABSENT is told of one only after `remaining` has confirmed it; while that fails, it is tried again at the
        next call. A bug in a watch rises here.
        """
        self._pace(timeout)
        news = self._picture.take(timeout)
        if self._bug is not None:
            raise self._bug
        self._told_at = time.monotonic()
        self._unconfirmed = (self._unconfirmed | news.vanished) - news.healths.keys()
        return {**news.healths, **dict.fromkeys(self._confirmed(), Health(Phase.ABSENT))}

    def present(self) -> Collection[str]:
        """Names of the environments of which anything is known: labelled objects, the syncer's, or volumes.

        Raises Transient until everything has been listed once, and Stalled while namespaces may not be listed.
        """
        return self._picture.names()

    def remaining(self, namespaces: Collection[str]) -> Mapping[str, frozenset[str]]:
        """What complete lists, made now, show of each environment; see `ClusterView`. Raises Transient or Stalled.

        Volumes and the syncer's objects must be visible too: what may not be listed is not known to be gone.
        """
        return self._inventory.remaining(namespaces) if namespaces else {}

    def log(self, namespace: str, source: LogSource) -> str:
        """The container's last lines; see `ClusterView`. Raises Transient or Stalled."""
        return last_lines(self._api, namespace, source)

    def problems(self) -> Sequence[str]:
        """What cannot be seen at present, in sentences; empty when all is well."""
        return self._picture.problems()

    def _pace(self, timeout: timedelta) -> None:
        """In a storm of events, tell what they come to: every time somebody is told costs as much as many events."""
        pause = min(timeout.total_seconds(), self._told_at + _PACE_SECONDS - time.monotonic())
        if pause > 0:
            self._stopped.wait(pause)

    def _confirmed(self) -> Collection[str]:
        try:
            remaining = self.remaining(self._unconfirmed)
        except (Transient, Stalled) as error:
            _log.warning("absence_unconfirmed", namespaces=sorted(self._unconfirmed), error=str(error))
            return frozenset()
        self._unconfirmed = set()
        return frozenset(name for name, left in remaining.items() if not left)

    def _run(self, watch: Watch) -> None:
        try:
            watch.run()
        except Exception as error:  # noqa: BLE001  the end of a thread is a boundary: `changes` raises it again
            self._bug = error
            self._picture.close()
