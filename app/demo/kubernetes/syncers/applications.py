"""The Application controller: compares with Git, syncs what differs, prunes, and takes everything down at the end.

It looks at Git when its time has come, when it has never looked, and when it is poked by
`argocd.argoproj.io/refresh`; in between it only follows the health of what it applied.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.demo.kubernetes.apiserver.errors import ApiError
from app.demo.kubernetes.apiserver.kinds import APPLICATION, KINDS, Json, kind_of
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.syncers.applicationset import ARGOCD, FINALIZER
from app.demo.kubernetes.syncers.applicationstatus import Resources, application_status, comparison_failed
from app.demo.kubernetes.syncers.apply import Applier, target_of
from app.demo.kubernetes.syncers.manifests import Manifest, ManifestError, Manifests
from app.demo.kubernetes.syncers.mirror import GitError, Mirrors
from app.demo.kubernetes.syncers.operation import Operation, advance, destination, marks, plan, tracked_by
from app.demo.kubernetes.syncers.settings import Switch, SyncerSettings
from app.demo.kubernetes.workloads.loop import Key, Reconciler, itself
from app.demo.kubernetes.workloads.objects import drop_annotation, is_going

_REFRESH = "argocd.argoproj.io/refresh"
_WAIT_SECONDS = 0.1
_RETRY_SECONDS = 2.0
_FRESH_SECONDS = 1.0
_HEAL_SECONDS = 1.0
_WATCHED = tuple(kind for kind in KINDS if not kind.is_custom)


@dataclass(slots=True)
class _Memory:
    """What the controller knows of one Application between two calls."""

    next_poll: float
    revision: str = ""
    operation: Operation | None = None
    healed_at: float = 0.0
    compared: dict[Target, int] = field(default_factory=dict)
    """{object: its revision when it was last found to be as the manifest says}."""


class Applications:
    """The controller."""

    def __init__(
        self, verbs: Verbs, mirrors: Mirrors, applier: Applier, settings: SyncerSettings, switch: Switch
    ) -> None:
        self._verbs = verbs
        self._mirrors = mirrors
        self._applier = applier
        self._settings = settings
        self._switch = switch
        self._manifests = Manifests()
        self._memories: dict[str, _Memory] = {}

    def reconciler(self) -> Reconciler:
        """What the loop calls."""
        return Reconciler(self._reconcile, {APPLICATION: itself, **dict.fromkeys(_WATCHED, _tracking_keys)})

    def _reconcile(self, key: Key) -> float | None:
        application = self._verbs.get(Target(APPLICATION, key.namespace, key.name))
        if self._switch.is_paused:
            return None
        if is_going(application):
            return self._take_down(application)
        uid = application.body["metadata"]["uid"]
        memory = self._memories.setdefault(uid, _Memory(next_poll=0.0))
        try:
            self._compare(application, memory)
        except (GitError, ManifestError) as error:
            status = comparison_failed(application, f"Failed to load target state: {error}")
            self._write(application, status)
            memory.next_poll = time.monotonic() + _RETRY_SECONDS
            return _RETRY_SECONDS
        self._sync(application, memory)
        is_running = memory.operation is not None and not memory.operation.is_over
        return _WAIT_SECONDS if is_running else max(0.0, memory.next_poll - time.monotonic())

    def _compare(self, application: Record, memory: _Memory) -> None:
        """Reads the branch when it is time to, and plans an operation when the folder differs from what was synced."""
        now = time.monotonic()
        is_poked = _REFRESH in (application.body["metadata"].get("annotations") or {})
        if not is_poked and now < memory.next_poll:
            return
        source = application.body["spec"]["source"]
        mirror = self._mirrors.of(source["repoURL"])
        # Many Applications that ask at once share a fetch; a poke wants one that began after it.
        mirror.fetch(application.stored_at if is_poked else now - _FRESH_SECONDS)
        memory.revision = mirror.commit(source["targetRevision"])
        memory.next_poll = now + self._settings.poll_seconds * random.uniform(1.0, 1.5)
        if memory.operation is not None and not memory.operation.is_over:
            return
        tree = mirror.tree(memory.revision, source["path"])
        if tree is None:
            raise ManifestError(f"{source['path']}: app path does not exist")
        if memory.operation is None or not self._is_done(memory.operation, tree, memory.revision):
            memory.operation = plan(memory.revision, tree, self._manifests.read(mirror, tree, is_recursive=False))

    def _is_done(self, operation: Operation, tree: str, revision: str) -> bool:
        """Whether this folder is synced, or this very commit has failed and is not tried again."""
        return operation.tree == tree if operation.phase == "Succeeded" else operation.revision == revision

    def _sync(self, application: Record, memory: _Memory) -> None:
        operation = memory.operation
        if operation is None:
            return
        drifted = self._drifted(application, memory) if operation.phase == "Succeeded" else frozenset()
        if drifted and self._heals(application, memory):
            waves = operation.waves
            operation = memory.operation = Operation(operation.revision, operation.tree, waves)
            drifted = frozenset()
        was_over = operation.is_over
        advance(operation, application, self._applier, self._verbs.store)
        wanted = [target for target, _ in self._wanted(application, operation)]
        left = [target for target in _inventory(application) if target not in wanted]
        if operation.phase == "Succeeded" and not was_over:
            left = [_target(record) for record in self._applier.remove(left)]
        resources = Resources((*wanted, *left), drifted)
        self._write(
            application, application_status(application, self._verbs.store, operation, resources, memory.revision)
        )

    def _wanted(self, application: Record, operation: Operation) -> list[tuple[Target, Manifest]]:
        return [
            (self._applier.target(manifest.body, destination(application)), manifest)
            for wave in operation.waves
            for manifest in wave
            if kind_of(manifest.body)
        ]

    def _drifted(self, application: Record, memory: _Memory) -> frozenset[Target]:
        """The objects that are not any more as the commit says that was applied."""
        if memory.operation is None:
            return frozenset()
        wanted = self._wanted(application, memory.operation)
        return frozenset(target for target, item in wanted if self._has_drifted(application, memory, target, item))

    def _has_drifted(self, application: Record, memory: _Memory, target: Target, manifest: Manifest) -> bool:
        record = self._verbs.store.find(target.kind, target.namespace, target.name)
        if record is None or record.revision == memory.compared.get(target):
            return record is None
        try:
            if self._applier.differs(manifest.body, target, marks(application, target)):
                return True
        except ApiError:
            return True
        memory.compared[target] = record.revision
        return False

    def _heals(self, application: Record, memory: _Memory) -> bool:
        """Whether what drifted is put back now: not oftener than every so often, lest two who disagree never rest."""
        automated = (application.body["spec"].get("syncPolicy") or {}).get("automated") or {}
        now = time.monotonic()
        if not automated.get("selfHeal") or now < memory.healed_at + _HEAL_SECONDS:
            memory.next_poll = min(memory.next_poll, max(now, memory.healed_at + _HEAL_SECONDS))
            return False
        memory.healed_at = now
        return True

    def _take_down(self, application: Record) -> float | None:
        if FINALIZER not in application.body["metadata"].get("finalizers", ()):
            return None
        rest = self._applier.remove(reversed(_inventory(application)))
        if rest:
            return _WAIT_SECONDS
        self._memories.pop(application.body["metadata"]["uid"], None)
        self._verbs.change(Target(APPLICATION, application.namespace, application.name), _released)
        return None

    def _write(self, application: Record, status: Json) -> None:
        """Writes the status and takes the poke off; a mere look at the clock is no reason to write."""

        def written(body: Json) -> Json:
            if drop_annotation(body, _REFRESH):
                return body | {"status": status}
            if _without_clock(body.get("status") or {}) == _without_clock(status):
                return body
            return body | {"status": status}

        self._verbs.change(Target(APPLICATION, application.namespace, application.name), written)


def _tracking_keys(record: Record) -> list[Key]:
    name = tracked_by(record)
    return [Key(ARGOCD, name)] if name else []


def _inventory(application: Record) -> Sequence[Target]:
    entries = (application.body.get("status") or {}).get("resources") or ()
    targets = [
        target_of(item.get("group", ""), item["version"], item["kind"], item.get("namespace", ""), item["name"])
        for item in entries
    ]
    return [target for target in targets if target is not None]


def _target(record: Record) -> Target:
    return Target(record.kind, record.namespace, record.name)


def _without_clock(status: Json) -> Json:
    return {name: value for name, value in status.items() if name != "reconciledAt"}


def _released(body: Json) -> Json:
    finalizers = [item for item in body["metadata"].get("finalizers", ()) if item != FINALIZER]
    body["metadata"]["finalizers"] = finalizers
    return body
