"""The status of an Application, in Argo CD's shape: pkg/apis/application/v1alpha1/types.go."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.kinds import INGRESS, Json
from app.demo.kubernetes.apiserver.metadata import timestamp
from app.demo.kubernetes.apiserver.store import Record, Store
from app.demo.kubernetes.apiserver.verbs import Target
from app.demo.kubernetes.syncers.health import health_of, worst
from app.demo.kubernetes.syncers.operation import Operation
from app.demo.kubernetes.workloads.objects import images_of

_KEPT_HISTORY = 10


@dataclass(frozen=True, slots=True)
class Resources:
    """The objects of an Application, and which of them are not as they were applied."""

    targets: tuple[Target, ...]
    drifted: frozenset[Target] = frozenset()


def application_status(
    application: Record, store: Store, operation: Operation, objects: Resources, revision: str
) -> Json:
    """The status after an operation's present step."""
    old = application.body.get("status") or {}
    targets = objects.targets
    is_applied = operation.phase == "Succeeded"
    is_synced = is_applied and not objects.drifted
    resources = [_resource(store, target, is_synced=is_applied and target not in objects.drifted) for target in targets]
    health = worst(_health_of(store, target) for target in targets)
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
        "resourceHealthSource": "appTree",
        "controllerNamespace": application.namespace,
        "summary": _summary(store, targets),
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
    return entry


def _health_of(store: Store, target: Target) -> str:
    """Told for the whole Application alone: that of single objects is kept elsewhere (`resourceHealthSource`)."""
    record = store.find(target.kind, target.namespace, target.name)
    health = health_of(record) if record else ("Missing", "")
    return health[0] if health else "Healthy"


def _health(old: Json, status: str) -> Json:
    before = old.get("health") or {}
    return before if before.get("status") == status else {"status": status, "lastTransitionTime": timestamp()}


def _operation_state(operation: Operation, spec: Json) -> Json:
    retry = (spec.get("syncPolicy") or {}).get("retry") or {"limit": 5}
    state: Json = {
        "operation": {
            "initiatedBy": {"automated": True},
            "retry": retry,
            "sync": {"prune": True, "revision": operation.revision},
        },
        "phase": operation.phase,
        "message": operation.message,
        "startedAt": operation.started_at,
        "syncResult": {"revision": operation.revision, "resources": operation.results, "source": spec["source"]},
    }
    if operation.retries:
        state["retryCount"] = operation.retries
    if operation.finished_at:
        state["finishedAt"] = operation.finished_at
    return state


def _conditions(old: Json, operation: Operation) -> list[Json]:
    if operation.phase not in {"Failed", "Error"}:
        return []
    message = f"Failed last sync attempt to [{operation.revision}]: {operation.message}"
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


def _summary(store: Store, targets: Sequence[Target]) -> Json:
    summary: Json = {}
    if images := sorted(_images(store, targets)):
        summary["images"] = images
    if urls := sorted(url for target in targets if target.kind is INGRESS for url in _urls(store, target)):
        summary["externalURLs"] = urls
    return summary


def _urls(store: Store, target: Target) -> Iterator[str]:
    """The addresses of an Ingress, once it has one: controller/cache/info.go, populateIngressInfo."""
    record = store.find(target.kind, target.namespace, target.name)
    if record is None or not (record.body.get("status") or {}).get("loadBalancer", {}).get("ingress"):
        return
    spec = record.body.get("spec") or {}
    secure = {host for entry in spec.get("tls") or () for host in entry.get("hosts") or ()}
    for rule in spec.get("rules") or ():
        host = rule.get("host")
        paths: list[Json] = (rule.get("http") or {}).get("paths") or [{}]
        for path in paths:
            if host:
                place = str(path.get("path") or "").rstrip("*")
                yield f"{'https' if host in secure else 'http'}://{host}{place}"


def _images(store: Store, targets: Iterable[Target]) -> set[str]:
    images: set[str] = set()
    for target in targets:
        record = store.find(target.kind, target.namespace, target.name)
        template = (record.body.get("spec") or {}).get("template") if record else None
        if template:
            images.update(images_of(template.get("spec") or {}))
    return images
