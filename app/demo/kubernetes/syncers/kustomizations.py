"""Flux's kustomize controller: a Kustomization applies a folder of its source's artifact and prunes what left it.

It acts when the artifact's revision or its spec changed, when it is poked, when its interval is over, and again after
a failure. Source: fluxcd/kustomize-controller, api/v1/kustomization_types.go.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.errors import ApiError
from app.demo.kubernetes.apiserver.kinds import GIT_REPOSITORY, KUSTOMIZATION, NAMESPACE, Json
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.syncers.apply import Applier, Marks
from app.demo.kubernetes.syncers.health import health_of
from app.demo.kubernetes.syncers.intervals import parse_interval
from app.demo.kubernetes.syncers.kustomizationstatus import (
    Outcome,
    inventory_of,
    kustomization_status,
)
from app.demo.kubernetes.syncers.manifests import Manifest, ManifestError, Manifests
from app.demo.kubernetes.syncers.mirror import GitError, Mirrors
from app.demo.kubernetes.syncers.settings import Switch
from app.demo.kubernetes.syncers.sources import hold, is_poked, release
from app.demo.kubernetes.workloads.loop import Key, Reconciler, itself
from app.demo.kubernetes.workloads.objects import is_going

_WAIT_SECONDS = 0.1
_LABEL = "kustomize.toolkit.fluxcd.io"


@dataclass(slots=True)
class _Memory:
    next_run: float = 0.0
    revision: str = ""
    generation: int = 0
    waiting_since: float | None = None


class Kustomizations:
    """The controller."""

    def __init__(self, verbs: Verbs, mirrors: Mirrors, applier: Applier, switch: Switch) -> None:
        self._verbs = verbs
        self._mirrors = mirrors
        self._applier = applier
        self._switch = switch
        self._manifests = Manifests()
        self._memories: dict[str, _Memory] = {}
        self._applied: dict[tuple[str, Target], tuple[str, int]] = {}

    def reconciler(self) -> Reconciler:
        """What the loop calls."""
        return Reconciler(self._reconcile, {KUSTOMIZATION: itself, GIT_REPOSITORY: self._users_of})

    def _users_of(self, source: Record) -> list[Key]:
        return [
            Key(record.namespace, record.name)
            for record in self._verbs.store.all(KUSTOMIZATION)
            if _source_of(record) == Target(GIT_REPOSITORY, source.namespace, source.name)
        ]

    def _reconcile(self, key: Key) -> float | None:
        record = self._verbs.get(Target(KUSTOMIZATION, key.namespace, key.name))
        if self._switch.is_paused:
            return None
        if is_going(record):
            return self._take_down(record)
        if record.body["spec"].get("suspend"):
            return None
        hold(self._verbs, record)
        record = self._verbs.get(Target(KUSTOMIZATION, key.namespace, key.name))
        memory = self._memories.setdefault(record.body["metadata"]["uid"], _Memory())
        revision = self._artifact(record)
        now = time.monotonic()
        is_changed = record.body["metadata"]["generation"] != memory.generation
        is_due = is_changed or is_poked(record) or revision != memory.revision or now >= memory.next_run
        if not is_due:
            return memory.next_run - now
        return self._run(record, memory, revision)

    def _artifact(self, record: Record) -> str:
        target = _source_of(record)
        source = self._verbs.store.find(target.kind, target.namespace, target.name)
        status = (source.body.get("status") or {}) if source else {}
        revision: str = (status.get("artifact") or {}).get("revision", "")
        return revision

    def _run(self, record: Record, memory: _Memory, revision: str) -> float:
        try:
            outcome = self._applied_outcome(record, revision)
            outcome = self._with_health(record, memory, outcome)
        except GitError as error:
            outcome = Outcome(revision, "ArtifactFailed", str(error))
        except ManifestError as error:
            outcome = Outcome(revision, "BuildFailed", str(error))
        except ApiError as error:
            outcome = Outcome(revision, "ReconciliationFailed", error.message)
        memory.revision, memory.generation = revision, record.body["metadata"]["generation"]
        seconds = self._seconds_until_next(record, outcome)
        memory.next_run = time.monotonic() + seconds
        target = Target(KUSTOMIZATION, record.namespace, record.name, "status")
        status = kustomization_status(record, outcome)
        self._verbs.change(target, lambda body: body | {"status": status})
        return seconds

    def _seconds_until_next(self, record: Record, outcome: Outcome) -> float:
        if outcome.is_ready:
            return parse_interval(record.body["spec"]["interval"])
        spec = record.body["spec"]
        again = parse_interval(spec.get("retryInterval") or spec["interval"])
        return _WAIT_SECONDS if outcome.reason == "Progressing" else again

    def _applied_outcome(self, record: Record, revision: str) -> Outcome:
        if not revision:
            return Outcome("", "ArtifactFailed", "Source artifact not found, retrying in 30s")
        manifests = self._built(record, revision)
        targets = tuple(self._applier.target(item.body, _namespace(record)) for item in manifests)
        for stage in _stages(list(zip(manifests, targets, strict=True))):
            changed = [(manifest, target) for manifest, target in stage if self._has_changed(record, manifest, target)]
            for manifest, target in changed:
                self._try(record, manifest, target, self._applier.check)
            for manifest, target in changed:
                self._try(record, manifest, target, self._applier.apply)
                self._remember(record, manifest, target)
        if record.body["spec"].get("prune"):
            self._applier.remove(item for item in inventory_of(record) if item not in targets)
        return Outcome(revision, "ReconciliationSucceeded", f"Applied revision: {revision}", targets)

    def _built(self, record: Record, revision: str) -> list[Manifest]:
        source = self._verbs.get(_source_of(record))
        mirror = self._mirrors.of(source.body["spec"]["url"])
        path = record.body["spec"].get("path", "./")
        tree = mirror.tree(revision.rpartition(":")[2], path)
        if tree is None:
            raise GitError(f"kustomization path not found: stat {path}: no such file or directory")
        return self._manifests.read(mirror, tree, is_recursive=True)

    def _has_changed(self, record: Record, manifest: Manifest, target: Target) -> bool:
        """Whether it has to be applied: a file whose object nobody has touched since then has not."""
        present = self._verbs.store.find(target.kind, target.namespace, target.name)
        known = self._applied.get((record.body["metadata"]["uid"], target))
        return present is None or known != (manifest.blob, present.revision)

    def _remember(self, record: Record, manifest: Manifest, target: Target) -> None:
        present = self._verbs.store.find(target.kind, target.namespace, target.name)
        if present is not None:
            self._applied[record.body["metadata"]["uid"], target] = (manifest.blob, present.revision)

    def _try(
        self, record: Record, manifest: Manifest, target: Target, write: Callable[[Json, Target, Marks], object]
    ) -> None:
        labels = ((f"{_LABEL}/name", record.name), (f"{_LABEL}/namespace", record.namespace))
        try:
            write(manifest.body, target, Marks(labels=labels))
        except ApiError as error:
            place = "/".join(part for part in (target.kind.kind, target.namespace, target.name) if part)
            message = f"{place} dry-run failed ({error.reason}): {error.message}"
            raise ApiError(error.code, error.reason, message) from error

    def _with_health(self, record: Record, memory: _Memory, outcome: Outcome) -> Outcome:
        """With `wait: true` it is ready only when everything applied is, or has failed when that takes too long."""
        unhealthy = [target for target in outcome.targets if not self._is_healthy(target)]
        if not record.body["spec"].get("wait") or not outcome.is_ready or not unhealthy:
            memory.waiting_since = None
            return outcome
        since = memory.waiting_since = memory.waiting_since or time.monotonic()
        waited = time.monotonic() - since
        if waited < parse_interval(record.body["spec"].get("timeout", record.body["spec"]["interval"])):
            message = f"Running health checks for revision {outcome.revision}"
            return Outcome(outcome.revision, "Progressing", message, outcome.targets)
        memory.waiting_since = None
        first = unhealthy[0]
        name = f"{first.kind.kind}/{first.namespace}/{first.name}"
        message = f"health check failed after {waited:.3f}s: timeout waiting for: [{name} status: 'InProgress']"
        return Outcome(outcome.revision, "HealthCheckFailed", message, outcome.targets)

    def _is_healthy(self, target: Target) -> bool:
        record = self._verbs.store.find(target.kind, target.namespace, target.name)
        health = health_of(record) if record else ("Missing", "")
        return health is None or health[0] == "Healthy" or target.kind.kind == "Ingress"

    def _take_down(self, record: Record) -> float | None:
        if record.body["spec"].get("prune") and self._applier.remove(inventory_of(record)):
            return _WAIT_SECONDS
        self._memories.pop(record.body["metadata"]["uid"], None)
        release(self._verbs, record)
        return None


def _stages(pairs: list[tuple[Manifest, Target]]) -> list[list[tuple[Manifest, Target]]]:
    """What everything else needs comes first; in a stage all are tried before one is written.

    Source: fluxcd/pkg/ssa, ResourceManager.ApplyAllStaged.
    """
    return [[pair for pair in pairs if (pair[1].kind is NAMESPACE) == is_first] for is_first in (True, False)]


def _source_of(record: Record) -> Target:
    reference = record.body["spec"]["sourceRef"]
    return Target(GIT_REPOSITORY, reference.get("namespace") or record.namespace, reference["name"])


def _namespace(record: Record) -> str:
    namespace: str = record.body["spec"].get("targetNamespace") or record.namespace
    return namespace
