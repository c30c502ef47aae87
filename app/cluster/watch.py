"""One resource, followed without end: list, then watch from where the list stood, and list again when that breaks.

The protocol is that of https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes.
The client library's own watch and informer are not used: they list without pages, ask again for a revision that the
server has forgotten, and try again without pause.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from app.cluster.backoff import Backoff
from app.cluster.connection import Api, Ask, Limits, Stream
from app.cluster.failures import Expired
from app.cluster.listing import complete_list
from app.cluster.resources import Resource
from app.cluster.seen import Foreign, Seen
from app.cluster.shapes import Named, Told, Unreadable, decode, event_decoder
from app.errors import Stalled, Transient

_LAST_PAUSE_AFTER_REFUSAL_SECONDS = 300.0
_TRIES_BEFORE_RELIST = 5
_EVENTS = frozenset({"ADDED", "MODIFIED", "DELETED", "BOOKMARK"})


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take, in seconds."""

    connect_seconds: float = 5
    answer_seconds: float = 15
    """Until a list, or the status line of a watch, has come: also how long a stop may take."""
    silence_seconds: float = 90
    """A server sends a bookmark about every minute: after this long without a byte the connection is dead."""
    watch_seconds: float = 300
    relist_seconds: float = 600
    healthy_seconds: float = 30
    """A watch that lived so long was a success, even if nothing happened in it."""
    first_pause_seconds: float = 0.1
    last_pause_seconds: float = 30


class Sink(Protocol):
    """Takes what a watch sees. Called from the watch's thread."""

    def replace(self, resource: Resource, revision: int, items: tuple[Seen, ...]) -> None:
        """A complete list, as of the revision."""

    def put(self, resource: Resource, item: Seen) -> None:
        """An object was added or modified."""

    def remove(self, resource: Resource, item: Seen) -> None:
        """An object was deleted, lost its label, or belongs to no environment."""

    def connected(self, resource: Resource) -> None:
        """The server answered the watch: from here on events come."""

    def failed(self, resource: Resource, error: Transient | Stalled) -> None:
        """The resource cannot be seen at present; it is tried again."""


