"""The loop that controllers run in: objects that changed are reconciled, one at a time, and again when asked.

The same object is never reconciled twice at once, and changes that come together are one call, as in client-go's work
queue. A reconciler reads what is, takes one step, and says in how many seconds it wants to be called again.
"""

import heapq
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.errors import ApiError
from app.demo.kubernetes.apiserver.kinds import Kind
from app.demo.kubernetes.apiserver.store import Change, Record, Store

_RETRY_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Key:
    """The object to reconcile."""

    namespace: str
    name: str


Reconcile = Callable[[Key], float | None]
"""Takes one step for the object; the answer is in how many seconds to call again, or None to wait for a change."""
KeysOf = Callable[[Record], Iterable[Key]]
"""Which objects a changed record concerns."""


@dataclass(frozen=True, slots=True, eq=False)
class Reconciler:
    """A controller: what it does, and which changes call it."""

    reconcile: Reconcile
    triggers: Mapping[Kind, KeysOf]


_Item = tuple[Reconciler, Key]


class Loop:
    """Runs reconcilers in one thread."""

    def __init__(self, store: Store, reconcilers: Iterable[Reconciler]) -> None:
        self._reconcilers = tuple(reconcilers)
        self._store = store
        self._condition = threading.Condition()
        self._due: dict[_Item, None] = {}
        self._later: list[tuple[float, int, _Item]] = []
        self._planned: dict[_Item, float] = {}
        self._tickets = 0
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begins with everything that exists."""
        self._store.subscribe(self._note)
        self.ask_all()
        self._thread.start()

    def stop(self) -> None:
        """Ends after the step that is being taken."""
        with self._condition:
            self._is_stopped = True
            self._condition.notify()
        self._thread.join()

    def ask_all(self) -> None:
        """Calls every reconciler for every object, as after a change of the rules."""
        for kind in {kind for reconciler in self._reconcilers for kind in reconciler.triggers}:
            for record in self._store.all(kind):
                self._ask_about(record)

    def _note(self, change: Change) -> None:
        self._ask_about(change.record)

    def _ask_about(self, record: Record) -> None:
        items = [
            (reconciler, key)
            for reconciler in self._reconcilers
            if (keys_of := reconciler.triggers.get(record.kind))
            for key in keys_of(record)
        ]
        if items:
            with self._condition:
                self._due.update(dict.fromkeys(items))
                self._condition.notify()

    def _run(self) -> None:
        while (item := self._next()) is not None:
            self._plan(item, self._step(item))

    def _step(self, item: _Item) -> float | None:
        reconciler, key = item
        try:
            return reconciler.reconcile(key)
        except ApiError as error:
            return None if error.code == 404 else _RETRY_SECONDS
        except Exception:  # noqa: BLE001 - the job's boundary: one object must not stop the others
            traceback.print_exc(file=sys.stderr)
            return _RETRY_SECONDS

    def _plan(self, item: _Item, seconds: float | None) -> None:
        """The newest answer counts: an older plan for the same object lapses."""
        with self._condition:
            if seconds is None:
                self._planned.pop(item, None)
                return
            self._tickets += 1
            self._planned[item] = time.monotonic() + seconds
            heapq.heappush(self._later, (self._planned[item], self._tickets, item))

    def _next(self) -> _Item | None:
        with self._condition:
            while not self._is_stopped:
                seconds = self._collect_due()
                if self._due:
                    item = next(iter(self._due))
                    del self._due[item]
                    return item
                self._condition.wait(seconds)
        return None

    def _collect_due(self) -> float | None:
        """Makes what was planned until now due; the answer is how long until the next of them."""
        while self._later:
            when, _, item = self._later[0]
            if self._planned.get(item) == when and when > (now := time.monotonic()):
                return when - now
            heapq.heappop(self._later)
            if self._planned.get(item) == when:
                del self._planned[item]
                self._due.setdefault(item)
        return None


def itself(record: Record) -> list[Key]:
    """The record's own key."""
    return [Key(record.namespace, record.name)]


def owner_of(kind: Kind) -> KeysOf:
    """The keys of a record's owners of a kind, by its ownerReferences."""

    def keys(record: Record) -> list[Key]:
        owners = record.body["metadata"].get("ownerReferences") or ()
        return [Key(record.namespace, owner["name"]) for owner in owners if owner.get("kind") == kind.kind]

    return keys
