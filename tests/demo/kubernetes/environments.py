"""A real environments repository on disk, and the manifests of small environments in it."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

_WHO = {f"GIT_{role}_{field}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")}


@dataclass(frozen=True, slots=True)
class Environments:
    """A repository with a folder for each environment, as the service commits them."""

    directory: Path

    @classmethod
    def create(cls, directory: Path) -> Self:
        """Create it with one commit."""
        directory.mkdir()
        repository = cls(directory)
        repository._git("init", "--quiet", "--initial-branch=main")
        repository.write("environments/README", "Folders below are written by Ephemera.\n")
        repository.commit()
        return repository

    @property
    def url(self) -> str:
        """Return where it is cloned from."""
        return self.directory.as_uri()

    def put(self, name: str, *objects: dict[str, Any]) -> None:
        """Write the environment's folder; these objects are all it has."""
        self.remove(name)
        for number, item in enumerate(objects):
            self.write(f"{folder(name)}/{number:02}-{item['kind'].lower()}.yaml", yaml.safe_dump(item))

    def remove(self, name: str) -> None:
        """Remove the environment's folder."""
        self._git("rm", "-rqf", "--ignore-unmatch", folder(name))

    def write(self, path: str, text: str) -> None:
        """Write one file."""
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def commit(self, ref: str = "") -> str:
        """Commit everything; return the commit's id, which the ref is moved to as well when one is named."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message=change")
        head = self._git("rev-parse", "HEAD")
        if ref:
            self._git("update-ref", ref, head)
        return head

    def push(self, url: str, environment: Mapping[str, str]) -> None:
        """Push `main` to another repository, over what is there."""
        self._git("push", "--quiet", "--force", url, "main", environment=environment)

    def _git(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        command = ["git", "-C", str(self.directory), *arguments]
        variables = {**os.environ, **_WHO, **(environment or {})}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
        return done.stdout.strip()


def folder(name: str) -> str:
    """Return where an environment's manifests lie."""
    return f"environments/local/acme/shop/{name}"


def namespace(name: str) -> dict[str, Any]:
    """Return the Namespace of an environment."""
    annotations = {"argocd.argoproj.io/sync-wave": "-40"}
    metadata = {"name": name, "labels": {"ephemera.dev/environment": name}, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def config_map(environment: str, name: str, **data: str) -> dict[str, Any]:
    """Return a ConfigMap."""
    metadata = {"name": name, "namespace": environment}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(environment: str, sha: str, *, replicas: int = 1, name: str = "web") -> dict[str, Any]:
    """Return a Deployment that carries its commit on itself and on its pods."""
    annotations = {"ephemera.dev/head-sha": sha}
    labels = {"app.kubernetes.io/name": name, "ephemera.dev/environment": environment}
    container = {"name": "app", "image": f"ghcr.io/acme/shop:{sha}", "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": [container]}}
    selector = {"matchLabels": {"app.kubernetes.io/name": name}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": environment, "labels": labels, "annotations": annotations},
        "spec": {"replicas": replicas, "selector": selector, "template": template},
    }


def job(environment: str, name: str, *, wave: int = 0, backoff_limit: int = 2) -> dict[str, Any]:
    """Return a Job that runs once."""
    container = {"name": "migrate", "image": "ghcr.io/acme/shop:migrations"}
    spec = {"restartPolicy": "Never", "containers": [container]}
    annotations = {"argocd.argoproj.io/sync-wave": str(wave)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": environment, "annotations": annotations},
        "spec": {"backoffLimit": backoff_limit, "template": {"metadata": {"labels": {"job": name}}, "spec": spec}},
    }
