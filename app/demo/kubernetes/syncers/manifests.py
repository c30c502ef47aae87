"""Manifests out of a folder of the repository, parsed once for each version of a file."""

import re
from dataclasses import dataclass, replace

import yaml

from app.demo.kubernetes.apiserver.kinds import Json
from app.demo.kubernetes.syncers.mirror import Mirror

_SUFFIXES = (".yaml", ".yml", ".json")
_WAVE = "argocd.argoproj.io/sync-wave"
_FIRST_KINDS = (
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "Service",
    "Deployment",
    "StatefulSet",
    "Job",
    "Ingress",
)
"""The order of kinds within a wave: argo-cd gitops-engine/pkg/sync/sync_tasks.go, shortened to what is served."""


class ManifestError(Exception):
    """A file that is no manifest; names the file."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object as the repository has it."""

    path: str
    blob: str
    body: Json

    @property
    def wave(self) -> int:
        """The sync wave that it asks for; 0 when it asks for none."""
        annotations = (self.body.get("metadata") or {}).get("annotations") or {}
        return int(annotations.get(_WAVE, 0))


class Manifests:
    """Reads folders and remembers what it parsed."""

    def __init__(self) -> None:
        self._parsed: dict[str, tuple[Json, ...]] = {}

    def read(self, mirror: Mirror, tree: str, *, is_recursive: bool) -> list[Manifest]:
        """The objects of a folder, in the order in which they are applied. `ManifestError` for what is no manifest.

        Argo CD reads a folder alone, kustomize what lies below it too.
        """
        blobs = mirror.blobs(tree, is_recursive=is_recursive)
        found = [
            Manifest(path, blob, body)
            for path, blob in blobs.items()
            if path.endswith(_SUFFIXES) and (is_recursive or _looks_like_one(mirror.content(blob)))
            for body in self._documents(mirror, path, blob)
        ]
        if is_recursive:
            found = [replace(item, body=_with_strings(item.body)) for item in found]
        return sorted(found, key=_order)

    def _documents(self, mirror: Mirror, path: str, blob: str) -> tuple[Json, ...]:
        if blob not in self._parsed:
            self._parsed[blob] = _parse(path, mirror.content(blob))
        return self._parsed[blob]


def _parse(path: str, content: bytes) -> tuple[Json, ...]:
    try:
        documents = [item for item in yaml.load_all(content, Loader=yaml.CSafeLoader) if item is not None]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(f'Failed to unmarshal "{path}": {error}') from error
    for document in documents:
        if not isinstance(document, dict) or not document.get("kind") or not document.get("apiVersion"):
            raise ManifestError(f"Failed to unmarshal \"{path}\": Object 'Kind' is missing")
    return tuple(item for item in documents if not item["apiVersion"].startswith("kustomize.config.k8s.io"))


def _looks_like_one(content: bytes) -> bool:
    """Whether Argo CD reads a file at all: reposerver/repository/repository.go, getObjsFromYAMLOrJson."""
    return all(re.search(rf"(?m)^[ \t]*{field}:".encode(), content) for field in ("apiVersion", "kind", "metadata"))


def _with_strings(body: Json) -> Json:
    """As kustomize-controller writes it: annotations are texts, and with one label that is none all labels are lost."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return body
    changed = dict(metadata)
    if isinstance(annotations := metadata.get("annotations"), dict):
        changed["annotations"] = {
            key: value if isinstance(value, str) else _yaml_text(value) for key, value in annotations.items()
        }
    labels = metadata.get("labels")
    if isinstance(labels, dict) and not all(isinstance(value, str) for value in labels.values()):
        del changed["labels"]
    return {**body, "metadata": changed}


def _yaml_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _order(manifest: Manifest) -> tuple[int, int, str]:
    kind = manifest.body["kind"]
    rank = _FIRST_KINDS.index(kind) if kind in _FIRST_KINDS else len(_FIRST_KINDS)
    return manifest.wave, rank, manifest.path
