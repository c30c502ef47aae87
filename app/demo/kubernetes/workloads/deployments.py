"""Deployments: a ReplicaSet for each pod template, the newest growing while the older ones shrink."""

from collections.abc import Sequence
from datetime import UTC, datetime

from app.demo.kubernetes.apiserver.kinds import DEPLOYMENT, POD, REPLICA_SET, Json
from app.demo.kubernetes.apiserver.metadata import parse_timestamp
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.workloads.deploymentstatus import deployment_status, is_complete
from app.demo.kubernetes.workloads.loop import Key, Reconciler, itself, owner_of
from app.demo.kubernetes.workloads.objects import children, is_going, owner_reference, template_hash
from app.demo.kubernetes.workloads.recorder import record_event
from app.demo.kubernetes.workloads.rollout import Scale, new_scale, old_scales, rollout_limits

_COMPONENT = "deployment-controller"
REVISION = "deployment.kubernetes.io/revision"
_WAIT_SECONDS = 0.05
_HASH_LABEL = "pod-template-hash"


class Deployments:
    """The deployment controller."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def reconciler(self) -> Reconciler:
        """What the loop calls."""
        return Reconciler(self._reconcile, {DEPLOYMENT: itself, REPLICA_SET: owner_of(DEPLOYMENT)})

    def _reconcile(self, key: Key) -> float | None:
        deployment = self._verbs.get(Target(DEPLOYMENT, key.namespace, key.name))
        if is_going(deployment):
            return None
        sets = children(self._verbs.store, REPLICA_SET, deployment)
        old = sorted((item for item in sets if not _is_newest(deployment, item)), key=_revision)
        newest = next((item for item in sets if _is_newest(deployment, item)), None)
        if newest is None:
            newest = self._create_set(deployment, old)
        newest = self._ensure_revision(newest, old)
        if not deployment.body["spec"].get("paused"):
            newest, old = self._roll(deployment, newest, old)
        self._tidy(deployment, old)
        self._write(deployment, newest, old)
        return _WAIT_SECONDS if self._must_wait(deployment, old) else _seconds_to_deadline(deployment)

    def _create_set(self, deployment: Record, old: Sequence[Record]) -> Record:
        body = _new_set(deployment)
        body["spec"]["replicas"] = 0 if self._must_wait(deployment, old) else _first_scale(deployment, old)
        created = self._verbs.create(Target(REPLICA_SET, deployment.namespace), body)
        self._say(deployment, f"Scaled up replica set {created.name} from 0 to {body['spec']['replicas']}")
        return created

    def _must_wait(self, deployment: Record, old: Sequence[Record]) -> bool:
        """Whether every old pod has to be gone first, those that are ending too."""
        if deployment.body["spec"]["strategy"]["type"] != "Recreate":
            return False
        return any(children(self._verbs.store, POD, item) for item in old)

    def _ensure_revision(self, newest: Record, old: Sequence[Record]) -> Record:
        """Gives the newest set a number above all others, also after a rollback to an older template."""
        revision = max([0, *map(_revision, old)]) + 1
        if _revision(newest) >= revision:
            return newest

        def numbered(body: Json) -> Json:
            body["metadata"].setdefault("annotations", {})[REVISION] = str(revision)
            return body

        return self._verbs.change(Target(REPLICA_SET, newest.namespace, newest.name), numbered)

    def _roll(self, deployment: Record, newest: Record, old: list[Record]) -> tuple[Record, list[Record]]:
        spec = deployment.body["spec"]
        limits = rollout_limits(spec)
        if not self._must_wait(deployment, old):
            wanted = new_scale(spec["replicas"], _scale_of(newest), [_scale_of(item) for item in old], limits)
            newest = self._scale(deployment, newest, wanted)
        kept = old_scales(spec["replicas"], _scale_of(newest), [_scale_of(item) for item in old], limits)
        if spec["strategy"]["type"] == "Recreate":
            kept = [0] * len(old)
        return newest, [self._scale(deployment, item, count) for item, count in zip(old, kept, strict=True)]

    def _scale(self, deployment: Record, replica_set: Record, replicas: int) -> Record:
        before = replica_set.body["spec"]["replicas"]
        if before == replicas:
            return replica_set

        def scaled(body: Json) -> Json:
            body["spec"]["replicas"] = replicas
            return body

        direction = "up" if replicas > before else "down"
        self._say(deployment, f"Scaled {direction} replica set {replica_set.name} from {before} to {replicas}")
        return self._verbs.change(Target(REPLICA_SET, replica_set.namespace, replica_set.name), scaled)

    def _tidy(self, deployment: Record, old: Sequence[Record]) -> None:
        empty = [item for item in old if not item.body["spec"]["replicas"] and not item.body["status"].get("replicas")]
        for item in empty[: max(0, len(empty) - deployment.body["spec"]["revisionHistoryLimit"])]:
            self._verbs.delete(Target(REPLICA_SET, item.namespace, item.name))

    def _say(self, deployment: Record, message: str) -> None:
        record_event(self._verbs, deployment, _COMPONENT, "ScalingReplicaSet", message)

    def _write(self, deployment: Record, newest: Record, old: Sequence[Record]) -> None:
        status = deployment_status(deployment, newest, old)

        def written(body: Json) -> Json:
            body["metadata"].setdefault("annotations", {})[REVISION] = str(_revision(newest))
            return body | {"status": status}

        self._verbs.change(Target(DEPLOYMENT, deployment.namespace, deployment.name, "status"), written)


def _new_set(deployment: Record) -> Json:
    spec = deployment.body["spec"]
    digest = template_hash(spec["template"])
    template = {**spec["template"], "metadata": {**spec["template"]["metadata"]}}
    template["metadata"]["labels"] = {**(template["metadata"].get("labels") or {}), _HASH_LABEL: digest}
    matched = {**(spec["selector"].get("matchLabels") or {}), _HASH_LABEL: digest}
    metadata = {
        "name": f"{deployment.name}-{digest}",
        "labels": template["metadata"]["labels"],
        "annotations": {"deployment.kubernetes.io/desired-replicas": str(spec["replicas"])},
        "ownerReferences": [owner_reference(deployment)],
    }
    return {
        "metadata": metadata,
        "spec": {"selector": {**spec["selector"], "matchLabels": matched}, "template": template},
    }


def _is_newest(deployment: Record, replica_set: Record) -> bool:
    digest = template_hash(deployment.body["spec"]["template"])
    labels = replica_set.body["metadata"].get("labels") or {}
    return bool(labels.get(_HASH_LABEL) == digest)


def _first_scale(deployment: Record, old: Sequence[Record]) -> int:
    spec = deployment.body["spec"]
    return new_scale(spec["replicas"], Scale(0, 0), [_scale_of(item) for item in old], rollout_limits(spec))


def _scale_of(replica_set: Record) -> Scale:
    status = replica_set.body["status"]
    return Scale(replica_set.body["spec"]["replicas"], status.get("availableReplicas", 0))


def _revision(replica_set: Record) -> int:
    return int((replica_set.body["metadata"].get("annotations") or {}).get(REVISION, 0))


def _seconds_to_deadline(deployment: Record) -> float | None:
    """When to look again whether the rollout took too long; None once it is over."""
    conditions = deployment.body["status"].get("conditions", ())
    progressing = next((item for item in conditions if item["type"] == "Progressing"), None)
    if progressing is None or is_complete(deployment) or progressing["status"] == "False":
        return None
    since = (datetime.now(UTC) - parse_timestamp(progressing["lastUpdateTime"])).total_seconds()
    deadline: int = deployment.body["spec"]["progressDeadlineSeconds"]
    return max(0.5, deadline - since)