class Watch:
    """Follows one resource and tells a sink; `clock` counts seconds, `jitter` draws from [0, 1)."""

    def __init__(
        self,
        api: Api,
        resource: Resource,
        sink: Sink,
        timing: Timing,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._api = api
        self._resource = resource
        self._listing, self._watching = f"listing {resource.name}", f"watching {resource.name}"
        self._sink = sink
        self._timing = timing
        self._clock = clock
        self._jitter = jitter
        self._backoff = Backoff(timing.first_pause_seconds, timing.last_pause_seconds, jitter)
        self._stopped = threading.Event()
        self._guard = threading.Lock()
        self._stream: Stream | None = None
        self._revision: int | None = None
        """Where to watch from; None when only a list can tell."""
        self._decoder = event_decoder(resource.shape)
        self._newest = 0
        """The newest revision heard of."""
        self._heard_at = 0.0
        self._is_bookmarked = False
        """The server has sent a bookmark of this resource, so it goes on to do so, about every minute."""
        self._relist_at = 0.0

    def run(self) -> None:
        """Follow the resource until `stop`; returns within the limits of one list request after it."""
        while not self._stopped.is_set():
            self._stopped.wait(self.turn())

    def turn(self) -> float:
        """List where needed and watch until that ends, for whatever reason; returns the seconds to pause."""
        try:
            if self._revision is None or self._clock() >= self._relist_at:
                self._list()
            self._watch()
        except (Transient, Stalled) as error:
            return self._after(error)
        return self._backoff.next_seconds()

    def stop(self) -> None:
        """End `run`, also while it waits for events; may be called from any thread, more than once."""
        with self._guard:
            self._stopped.set()
            if self._stream is not None:
                self._stream.abort()

    def _after(self, error: Transient | Stalled) -> float:
        pause = self._backoff.next_seconds()
        if isinstance(error, Expired | Stalled) or self._backoff.failures >= _TRIES_BEFORE_RELIST:
            self._revision = None
        if not self._stopped.is_set() and not isinstance(error, Expired):
            self._sink.failed(self._resource, error)
        if isinstance(error, Transient) and error.retry_after is not None:
            asked = error.retry_after.total_seconds()
            pause = max(pause, min(asked, _LAST_PAUSE_AFTER_REFUSAL_SECONDS))
        return pause

    def _list(self) -> None:
        resource = self._resource
        listing = complete_list(self._api, self._ask(self._listing, {}), resource.read, resource.shape)
        if listing.revision < self._newest and self._clock() - self._heard_at < self._timing.relist_seconds:
            # A server that lags behind. One that stays behind was restored from a backup, and counts anew.
            raise Transient(f"{self._listing}: revision {listing.revision} came after {self._newest}")
        ours = tuple(item for item in listing.items if not isinstance(item, Foreign))
        self._sink.replace(resource, listing.revision, ours)
        self._revision = self._newest = listing.revision
        self._heard_at = self._clock()
        self._relist_at = self._heard_at + self._timing.relist_seconds * (0.9 + self._jitter() / 10)

    def _watch(self) -> None:
        started, from_revision = self._clock(), self._revision
        try:
            self._follow()
        finally:
            # An answer that ends at once, empty, is no success: it must not be asked for in a tight loop.
            has_lasted = self._clock() - started >= self._timing.healthy_seconds
            if self._revision != from_revision or has_lasted:
                self._backoff.reset()

    def _follow(self) -> None:
        with self._open() as stream:
            self._sink.connected(self._resource)
            for line in stream.lines():
                self._take(line)
                self._heard_at = self._clock()
                if self._heard_at >= self._relist_at or self._stopped.is_set():
                    return

    def _open(self) -> Stream:
        left = max(1.0, self._relist_at - self._clock())
        # A server sends bookmarks of most resources, but of none whose objects have not changed since it started: a
        # quiet watch ends before it would be taken for dead.
        longest = self._timing.watch_seconds if self._is_bookmarked else self._timing.silence_seconds * 0.7
        seconds = min(left, longest * (0.9 + self._jitter() / 5))
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": str(self._revision),
            "timeoutSeconds": str(max(1, int(seconds))),
        }
        stream = self._api.stream(self._ask(self._watching, query), self._timing.silence_seconds)
        with self._guard:
            self._stream = stream
            if self._stopped.is_set():
                stream.abort()
        return stream

    def _take(self, line: bytes) -> None:
        kind, raw = self._decoded(line)
        if kind == "BOOKMARK":
            bookmark = decode(self._watching, event_decoder(Named), line)
            self._heard(int(bookmark.object.metadata.resource_version))
            self._is_bookmarked = True
            return
        seen = self._resource.read(raw)
        if kind == "DELETED" or isinstance(seen, Foreign):
            self._sink.remove(self._resource, seen)
        else:
            self._sink.put(self._resource, seen)
        self._heard(seen.revision)

    def _heard(self, revision: int) -> None:
        self._newest = max(self._newest, revision)
        self._revision = max(self._revision or 0, revision)

    def _decoded(self, line: bytes) -> tuple[str, Any]:
        """The event. Raises Expired for anything else: whatever it is, only a list tells where things stand."""
        try:
            event = decode(self._watching, self._decoder, line)
        except Unreadable as error:
            raise Expired(self._words(line) or str(error)) from error
        if event.type not in _EVENTS:
            raise Expired(self._words(line) or f"{self._watching}: {event.type[:200]}")
        return event.type, event.object

    def _words(self, line: bytes) -> str:
        """What an ERROR event says, mostly 410; empty when the line is none."""
        try:
            told = decode(self._watching, event_decoder(Told), line)
        except Unreadable:
            return ""
        return f"{self._watching}: {told.object.message[:200]}" if told.type == "ERROR" else ""

    def _ask(self, doing: str, query: dict[str, str]) -> Ask:
        limits = Limits(self._timing.connect_seconds, self._timing.answer_seconds)
        return Ask(doing, self._resource.path, {**dict(self._resource.selection), **query}, limits=limits)
