"""Health as Argo CD judges it, and as Flux waits for it.

Source: argo-cd gitops-engine/pkg/health. An Ingress without an address is Progressing.
"""

from collections.abc import Callable, Iterable

from app.demo.kubernetes.apiserver import kinds
from app.demo.kubernetes.apiserver.kinds import Json
from app.demo.kubernetes.apiserver.store import Record

_Judge = Callable[[Record, Json, Json], tuple[str, str]]
_ORDER = ("Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown")


def worst(healths: Iterable[str]) -> str:
    """The least healthy of some states; Healthy when there are none."""
    return max(healths, key=_ORDER.index, default="Healthy")


def health_of(record: Record) -> tuple[str, str] | None:
    """Status and message of an object, or None for kinds that have no health."""
    status, spec = record.body.get("status") or {}, record.body.get("spec") or {}
    if "deletionTimestamp" in record.body["metadata"]:
        return "Progressing", "Pending deletion"
    judges: dict[kinds.Kind, _Judge] = {kinds.DEPLOYMENT: _deployment, kinds.STATEFUL_SET: _stateful_set}
    judges |= {kinds.JOB: _job, kinds.INGRESS: _ingress, kinds.SERVICE: _service}
    judge = judges.get(record.kind)
    return judge(record, status, spec) if judge else None


def _deployment(record: Record, status: Json, spec: Json) -> tuple[str, str]:
    if record.body["metadata"]["generation"] > status.get("observedGeneration", 0):
        message = "Waiting for rollout to finish: observed deployment generation less than desired generation"
        return "Progressing", message
    conditions = {item["type"]: item for item in status.get("conditions", ())}
    if conditions.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded":
        return "Degraded", f'Deployment "{record.name}" exceeded its progress deadline'
    updated, wanted = status.get("updatedReplicas", 0), spec["replicas"]
    if updated < wanted:
        return (
            "Progressing",
            f"Waiting for rollout to finish: {updated} out of {wanted} new replicas have been updated...",
        )
    if status.get("replicas", 0) > updated:
        waiting = status["replicas"] - updated
        return "Progressing", f"Waiting for rollout to finish: {waiting} old replicas are pending termination..."
    available = status.get("availableReplicas", 0)
    if available < updated:
        message = f"Waiting for rollout to finish: {available} of {updated} updated replicas are available..."
        return "Progressing", message
    return "Healthy", ""


def _stateful_set(record: Record, status: Json, spec: Json) -> tuple[str, str]:
    if record.body["metadata"]["generation"] > status.get("observedGeneration", 0):
        return "Progressing", "Waiting for statefulset spec update to be observed..."
    if status.get("readyReplicas", 0) < spec["replicas"]:
        return "Progressing", f"Waiting for {spec['replicas'] - status.get('readyReplicas', 0)} pods to be ready..."
    if status.get("updateRevision") != status.get("currentRevision"):
        return "Progressing", "waiting for statefulset rolling update to complete"
    return "Healthy", ""


def _job(_record: Record, status: Json, _spec: Json) -> tuple[str, str]:
    for item in status.get("conditions", ()):
        if item["type"] == "Failed" and item["status"] == "True":
            return "Degraded", item.get("message", "")
        if item["type"] == "Complete" and item["status"] == "True":
            return "Healthy", item.get("message", "")
    return "Progressing", ""


def _ingress(_record: Record, status: Json, _spec: Json) -> tuple[str, str]:
    return ("Healthy", "") if status.get("loadBalancer", {}).get("ingress") else ("Progressing", "")


def _service(_record: Record, _status: Json, _spec: Json) -> tuple[str, str]:
    return "Healthy", ""
