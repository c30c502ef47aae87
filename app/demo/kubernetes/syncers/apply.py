"""Applying manifests: create what is missing, change what differs, keep what the cluster added.

The last applied manifest is kept on the object, as `kubectl apply` does it: what left the manifest leaves the object,
what others wrote stays.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.demo.kubernetes.apiserver.errors import ApiError, forbidden
from app.demo.kubernetes.apiserver.kinds import Json, Kind, kind_of, served_at
from app.demo.kubernetes.apiserver.store import Record, encode
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.workloads.failures import Failures

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SYNC_OPTIONS = "argocd.argoproj.io/sync-options"


@dataclass(frozen=True, slots=True)
class Marks:
    """What a syncer writes on the objects it applies, to know them again."""

    annotations: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


class Applier:
    """Writes manifests into the cluster."""

    def __init__(self, verbs: Verbs, failures: Failures) -> None:
        self._verbs = verbs
        self._failures = failures

    def target(self, body: Json, namespace: str) -> Target:
        """Where a manifest's object lies. `ApiError` when the cluster does not serve its kind."""
        kind = kind_of(body)
        metadata = body.get("metadata") or {}
        name = str(metadata.get("name", ""))
        if kind is None:
            group, _, _ = str(body.get("apiVersion", "")).rpartition("/")
            raise ApiError(
                404,
                "NotFound",
                f"The Kubernetes API could not find {group}/{body.get('kind')} for requested resource"
                f' {namespace}/{name}. Make sure the "{body.get("kind")}" CRD is installed on the destination cluster.',
            )
        return Target(kind, (metadata.get("namespace") or namespace) if kind.is_namespaced else "", name)

    def apply(self, body: Json, target: Target, marks: Marks) -> str:
        """Writes one manifest; the answer is `created`, `configured` or `unchanged`. `ApiError` when it is refused."""
        self._check_allowed(target)
        # The namespace controller makes a ServiceAccount of its own; looking and writing must be one step.
        with self._verbs.store.lock:
            return self._write(_marked(body, marks), target)

    def differs(self, body: Json, target: Target, marks: Marks) -> bool:
        """Whether applying the manifest would change anything. `ApiError` when it would be refused."""
        wanted = _marked(body, marks)
        with self._verbs.store.lock:
            present = self._verbs.store.find(target.kind, target.namespace, target.name)
            if present is None:
                return True
            if _must_be_replaced(wanted):
                return _content(_merged(present.copy(), wanted)) != _content(present.body)
            return self._verbs.change(target, lambda current: _merged(current, wanted), is_dry_run=True) is not present

    def check(self, body: Json, target: Target, marks: Marks) -> None:
        """Raises `ApiError` when the API would refuse the manifest; writes nothing."""
        self._check_allowed(target)
        wanted = _marked(body, marks)
        with self._verbs.store.lock:
            if self._verbs.store.find(target.kind, target.namespace, target.name) is None:
                self._verbs.create(Target(target.kind, target.namespace), wanted, is_dry_run=True)
            else:
                self._verbs.change(target, lambda current: _merged(current, wanted), is_dry_run=True)

    def remove(self, targets: Iterable[Target]) -> list[Record]:
        """Deletes what of the targets exists; the answer is what is still there."""
        rest: list[Record] = []
        for target in targets:
            record = self._verbs.store.find(target.kind, target.namespace, target.name)
            if record is not None and "deletionTimestamp" not in record.body["metadata"]:
                self._verbs.delete(target)
                record = self._verbs.store.find(target.kind, target.namespace, target.name)
            if record is not None:
                rest.append(record)
        return rest

    def _write(self, wanted: Json, target: Target) -> str:
        present = self._verbs.store.find(target.kind, target.namespace, target.name)
        if present is not None and _must_be_replaced(wanted):
            if _content(_merged(present.copy(), wanted)) == _content(present.body):
                return "unchanged"
            self._verbs.delete(target)
            present = self._verbs.store.find(target.kind, target.namespace, target.name)
        if present is None:
            self._verbs.create(Target(target.kind, target.namespace), wanted)
            return "created"
        written = self._verbs.change(target, lambda current: _merged(current, wanted))
        return "unchanged" if written.revision == present.revision else "configured"

    def _check_allowed(self, target: Target) -> None:
        namespace = target.namespace or target.name
        failure = self._failures.find(namespace, (), ("refused-manifest",))
        if failure is not None and target.kind.kind == "Deployment":
            why = failure.message or 'violates PodSecurity "restricted:latest": runAsNonRoot != true'
            raise forbidden(target.kind, target.name, why)


def target_of(group: str, version: str, kind: str, namespace: str, name: str) -> Target | None:
    """The target of an entry in an inventory, or None when its kind is not served."""
    found: Kind | None = kind_of({"apiVersion": f"{group}/{version}".lstrip("/"), "kind": kind})
    if found is None or served_at(found.group, found.version, found.plural) is None:
        return None
    return Target(found, namespace, name)


def _marked(body: Json, marks: Marks) -> Json:
    # A copy down to the last list: what is stored gets defaults filled in, and a manifest is read but once.
    body = json.loads(encode(body))
    metadata = dict(body.get("metadata") or {})
    applied = encode({**body, "metadata": {**metadata, "annotations": metadata.get("annotations") or {}}}).decode()
    metadata["annotations"] = {
        **(metadata.get("annotations") or {}),
        **dict(marks.annotations),
        LAST_APPLIED: f"{applied}\n",
    }
    if marks.labels:
        metadata["labels"] = {**(metadata.get("labels") or {}), **dict(marks.labels)}
    return {**body, "metadata": metadata}


def _merged(current: Json, wanted: Json) -> Json:
    annotations = current["metadata"].get("annotations") or {}
    last = json.loads(annotations.get(LAST_APPLIED, "{}"))
    merged: Json = _three_way(current, last, wanted)
    merged["metadata"].pop("resourceVersion", None)
    return merged


def _three_way(current: Any, last: Any, wanted: Any) -> Any:
    if not isinstance(wanted, dict) or not isinstance(current, dict):
        return wanted
    known = last if isinstance(last, dict) else {}
    merged = {key: value for key, value in current.items() if key in wanted or key not in known}
    for key, value in wanted.items():
        if value is not None:
            merged[key] = _three_way(current.get(key), known.get(key), value)
    return merged


def _must_be_replaced(body: Json) -> bool:
    """Whether Argo CD is to delete and create the object instead of changing it, as a Job needs."""
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    options = {option.strip() for option in str(annotations.get(_SYNC_OPTIONS, "")).split(",")}
    return {"Replace=true", "Force=true"} <= options


def _content(body: Json) -> Json:
    annotations = body["metadata"].get("annotations") or {}
    return {"applied": annotations.get(LAST_APPLIED), "labels": body["metadata"].get("labels")}
