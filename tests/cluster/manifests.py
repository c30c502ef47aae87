"""Manifests of a small environment, with the labels and annotations that Ephemera's own carry."""

from typing import Any

from gitops.labels import GENERATION, HEAD_SHA, MANAGED_BY, MANAGER

Json = dict[str, Any]


def namespace(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {MANAGED_BY: MANAGER}}}


def deployment(environment: str, sha: str, generation: int = 1, *, replicas: int = 2) -> Json:
    labels = {MANAGED_BY: MANAGER, "app.kubernetes.io/name": "web"}
    container = {"name": "web", "image": f"ghcr.io/acme/shop:{sha}"}
    annotations = {HEAD_SHA: sha, GENERATION: str(generation)}
    template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": environment, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app.kubernetes.io/name": "web"}},
            "template": template,
        },
    }


def job(environment: str, sha: str) -> Json:
    labels = {MANAGED_BY: MANAGER, "app.kubernetes.io/name": "migrate"}
    annotations = {HEAD_SHA: sha, GENERATION: "1"}
    container = {"name": "migrate", "image": "ghcr.io/acme/shop:migrations"}
    template = {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate", "namespace": environment, "labels": labels},
        "spec": {"backoffLimit": 1, "template": template},
    }
