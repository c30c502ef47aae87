"""Kubernetes objects out of YAML files, as the API takes them."""

from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]


def read_documents(text: str) -> list[Json]:
    """The documents of a YAML text in order, empty ones left out."""
    return [document for document in yaml.safe_load_all(text) if document]


def read_folder(folder: Path) -> list[Json]:
    """Those of all `.yaml` files directly in `folder`, by name, what kustomize alone reads left out."""
    files = [path for path in sorted(folder.glob("*.yaml")) if path.name != "kustomization.yaml"]
    return [document for path in files for document in read_documents(path.read_text())]


def namespace(name: str) -> Json:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def in_namespace(document: Json, name: str) -> Json:
    """The same object, placed in a namespace."""
    return document | {"metadata": document["metadata"] | {"namespace": name}}
