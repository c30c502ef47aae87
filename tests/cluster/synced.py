"""Argo CD's and Flux's objects for one environment, as the API server sends them."""

from typing import Any

from tests.cluster.raw import NAMESPACE, Json, condition

OLD, NEW = "1" * 40, "2" * 40
EARLY = "2031-01-01T00:00:05Z"
READY = condition("Ready", "True", "ReconciliationSucceeded", "Applied revision")


def application(revision: int = 1, **status: Any) -> Json:
    """An Application of ours, as of its own ref."""
    source = {"path": f"environments/main/acme/shop/{NAMESPACE}", "targetRevision": f"refs/environments/{NAMESPACE}"}
    return {
        "metadata": {"name": NAMESPACE, "namespace": "argocd", "resourceVersion": str(revision)},
        "spec": {"source": source, "destination": {"namespace": NAMESPACE}},
        "status": status,
    }


def compared(status: str, revision: str = NEW) -> Json:
    return {"status": status, "revision": revision}


def operation(phase: str, revision: str = NEW, message: str = "", finished: str | None = EARLY, **more: Any) -> Json:
    state: Json = {"phase": phase, "message": message, "operation": {"sync": {"revision": revision}}, **more}
    if finished:
        state["finishedAt"] = finished
    return state | {"syncResult": {"revision": revision}}


def at(commit: str) -> str:
    return f"refs/environments/{NAMESPACE}@sha1:{commit}" if commit else ""


def failed(reason: str, message: str = "it failed") -> Json:
    return condition("Ready", "False", reason, message)


def kustomization(*conditions: Json, applied: str = "", tried: str = "", observed: int = 2, **spec: Any) -> Json:
    """A Kustomization of ours, on its own source."""
    return {
        "metadata": {"name": NAMESPACE, "namespace": "flux-system", "generation": 2, "resourceVersion": "1"},
        "spec": {
            "path": f"./environments/main/acme/shop/{NAMESPACE}",
            "sourceRef": {"kind": "GitRepository", "name": NAMESPACE},
        }
        | spec,
        "status": {
            "conditions": list(conditions),
            "observedGeneration": observed,
            "lastAppliedRevision": at(applied),
            "lastAttemptedRevision": at(tried),
        },
    }


def source(*conditions: Json, name: str = NAMESPACE, ref: str = f"refs/environments/{NAMESPACE}") -> Json:
    return {
        "metadata": {"name": name, "namespace": "flux-system", "resourceVersion": "1"},
        "spec": {"url": "https://github.com/acme/environments", "ref": {"name": ref}},
        "status": {"conditions": list(conditions)},
    }
