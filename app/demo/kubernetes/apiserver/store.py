"""The objects and their history, under one counter of revisions, as etcd and the watch cache keep them.

Every change takes the next revision. Each kind remembers its last changes, so that a watch can resume and a list can
be read as it was; what is older is gone (410). A stored body is never changed in place.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from app.demo.kubernetes.apiserver.errors import ApiError, expired
from app.demo.kubernetes.apiserver.kinds import KINDS, Json, Kind

_FIRST_REVISION = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One version of one object, with the JSON text it is sent as."""

    kind: Kind
    namespace: str
    name: str
    revision: int
    body: Json
    line: bytes
    stored_at: float = field(default_factory=time.monotonic)
    """When this version was written, on the monotonic clock."""

    @property
    def path(self) -> str:
        """`namespace/name`, the order in which etcd lists objects."""
        return f"{self.namespace}/{self.name}"

    def copy(self) -> Json:
        """The body again, to be changed freely."""
        body: Json = json.loads(self.line)
        return body


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One entry of the history: what an object was and became; `after` None means that it was deleted."""

    revision: int
    before: Record | None
    after: Record | None

    @property
    def record(self) -> Record:
        """The newest version this change knows."""
        record = self.after or self.before
        if record is None:
            raise ValueError("a change without an object")
        return record


@dataclass(slots=True)
class _History:
    changes: deque[Change] = field(default_factory=deque)
    floor: int = _FIRST_REVISION
    """The oldest revision from which a new list or watch may start."""
    dropped: int = 0
    """The newest change that was forgotten; a running watch which has not seen it has lost something."""


class Store:
    """All objects of the cluster. Every method may be called from any thread."""

    def __init__(self, history: int) -> None:
        self.lock = threading.RLock()
        self.revision = _FIRST_REVISION
        self.history = history
        self.is_closed = False
        self._objects: dict[Kind, dict[str, dict[str, Record]]] = {kind: {} for kind in KINDS}
        self._histories = {kind: _History() for kind in KINDS}
        self._changed = {kind: threading.Condition(self.lock) for kind in KINDS}
        self._listeners: list[Callable[[Change], None]] = []

    def subscribe(self, listener: Callable[[Change], None]) -> None:
        """Calls the listener after each change, under the lock: it must only take a note."""
        with self.lock:
            self._listeners.append(listener)

    def find(self, kind: Kind, namespace: str, name: str) -> Record | None:
        """The object's present version, or None when it does not exist."""
        with self.lock:
            return self._objects[kind].get(namespace, {}).get(name)

    def all(self, kind: Kind, namespace: str | None = None) -> list[Record]:
        """The present versions, in no order; of every namespace when it is None."""
        with self.lock:
            if namespace is not None:
                return list(self._objects[kind].get(namespace, {}).values())
            return [record for names in self._objects[kind].values() for record in names.values()]

    def put(self, kind: Kind, body: Json) -> Record:
        """Keeps the body as the newest version of its object, stamped with the next revision."""
        with self.lock:
            self.revision += 1
            metadata = body["metadata"]
            metadata["resourceVersion"] = str(self.revision)
            namespace, name = metadata.get("namespace", ""), metadata["name"]
            names = self._objects[kind].setdefault(namespace, {})
            record = Record(kind, namespace, name, self.revision, body, encode(body))
            before, names[name] = names.get(name), record
            self._note(kind, Change(self.revision, before, record))
            return record

    def remove(self, record: Record) -> None:
        """Forgets the object; its deletion takes a revision of its own."""
        with self.lock:
            self.revision += 1
            del self._objects[record.kind][record.namespace][record.name]
            self._note(record.kind, Change(self.revision, record, None))

    def as_of(self, kind: Kind, revision: int) -> list[Record]:
        """The objects as they were at a revision, in no order. 410 when that is older than the history."""
        with self.lock:
            self.check_kept(kind, revision)
            objects = {record.path: record for record in self.all(kind)}
            for change in reversed(self._histories[kind].changes):
                if change.revision <= revision:
                    break
                _undo(objects, change)
            return list(objects.values())

    def check_kept(self, kind: Kind, revision: int) -> None:
        """Raises 410 when changes after this revision may have been forgotten."""
        floor = self._histories[kind].floor
        if revision < floor:
            raise expired(f"too old resource version: {revision} ({floor})")

    def wait(self, kind: Kind, after: int, timeout_seconds: float) -> tuple[list[Change], int]:
        """The changes after a revision, waiting for one, and the revision up to which the answer is complete.

        Raises 410 when some of them are forgotten.
        """
        with self.lock:
            changes = self._after(kind, after)
            if not changes and timeout_seconds > 0 and not self.is_closed:
                self._changed[kind].wait(timeout_seconds)
                changes = self._after(kind, after)
            return changes, max(after, self.revision)

    def compact(self) -> None:
        """Forgets the whole history: a watch or page from before now is answered with 410."""
        with self.lock:
            for history in self._histories.values():
                if history.changes:
                    history.dropped = history.changes[-1].revision
                history.changes.clear()
                history.floor = self.revision

    def wake(self) -> None:
        """Lets every waiting watch look again."""
        with self.lock:
            for condition in self._changed.values():
                condition.notify_all()

    def close(self) -> None:
        """Ends every watch."""
        self.is_closed = True
        self.wake()

    def _note(self, kind: Kind, change: Change) -> None:
        history = self._histories[kind]
        history.changes.append(change)
        while len(history.changes) > self.history:
            history.dropped = history.floor = history.changes.popleft().revision
        self._changed[kind].notify_all()
        for listener in self._listeners:
            listener(change)

    def _after(self, kind: Kind, revision: int) -> list[Change]:
        history = self._histories[kind]
        if revision < history.dropped:
            raise expired(f"too old resource version: {revision} ({history.floor})")
        newer: list[Change] = []
        for change in reversed(history.changes):
            if change.revision <= revision:
                break
            newer.append(change)
        newer.reverse()
        return newer


def encode(body: Json) -> bytes:
    """The object as compact JSON, without a line break."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def at_revision(record: Record, revision: int) -> Record:
    """The same version, stamped with another revision."""
    body = record.copy()
    body["metadata"]["resourceVersion"] = str(revision)
    return Record(record.kind, record.namespace, record.name, revision, body, encode(body))


def in_order(records: Iterable[Record]) -> list[Record]:
    """Sorted as etcd lists them."""
    return sorted(records, key=lambda record: record.path)


def parse_revision(text: str) -> int:
    """A resourceVersion as a number. 400 when it is none."""
    if not text.isdecimal():
        raise ApiError(400, "BadRequest", f'invalid resource version "{text[:200]}": must be a number')
    return int(text)


def _undo(objects: dict[str, Record], change: Change) -> None:
    path = change.record.path
    if change.before is None:
        objects.pop(path, None)
    else:
        objects[path] = change.before
