"""Deployments, StatefulSets, DaemonSets and Jobs as the API tells them.

The rules of readiness are those of `kubectl rollout status`
(k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go), with every replica available as well.
"""

from collections.abc import Mapping
from typing import Any

from app.cluster.seen import SeenWorkload, commit_of, conditions_of, revision_of
from app.cluster.why import deadline, refusal, told
from app.domain.health import Cause, Problem, Workload

Raw = Mapping[str, Any]


def read_deployment(raw: Raw) -> SeenWorkload:
    """Ready when all replicas are of the newest template and available, and none of an older one is left."""
    wanted, status = _replicas(raw), _status(raw)
    is_rolled_out = status.get("updatedReplicas", 0) == status.get("replicas", 0) == wanted
    is_ready = is_rolled_out and status.get("availableReplicas", 0) >= wanted
    return _seen("Deployment", raw, is_ready=is_ready, problem=_deployment_problem(raw))


def read_stateful_set(raw: Raw) -> SeenWorkload:
    """Ready when all replicas are of the newest revision and available."""
    wanted, status = _replicas(raw), _status(raw)
    is_rolled_out = status.get("updatedReplicas", 0) == status.get("replicas", 0) == wanted
    # The controller moves currentRevision up to updateRevision when the rollout is done.
    is_current = status.get("currentRevision") == status.get("updateRevision")
    is_ready = is_rolled_out and is_current and status.get("availableReplicas", 0) >= wanted
    return _seen("StatefulSet", raw, is_ready=is_ready, problem=None)


def read_daemon_set(raw: Raw) -> SeenWorkload:
    """Ready when every node that should run it has an available pod of the newest template."""
    status = _status(raw)
    wanted = status.get("desiredNumberScheduled", 0)
    is_rolled_out = status.get("updatedNumberScheduled", 0) == wanted
    is_ready = is_rolled_out and status.get("numberAvailable", 0) >= wanted
    return _seen("DaemonSet", raw, is_ready=is_ready, problem=None)


def read_job(raw: Raw) -> SeenWorkload:
    """Ready when it is complete. It fails for good: its pods are tried again by itself, the Job is not."""
    conditions = conditions_of(raw)
    failure = conditions.get("Failed", {})
    problem = None
    if failure.get("status") == "True":
        words = failure.get("message") or failure.get("reason") or "failed"
        problem = Problem(Cause.JOB_FAILED, f"Job/{raw['metadata']['name']}", told(words))
    is_complete = conditions.get("Complete", {}).get("status") == "True"
    return _seen("Job", raw, is_ready=is_complete, problem=problem, is_observed=True)


def _seen(
    kind: str, raw: Raw, *, is_ready: bool, problem: Problem | None, is_observed: bool | None = None
) -> SeenWorkload:
    metadata = raw["metadata"]
    head_sha, generation = commit_of(raw["spec"]["template"].get("metadata") or {})
    if is_observed is None:
        is_observed = _status(raw).get("observedGeneration", 0) >= metadata.get("generation", 0)
    workload = Workload(
        name=f"{kind}/{metadata['name']}",
        head_sha=head_sha,
        generation=generation,
        is_ready=is_observed and is_ready,
        # What the controller says of a template that it has not seen yet is about the one before.
        problem=problem if is_observed and not is_ready else None,
    )
    return SeenWorkload(metadata["namespace"], revision_of(raw), workload, changed_at=_changed_at(metadata))


def _changed_at(metadata: Mapping[str, Any]) -> str:
    """By what the API server notes of each writer (apimachinery pkg/apis/meta/v1/types.go, ManagedFieldsEntry)."""
    writes = (each for each in metadata.get("managedFields") or () if each.get("subresource") != "status")
    return max((str(write.get("time", "")) for write in writes), default="")


def _deployment_problem(raw: Raw) -> Problem | None:
    """What a Deployment's conditions tell (k8s.io/kubernetes/pkg/controller/deployment/util/deployment_util.go)."""
    where = f"Deployment/{raw['metadata']['name']}"
    conditions = conditions_of(raw)
    failure, progress = conditions.get("ReplicaFailure", {}), conditions.get("Progressing", {})
    if failure.get("status") == "True":
        cause, words = refusal(failure.get("message") or failure.get("reason") or "no pod can be created")
        return Problem(cause, where, words)
    if progress.get("status") == "False" and progress.get("reason") == "ProgressDeadlineExceeded":
        return Problem(Cause.DEADLINE, where, told(deadline(progress.get("message") or "ProgressDeadlineExceeded")))
    return None


def _replicas(raw: Raw) -> int:
    replicas = raw["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def _status(raw: Raw) -> Mapping[str, Any]:
    return raw.get("status") or {}
