"""StatefulSets: numbered pods, started in order and replaced from the last to the first."""

from app.demo.kubernetes.apiserver.kinds import POD, STATEFUL_SET, Json
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.workloads.loop import Key, Reconciler, itself, owner_of
from app.demo.kubernetes.workloads.objects import children, is_going, template_hash, without_zeros
from app.demo.kubernetes.workloads.replicasets import is_ready, pod_of

_REVISION_LABEL = "controller-revision-hash"
_COUNTERS = ("readyReplicas", "currentReplicas", "updatedReplicas")


class StatefulSets:
    """The stateful set controller; volumes are not made."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def reconciler(self) -> Reconciler:
        """What the loop calls."""
        return Reconciler(self._reconcile, {STATEFUL_SET: itself, POD: owner_of(STATEFUL_SET)})

    def _reconcile(self, key: Key) -> float | None:
        stateful_set = self._verbs.get(Target(STATEFUL_SET, key.namespace, key.name))
        if is_going(stateful_set):
            return None
        self._step(stateful_set, {pod.name: pod for pod in children(self._verbs.store, POD, stateful_set)})
        self._write(stateful_set)
        return None

    def _step(self, stateful_set: Record, pods: dict[str, Record]) -> None:
        """One pod is created, or deleted, at a time; the next step waits for it."""
        names = [f"{stateful_set.name}-{number}" for number in range(stateful_set.body["spec"]["replicas"])]
        if any(is_going(pod) for pod in pods.values()):
            return
        for name in names:
            if name not in pods:
                self._verbs.create(Target(POD, stateful_set.namespace), _pod(stateful_set, name))
                return
            if not is_ready(pods[name]) and _is_updated(stateful_set, pods[name]):
                return
        surplus = [name for name in pods if name not in names]
        outdated = [name for name in names if not _is_updated(stateful_set, pods[name])]
        for name in [*surplus, *reversed(outdated)][:1]:
            self._verbs.delete(Target(POD, stateful_set.namespace, name))

    def _write(self, stateful_set: Record) -> None:
        pods = [pod for pod in children(self._verbs.store, POD, stateful_set) if not is_going(pod)]
        status = _status(stateful_set, pods)
        target = Target(STATEFUL_SET, stateful_set.namespace, stateful_set.name, "status")
        self._verbs.change(target, lambda body: body | {"status": status})


def _pod(stateful_set: Record, name: str) -> Json:
    body = pod_of(stateful_set)
    body["metadata"].pop("generateName")
    body["metadata"]["name"] = name
    labels = {_REVISION_LABEL: _revision(stateful_set), "statefulset.kubernetes.io/pod-name": name}
    body["metadata"]["labels"] = {**body["metadata"].get("labels", {}), **labels}
    body["spec"] = {**body["spec"], "hostname": name, "subdomain": stateful_set.body["spec"].get("serviceName", "")}
    return body


def _status(stateful_set: Record, pods: list[Record]) -> Json:
    ready = sum(map(is_ready, pods))
    updated = sum(_is_updated(stateful_set, pod) for pod in pods)
    replicas = stateful_set.body["spec"]["replicas"]
    revision = _revision(stateful_set)
    is_over = updated == ready == replicas
    before = stateful_set.body["status"].get("currentRevision", revision)
    counts = {"replicas": len(pods), "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": updated}
    counts["currentReplicas"] = updated if is_over or before == revision else len(pods) - updated
    status: Json = without_zeros(counts, *_COUNTERS)
    status |= {"currentRevision": revision if is_over else before, "updateRevision": revision}
    return status | {"observedGeneration": stateful_set.body["metadata"]["generation"], "collisionCount": 0}


def _is_updated(stateful_set: Record, pod: Record) -> bool:
    labels = pod.body["metadata"].get("labels") or {}
    return bool(labels.get(_REVISION_LABEL) == _revision(stateful_set))


def _revision(stateful_set: Record) -> str:
    return f"{stateful_set.name}-{template_hash(stateful_set.body['spec']['template'])}"
