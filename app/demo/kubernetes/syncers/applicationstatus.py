"""The status of an Application, in Argo CD's shape: pkg/apis/application/v1alpha1/types.go."""

from collections.abc import Iterable, Sequence

from app.demo.kubernetes.apiserver.kinds import Json
from app.demo.kubernetes.apiserver.metadata import timestamp
from app.demo.kubernetes.apiserver.store import Record, Store
from app.demo.kubernetes.apiserver.verbs import Target
from app.demo.kubernetes.syncers.health import health_of, worst
from app.demo.kubernetes.syncers.operation import Operation
from app.demo.kubernetes.workloads.objects import images_of

_KEPT_HISTORY = 10


def application_status(
    application: Record, store: Store, operation: Operation, targets: Sequence[Target], revision: str
) -> Json:
    """The status after an operation's present step, with the targets as the Application's resources."""
    old = application.body.get("status") or {}
    is_synced = operation.phase == "Succeeded"
    resources = [_resource(store, target, is_synced=is_synced) for target in targets]
    health = worst(item["health"]["status"] for item in resources if "health" in item)
    spec = application.body["spec"]
    status: Json = {
        "sync": {
            "status": "Synced" if is_synced else "OutOfSync",
            "revision": revision,
            "comparedTo": {"source": spec["source"], "destination": spec["destination"]},
        },
        "health": _health(old, health),
        "resources": resources,
        "operationState": _operation_state(operation, spec),
        "history": _history(old, operation, spec),
        "sourceType": "Directory",
        "controllerNamespace": application.namespace,
        "summary": {"images": sorted(_images(store, targets))},
        "reconciledAt": timestamp(),
    }
    if conditions := _conditions(old, operation):
        status["conditions"] = conditions
    return status


def comparison_failed(application: Record, message: str) -> Json:
    """The status of an Application whose manifests cannot be had."""
    old = application.body.get("status") or {}
    now = timestamp()
    condition = {"type": "ComparisonError", "message": message, "lastTransitionTime": now}
    before = next((item for item in old.get("conditions", ()) if item["type"] == "ComparisonError"), None)
    if before is not None and before["message"] == message:
        condition = before
    sync = {**(old.get("sync") or {}), "status": "Unknown"}
    return {"health": _health(old, "Healthy"), **old, "sync": sync, "conditions": [condition]}


def _resource(store: Store, target: Target, *, is_synced: bool) -> Json:
    kind = target.kind
    entry: Json = {"version": kind.version, "kind": kind.kind, "name": target.name}
    if kind.group:
        entry["group"] = kind.group
    if target.namespace:
        entry["namespace"] = target.namespace
    record = store.find(kind, target.namespace, target.name)
    entry["status"] = "Synced" if is_synced and record else "OutOfSync"
    health = health_of(record) if record else ("Missing", "")
    if health is not None:
        entry["health"] = {"status": health[0], **({"message": health[1]} if health[1] else {})}
    return entry


def _health(old: Json, status: str) -> Json:
    before = old.get("health") or {}
    return before if before.get("status") == status else {"status": status, "lastTransitionTime": timestamp()}


def _operation_state(operation: Operation, spec: Json) -> Json:
    state: Json = {
        "operation": {
            "initiatedBy": {"automated": True},
            "retry": {"limit": 5},
            "sync": {"prune": True, "revision": operation.revision},
        },
        "phase": operation.phase,
        "message": operation.message,
        "startedAt": operation.started_at,
        "syncResult": {"revision": operation.revision, "resources": operation.results, "source": spec["source"]},
    }
    if operation.finished_at:
        state["finishedAt"] = operation.finished_at
    return state


def _conditions(old: Json, operation: Operation) -> list[Json]:
    if operation.phase not in {"Failed", "Error"}:
        return []
    message = f"Failed last sync attempt to {operation.revision}: {operation.message}"
    before = next((item for item in old.get("conditions", ()) if item.get("message") == message), None)
    return [before or {"type": "SyncError", "message": message, "lastTransitionTime": timestamp()}]


def _history(old: Json, operation: Operation, spec: Json) -> list[Json]:
    history: list[Json] = list(old.get("history", ()))
    last = (history[-1]["revision"], history[-1]["deployStartedAt"]) if history else None
    if operation.phase != "Succeeded" or last == (operation.revision, operation.started_at):
        return history
    entry = {
        "id": history[-1]["id"] + 1 if history else 0,
        "revision": operation.revision,
        "deployStartedAt": operation.started_at,
        "deployedAt": operation.finished_at,
        "initiatedBy": {"automated": True},
        "source": spec["source"],
    }
    return [*history, entry][-_KEPT_HISTORY:]


def _images(store: Store, targets: Iterable[Target]) -> set[str]:
    images: set[str] = set()
    for target in targets:
        record = store.find(target.kind, target.namespace, target.name)
        template = (record.body.get("spec") or {}).get("template") if record else None
        if template:
            images.update(images_of(template.get("spec") or {}))
    return images
