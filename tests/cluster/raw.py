"""Objects as the API server sends them, with all that a test does not care about filled in."""

from typing import Any

Json = dict[str, Any]

SHA = "a" * 40
OLDER_SHA = "b" * 40
NAMESPACE = "pr-7-shop"
HASH = "5d9c8b7f"


def annotations(sha: str = SHA, generation: int = 3) -> Json:
    return {"ephemera.dev/head-sha": sha, "ephemera.dev/generation": str(generation)}


def namespace(name: str = NAMESPACE, revision: int = 1, *, deleting: bool = False, **status: Any) -> Json:
    metadata: Json = {"name": name, "resourceVersion": str(revision)}
    if deleting:
        metadata["deletionTimestamp"] = "2031-01-01T00:00:00Z"
    return {"metadata": metadata, "status": {"phase": "Terminating" if deleting else "Active"} | status}


def workload(
    name: str = "web",
    revision: int = 1,
    *,
    sha: str = SHA,
    namespace: str = NAMESPACE,
    wanted: int | None = None,
    **status: Any,
) -> Json:
    return {
        "metadata": {"name": name, "namespace": namespace, "generation": 2, "resourceVersion": str(revision)},
        "spec": ({} if wanted is None else {"replicas": wanted})
        | {"template": {"metadata": {"annotations": annotations(sha)}}},
        "status": status,
    }


def ready_deployment(name: str = "web", revision: int = 1, *, sha: str = SHA, namespace: str = NAMESPACE) -> Json:
    counts: Json = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "observedGeneration": 2}
    return workload(name, revision, sha=sha, namespace=namespace, **counts)


def pod(
    name: str = f"web-{HASH}-x2x4z",
    revision: int = 1,
    *,
    sha: str = SHA,
    generation: int = 3,
    owner: tuple[str, str] | None = ("ReplicaSet", f"web-{HASH}"),
    deleting: bool = False,
    **status: Any,
) -> Json:
    metadata: Json = {
        "name": name,
        "namespace": NAMESPACE,
        "resourceVersion": str(revision),
        "annotations": annotations(sha, generation),
        "labels": {"pod-template-hash": HASH},
    }
    if owner:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "controller": True}]
    if deleting:
        metadata["deletionTimestamp"] = "2031-01-01T00:00:00Z"
    return {"metadata": metadata, "status": status}


def container(name: str = "app", *, restarts: int = 0, last: Json | None = None, **state: Any) -> Json:
    return {
        "name": name,
        "ready": False,
        "restartCount": restarts,
        "state": state,
        "lastState": {"terminated": last} if last else {},
    }


def waiting(reason: str, message: str = "") -> Json:
    return {"reason": reason, "message": message} if message else {"reason": reason}


def condition(kind: str, status: str, reason: str = "", message: str = "") -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": message}
