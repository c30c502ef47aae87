"""ReplicaSets: as many pods as are wanted, and the count of those that are ready."""

from app.demo.kubernetes.apiserver.errors import ApiError, forbidden
from app.demo.kubernetes.apiserver.kinds import POD, REPLICA_SET, RESOURCE_QUOTA, Json
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.workloads.failures import Failures
from app.demo.kubernetes.workloads.loop import Key, Reconciler, itself, owner_of
from app.demo.kubernetes.workloads.objects import (
    children,
    condition,
    images_of,
    is_going,
    owner_reference,
    with_conditions,
    without_zeros,
)
from app.demo.kubernetes.workloads.recorder import record_event

_COMPONENT = "replicaset-controller"
_RETRY_SECONDS = 0.5
_QUOTA = "exceeded quota: {name}, requested: limits.cpu=1, used: limits.cpu=2, limited: limits.cpu=2"


class ReplicaSets:
    """The replica set controller."""

    def __init__(self, verbs: Verbs, failures: Failures) -> None:
        self._verbs = verbs
        self._failures = failures
        self._told: set[str] = set()

    def reconciler(self) -> Reconciler:
        """What the loop calls."""
        return Reconciler(self._reconcile, {REPLICA_SET: itself, POD: owner_of(REPLICA_SET)})

    def _reconcile(self, key: Key) -> float | None:
        replica_set = self._verbs.get(Target(REPLICA_SET, key.namespace, key.name))
        if is_going(replica_set):
            return None
        pods = live_pods(self._verbs, replica_set)
        refusal = self._scale(replica_set, pods)
        self._write(replica_set, refusal)
        return _RETRY_SECONDS if refusal else None

    def _scale(self, replica_set: Record, pods: list[Record]) -> str:
        """Creates or deletes pods; the answer is why some could not be created."""
        surplus = len(pods) - replica_set.body["spec"]["replicas"]
        for pod in sorted(pods, key=is_ready)[: max(0, surplus)]:
            self._verbs.delete(Target(POD, pod.namespace, pod.name))
            self._say(replica_set, "SuccessfulDelete", f"Deleted pod: {pod.name}")
        for _ in range(-surplus):
            if refusal := self._create_pod(replica_set):
                return refusal
        return ""

    def _create_pod(self, replica_set: Record) -> str:
        try:
            self._check_quota(replica_set)
            pod = self._verbs.create(Target(POD, replica_set.namespace), pod_of(replica_set))
        except ApiError as error:
            if error.code == 404 or error.has_cause("NamespaceTerminating"):
                raise ApiError(404, "NotFound", error.message) from error
            self._say(replica_set, "FailedCreate", f"Error creating: {error.message}")
            return error.message
        self._say(replica_set, "SuccessfulCreate", f"Created pod: {pod.name}")
        return ""

    def _check_quota(self, replica_set: Record) -> None:
        images = images_of(replica_set.body["spec"]["template"]["spec"])
        failure = self._failures.find(replica_set.namespace, images, ("quota",))
        if failure is not None:
            why = failure.message or _QUOTA.format(name=self._quota_name(replica_set.namespace))
            raise forbidden(POD, f"{replica_set.name}-xxxxx", why)

    def _quota_name(self, namespace: str) -> str:
        quotas = self._verbs.store.all(RESOURCE_QUOTA, namespace)
        return quotas[0].name if quotas else "quota"

    def _say(self, replica_set: Record, reason: str, message: str) -> None:
        said = f"{replica_set.namespace}/{replica_set.name} {message}"
        if said not in self._told:
            self._told.add(said)
            record_event(self._verbs, replica_set, _COMPONENT, reason, message)

    def _write(self, replica_set: Record, refusal: str) -> None:
        ending = sum(map(is_going, children(self._verbs.store, POD, replica_set)))
        status = _status(replica_set, live_pods(self._verbs, replica_set), ending, refusal)
        target = Target(REPLICA_SET, replica_set.namespace, replica_set.name, "status")
        self._verbs.change(target, lambda body: body | {"status": status})


def live_pods(verbs: Verbs, owner: Record) -> list[Record]:
    """The pods a controller owns that are neither ended nor being deleted."""
    pods = children(verbs.store, POD, owner)
    return [pod for pod in pods if not is_going(pod) and pod.body["status"].get("phase") not in {"Succeeded", "Failed"}]


def is_ready(pod: Record) -> bool:
    """Whether the pod's Ready condition is true."""
    conditions = pod.body["status"].get("conditions", ())
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def pod_of(owner: Record) -> Json:
    """A new pod out of the owner's template."""
    template = owner.body["spec"]["template"]
    metadata: Json = {"generateName": f"{owner.name}-", "ownerReferences": [owner_reference(owner)]}
    for field in ("labels", "annotations"):
        if template["metadata"].get(field):
            metadata[field] = template["metadata"][field]
    return {"metadata": metadata, "spec": template["spec"]}


def _status(replica_set: Record, pods: list[Record], ending: int, refusal: str) -> Json:
    ready = sum(map(is_ready, pods))
    counts = {"replicas": len(pods), "fullyLabeledReplicas": len(pods)}
    counts |= {"readyReplicas": ready, "availableReplicas": ready}
    status = without_zeros(counts, "fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    status["terminatingReplicas"] = ending
    status["observedGeneration"] = replica_set.body["metadata"]["generation"]
    if refusal:
        old = replica_set.body["status"].get("conditions", ())
        status["conditions"] = with_conditions(old, [condition("ReplicaFailure", "True", "FailedCreate", refusal)])
    return status
