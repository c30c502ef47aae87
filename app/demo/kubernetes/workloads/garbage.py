"""Garbage collection: children whose owner is gone go too, and an owner deleted in the foreground waits for them."""

from app.demo.kubernetes.apiserver.kinds import (
    DEPLOYMENT,
    JOB,
    POD,
    REPLICA_SET,
    STATEFUL_SET,
    Json,
    Kind,
)
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.workloads.loop import Key, Reconciler, itself, owner_of
from app.demo.kubernetes.workloads.objects import children, is_going

_CHILDREN = {DEPLOYMENT: REPLICA_SET, REPLICA_SET: POD, STATEFUL_SET: POD, JOB: POD}
_FOREGROUND = "foregroundDeletion"


class Garbage:
    """The garbage collector, for the owners that workloads have."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def reconcilers(self) -> list[Reconciler]:
        """What the loop calls: once for each kind of owner."""
        return [self._reconciler(owner, child) for owner, child in _CHILDREN.items()]

    def _reconciler(self, owner: Kind, child: Kind) -> Reconciler:
        def reconcile(key: Key) -> float | None:
            record = self._verbs.store.find(owner, key.namespace, key.name)
            if record is None:
                self._collect(owner, child, key)
            elif is_going(record) and _FOREGROUND in record.body["metadata"].get("finalizers", ()):
                self._wait_for_children(record, child)
            return None

        return Reconciler(reconcile, {owner: itself, child: owner_of(owner)})

    def _collect(self, owner: Kind, child: Kind, key: Key) -> None:
        for record in self._verbs.store.all(child, key.namespace):
            if not is_going(record) and key in owner_of(owner)(record):
                self._verbs.delete(Target(child, record.namespace, record.name))

    def _wait_for_children(self, owner: Record, child: Kind) -> None:
        rest = children(self._verbs.store, child, owner)
        for record in rest:
            if not is_going(record):
                self._verbs.delete(Target(child, record.namespace, record.name))
        if not rest:
            self._verbs.change(Target(owner.kind, owner.namespace, owner.name), _released)


def _released(body: Json) -> Json:
    finalizers = [item for item in body["metadata"].get("finalizers", ()) if item != _FOREGROUND]
    body["metadata"]["finalizers"] = finalizers
    return body
