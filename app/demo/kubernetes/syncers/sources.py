"""Flux's source controller: a GitRepository's branch or ref becomes an artifact of one revision.

It looks when its interval is over, when its spec changed, and when it is poked by `reconcile.fluxcd.io/requestedAt`.
Source: fluxcd/source-controller, api/v1/gitrepository_types.go.
"""

import time

from app.demo.kubernetes.apiserver.kinds import GIT_REPOSITORY, Json
from app.demo.kubernetes.apiserver.metadata import timestamp
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.syncers.intervals import parse_interval
from app.demo.kubernetes.syncers.mirror import GitError, Mirrors
from app.demo.kubernetes.syncers.settings import Switch
from app.demo.kubernetes.workloads.loop import Key, Reconciler, itself
from app.demo.kubernetes.workloads.objects import condition, is_going, with_conditions

REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"
FLUX_FINALIZER = "finalizers.fluxcd.io"
_RETRY_SECONDS = 2.0


class Sources:
    """The controller."""

    def __init__(self, verbs: Verbs, mirrors: Mirrors, switch: Switch) -> None:
        self._verbs = verbs
        self._mirrors = mirrors
        self._switch = switch
        self._next_look: dict[str, float] = {}

    def reconciler(self) -> Reconciler:
        """What the loop calls."""
        return Reconciler(self._reconcile, {GIT_REPOSITORY: itself})

    def _reconcile(self, key: Key) -> float | None:
        source = self._verbs.get(Target(GIT_REPOSITORY, key.namespace, key.name))
        if self._switch.is_paused:
            return None
        if is_going(source):
            release(self._verbs, source)
            return None
        if source.body["spec"].get("suspend"):
            return None
        hold(self._verbs, source)
        return self._look(source)

    def _look(self, source: Record) -> float:
        uid, now = source.body["metadata"]["uid"], time.monotonic()
        has_asked = _is_asked(source)
        if not has_asked and now < self._next_look.get(uid, 0.0):
            return self._next_look[uid] - now
        spec = source.body["spec"]
        seconds = parse_interval(spec["interval"])
        try:
            revision = self._revision(spec, source.stored_at if has_asked else now)
            status = _stored(source, revision)
        except GitError as error:
            seconds = _RETRY_SECONDS
            status = _failed(source, f"failed to checkout and determine revision: {error}")
        self._next_look[uid] = now + seconds
        target = Target(GIT_REPOSITORY, source.namespace, source.name, "status")
        self._verbs.change(target, lambda body: body | {"status": status})
        return seconds

    def _revision(self, spec: Json, asked_at: float) -> str:
        """`branch@sha1:commit`, or the full ref before the @."""
        mirror = self._mirrors.of(spec["url"])
        mirror.fetch(asked_at)
        reference = spec.get("ref") or {}
        name = reference.get("name") or reference.get("branch") or "master"
        return f"{name}@sha1:{mirror.commit(name)}"


def is_poked(record: Record) -> bool:
    """Whether somebody poked the object since it was last handled."""
    asked = (record.body["metadata"].get("annotations") or {}).get(REQUESTED_AT, "")
    return bool(asked) and asked != (record.body.get("status") or {}).get("lastHandledReconcileAt")


def _is_asked(source: Record) -> bool:
    """Whether somebody poked it, or changed its spec, since it was last handled."""
    observed = (source.body.get("status") or {}).get("observedGeneration")
    return is_poked(source) or bool(source.body["metadata"]["generation"] != observed)


def handled(record: Record) -> Json:
    """The fields of a status that say what was handled."""
    metadata = record.body["metadata"]
    fields: Json = {"observedGeneration": metadata["generation"]}
    if asked := (metadata.get("annotations") or {}).get(REQUESTED_AT):
        fields["lastHandledReconcileAt"] = asked
    return fields


def hold(verbs: Verbs, record: Record) -> None:
    """Puts Flux's finalizer on the object."""

    def held(body: Json) -> Json:
        finalizers = body["metadata"].get("finalizers", [])
        if FLUX_FINALIZER not in finalizers:
            body["metadata"]["finalizers"] = [*finalizers, FLUX_FINALIZER]
        return body

    verbs.change(Target(record.kind, record.namespace, record.name), held)


def release(verbs: Verbs, record: Record) -> None:
    """Takes Flux's finalizer off the object."""

    def released(body: Json) -> Json:
        finalizers = [item for item in body["metadata"].get("finalizers", ()) if item != FLUX_FINALIZER]
        body["metadata"]["finalizers"] = finalizers
        return body

    verbs.change(Target(record.kind, record.namespace, record.name), released)


def _stored(source: Record, revision: str) -> Json:
    old = source.body.get("status") or {}
    artifact = old.get("artifact") or {}
    if artifact.get("revision") != revision:
        artifact = _artifact(source, revision)
    message = f"stored artifact for revision '{revision}'"
    conditions = [
        condition("Ready", "True", "Succeeded", message),
        condition("ArtifactInStorage", "True", "Succeeded", message),
    ]
    return {**handled(source), "artifact": artifact, "conditions": _observed(source, conditions)}


def _failed(source: Record, message: str) -> Json:
    old = source.body.get("status") or {}
    kept = {"artifact": old["artifact"]} if "artifact" in old else {}
    conditions = [
        condition("Reconciling", "True", "ProgressingWithRetry", message),
        condition("Ready", "False", "GitOperationFailed", message),
        condition("FetchFailed", "True", "GitOperationFailed", message),
    ]
    return {**handled(source), **kept, "conditions": _observed(source, conditions)}


def _observed(source: Record, conditions: list[Json]) -> list[Json]:
    old = (source.body.get("status") or {}).get("conditions", ())
    generation = source.body["metadata"]["generation"]
    return [{**item, "observedGeneration": generation} for item in with_conditions(old, conditions)]


def _artifact(source: Record, revision: str) -> Json:
    commit = revision.rpartition(":")[2]
    path = f"gitrepository/{source.namespace}/{source.name}/{commit}.tar.gz"
    return {
        "digest": f"sha256:{commit:0>64}",
        "lastUpdateTime": timestamp(),
        "path": path,
        "revision": revision,
        "size": 1024,
        "url": f"http://source-controller.flux-system.svc.cluster.local./{path}",
    }
