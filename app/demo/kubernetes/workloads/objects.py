"""What controllers need of objects: owners, children, conditions, templates and their hashes."""

import hashlib
import json
from collections.abc import Iterable

from app.demo.kubernetes.apiserver.kinds import Json, Kind
from app.demo.kubernetes.apiserver.metadata import timestamp
from app.demo.kubernetes.apiserver.store import Record, Store

_HASH_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def owner_reference(owner: Record) -> Json:
    """The ownerReference by which a child names its controller."""
    return {
        "apiVersion": owner.kind.api_version,
        "kind": owner.kind.kind,
        "name": owner.name,
        "uid": owner.body["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def children(store: Store, kind: Kind, owner: Record) -> list[Record]:
    """The objects of a kind that the owner controls, oldest first."""
    uid = owner.body["metadata"]["uid"]
    found = [record for record in store.all(kind, owner.namespace) if is_owned_by(record, uid)]
    return sorted(found, key=lambda record: (record.body["metadata"]["creationTimestamp"], record.name))


def is_owned_by(record: Record, uid: str) -> bool:
    """Whether one of the record's owners has this uid."""
    return any(owner["uid"] == uid for owner in record.body["metadata"].get("ownerReferences") or ())


def is_going(record: Record) -> bool:
    """Whether it is being deleted."""
    return "deletionTimestamp" in record.body["metadata"]


def images_of(pod_spec: Json) -> list[str]:
    """Every image a pod runs."""
    containers = [*pod_spec.get("initContainers", ()), *pod_spec.get("containers", ())]
    return [str(container.get("image", "")) for container in containers]


def template_hash(template: Json) -> str:
    """Ten letters that stand for a pod template, as in `pod-template-hash`."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    return "".join(_HASH_LETTERS[byte % len(_HASH_LETTERS)] for byte in digest[:10])


def condition(kind: str, status: str, reason: str = "", message: str = "") -> Json:
    """A condition without its times."""
    fields = {"type": kind, "status": status, "reason": reason, "message": message}
    return {name: value for name, value in fields.items() if value}


def with_conditions(old: Iterable[Json], new: Iterable[Json], *, has_update_time: bool = False) -> list[Json]:
    """The new conditions with the times of the old ones where nothing changed."""
    before = {item["type"]: item for item in old}
    return [_timed(before.get(item["type"]), item, has_update_time) for item in new]


def _timed(old: Json | None, new: Json, has_update_time: bool) -> Json:  # noqa: FBT001 - private
    now = timestamp()
    is_same_status = old is not None and old["status"] == new["status"]
    since = old["lastTransitionTime"] if old is not None and is_same_status else now
    timed = {**new, "lastTransitionTime": since}
    if has_update_time:
        is_same = old is not None and all(old.get(name) == new.get(name) for name in ("status", "reason", "message"))
        timed["lastUpdateTime"] = old["lastUpdateTime"] if old is not None and is_same else now
    return timed


def without_zeros(status: Json, *names: str) -> Json:
    """The status without those counters that are 0: Go's `omitempty` leaves them out."""
    return {key: value for key, value in status.items() if key not in names or value}


def timed_once(item: Json) -> Json:
    """A condition of a Job, with the times it has from its first day."""
    now = timestamp()
    return {**item, "lastProbeTime": now, "lastTransitionTime": now}


def drop_annotation(body: Json, name: str) -> bool:
    """Takes an annotation off a body, in place; the answer is whether it was there."""
    annotations = body["metadata"].get("annotations") or {}
    if name not in annotations:
        return False
    del annotations[name]
    if not annotations:
        del body["metadata"]["annotations"]
    return True
