"""A cluster, watched: the `ClusterView` of the real thing.

One thread per resource keeps one picture up to date; asking costs no request, except where absence must be certain.
"""

import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

import structlog

from app.cluster.connection import Api, Ask, Json
from app.cluster.listing import complete_list
from app.cluster.picture import Picture
from app.cluster.resources import NAMESPACES, WATCHED, Resource
from app.cluster.watch import Timing, Watch
from app.domain.health import Health, Phase
from app.errors import Stalled, Transient

_log = structlog.get_logger()

_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
"""Metadata alone where the server can, whole objects where it cannot (API concepts, "metadata-only fetches")."""


class WatchedCluster:
    """Implements `ClusterView`. Use as a context manager, or call `start` once and `stop` at the end."""

    def __init__(self, api: Api, resources: Sequence[Resource] = WATCHED, timing: Timing | None = None) -> None:
        self._api = api
        self._picture = Picture(resources)
        self._watches = {resource: Watch(api, resource, self._picture, timing or Timing()) for resource in resources}
        self._threads: list[threading.Thread] = []
        self._bug: BaseException | None = None
        self._unconfirmed: set[str] = set()

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
        for watch in self._watches.values():
            watch.stop()
        self._picture.close()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def changes(self, timeout: timedelta) -> Mapping[str, Health]:
        """What changed since the last call, by namespace; waits up to `timeout` for something to change.

        ABSENT is told of a namespace only after `absent` has confirmed it; while that fails, it is tried again at the
        next call. A bug in a watch rises here.
        """
        news = self._picture.take(timeout)
        if self._bug is not None:
            raise self._bug
        self._unconfirmed = (self._unconfirmed | news.vanished) - news.healths.keys()
        return {**news.healths, **dict.fromkeys(self._confirmed(), Health(Phase.ABSENT))}

    def present(self) -> Collection[str]:
        """Names of the namespaces that labelled objects are known of.

        Raises Transient until everything has been listed once, and Stalled while namespaces may not be listed.
        """
        return self._picture.names()

    def absent(self, namespaces: Collection[str]) -> Collection[str]:
        """Which of these a complete list of all namespaces, made now, does not show. Raises Transient or Stalled."""
        if not namespaces:
            return frozenset()
        ask = Ask("listing namespaces", NAMESPACES.path, accept=_NAMES_ONLY)
        shown = complete_list(self._api, ask, _name).items
        if not shown:
            # No cluster is without `default` and `kube-system`: this is not the list that was asked for.
            raise Transient("listing namespaces: the list is empty, which no cluster's is")
        return frozenset(namespaces) - frozenset(shown)

    def problems(self) -> Sequence[str]:
        """What cannot be seen at present, in sentences; empty when all is well."""
        return self._picture.problems()

    def _confirmed(self) -> Collection[str]:
        try:
            absent = self.absent(self._unconfirmed)
        except (Transient, Stalled) as error:
            _log.warning("absence_unconfirmed", namespaces=sorted(self._unconfirmed), error=str(error))
            return frozenset()
        self._unconfirmed = set()
        return absent

    def _run(self, watch: Watch) -> None:
        try:
            watch.run()
        except Exception as error:  # noqa: BLE001  the end of a thread is a boundary: `changes` raises it again
            self._bug = error
            self._picture.close()


def _name(raw: Json) -> str:
    return str(raw["metadata"]["name"])
