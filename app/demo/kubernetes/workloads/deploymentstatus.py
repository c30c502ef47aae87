"""The status of a Deployment: its counters, and the conditions Available, Progressing and ReplicaFailure.

Source: k8s.io/kubernetes/pkg/controller/deployment/{sync,progress}.go.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from app.demo.kubernetes.apiserver.kinds import Json
from app.demo.kubernetes.apiserver.metadata import parse_timestamp
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.workloads.objects import condition, with_conditions, without_zeros
from app.demo.kubernetes.workloads.rollout import rollout_limits

_COUNTERS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


def deployment_status(deployment: Record, newest: Record, old: Sequence[Record]) -> Json:
    """The status that follows from the ReplicaSets as they are."""
    sets = [newest, *old]
    available = _sum(sets, "availableReplicas")
    counts = {
        "observedGeneration": deployment.body["metadata"]["generation"],
        "replicas": _sum(sets, "replicas"),
        "updatedReplicas": newest.body["status"].get("replicas", 0),
        "readyReplicas": _sum(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(item.body["spec"]["replicas"] for item in sets) - available),
        "terminatingReplicas": _sum(sets, "terminatingReplicas"),
    }
    before = deployment.body["status"].get("conditions", ())
    conditions = _conditions(deployment, newest, sets, counts)
    return {
        **without_zeros(counts, *_COUNTERS),
        "conditions": with_conditions(before, conditions, has_update_time=True),
    }


def is_complete(deployment: Record) -> bool:
    """Whether the written status says that the rollout is over."""
    return _is_complete(deployment, deployment.body["status"])


def _is_complete(deployment: Record, counts: Json) -> bool:
    replicas = deployment.body["spec"]["replicas"]
    names = ("updatedReplicas", "replicas", "availableReplicas")
    is_seen = counts.get("observedGeneration", 0) >= deployment.body["metadata"]["generation"]
    return is_seen and all(counts.get(name, 0) == replicas for name in names)


def _conditions(deployment: Record, newest: Record, sets: Sequence[Record], counts: Json) -> list[Json]:
    conditions = [_available(deployment, counts), _progressing(deployment, newest, counts)]
    failing = [item for record in sets for item in record.body["status"].get("conditions", ())]
    if failing:
        conditions.append(condition("ReplicaFailure", "True", failing[0]["reason"], failing[0]["message"]))
    return conditions


def _available(deployment: Record, counts: Json) -> Json:
    spec = deployment.body["spec"]
    if counts["availableReplicas"] >= spec["replicas"] - rollout_limits(spec).unavailable:
        return condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    message = "Deployment does not have minimum availability."
    return condition("Available", "False", "MinimumReplicasUnavailable", message)


def _progressing(deployment: Record, newest: Record, counts: Json) -> Json:
    if _is_complete(deployment, counts):
        message = f'ReplicaSet "{newest.name}" has successfully progressed.'
        return condition("Progressing", "True", "NewReplicaSetAvailable", message)
    before = _written(deployment, "Progressing")
    if before is not None and _has_timed_out(deployment, before, counts):
        message = f'ReplicaSet "{newest.name}" has timed out progressing.'
        return condition("Progressing", "False", "ProgressDeadlineExceeded", message)
    if not counts["replicas"]:
        return condition("Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{newest.name}"')
    message = f'ReplicaSet "{newest.name}" is progressing.'
    return condition("Progressing", "True", "ReplicaSetUpdated", message)


def _has_timed_out(deployment: Record, progressing: Json, counts: Json) -> bool:
    """A rollout that is past its deadline and has not moved; one that has timed out stays so until it moves."""
    status = deployment.body["status"]
    is_new = status.get("observedGeneration") != deployment.body["metadata"]["generation"]
    has_moved = any(counts[name] > status.get(name, 0) for name in _COUNTERS[1:4])
    if is_new or has_moved or progressing["reason"] == "NewReplicaSetAvailable":
        return False
    if progressing["reason"] == "ProgressDeadlineExceeded":
        return True
    since = (datetime.now(UTC) - parse_timestamp(progressing["lastUpdateTime"])).total_seconds()
    return bool(since >= deployment.body["spec"]["progressDeadlineSeconds"])


def _written(deployment: Record, kind: str) -> Json | None:
    conditions: Iterable[Json] = deployment.body["status"].get("conditions", ())
    return next((item for item in conditions if item["type"] == kind), None)


def _sum(sets: Iterable[Record], name: str) -> int:
    return sum(item.body["status"].get(name, 0) for item in sets)
