"""Jobs: pods that run to their end, tried again after a failure until the back-off limit."""

from app.demo.kubernetes.apiserver.kinds import JOB, POD, Json
from app.demo.kubernetes.apiserver.metadata import timestamp
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.workloads.loop import Key, Reconciler, itself, owner_of
from app.demo.kubernetes.workloads.objects import children, condition, is_going, timed_once, without_zeros
from app.demo.kubernetes.workloads.recorder import record_event
from app.demo.kubernetes.workloads.replicasets import is_ready, pod_of

_COMPONENT = "job-controller"


class Jobs:
    """The job controller."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def reconciler(self) -> Reconciler:
        """What the loop calls."""
        return Reconciler(self._reconcile, {JOB: itself, POD: owner_of(JOB)})

    def _reconcile(self, key: Key) -> float | None:
        job = self._verbs.get(Target(JOB, key.namespace, key.name))
        if is_going(job) or is_finished(job):
            return None
        pods = [pod for pod in children(self._verbs.store, POD, job) if not is_going(pod)]
        counts = _counts(pods)
        if self._must_start(job, counts):
            pod = self._verbs.create(Target(POD, job.namespace), _pod(job))
            record_event(self._verbs, job, _COMPONENT, "SuccessfulCreate", f"Created pod: {pod.name}")
            counts["active"] += 1
        self._write(job, counts)
        return None

    def _must_start(self, job: Record, counts: dict[str, int]) -> bool:
        spec = job.body["spec"]
        missing = spec["completions"] - counts["succeeded"] - counts["active"]
        has_room = counts["active"] < spec["parallelism"]
        return missing > 0 and has_room and counts["failed"] <= spec["backoffLimit"] and not spec.get("suspend")

    def _write(self, job: Record, counts: dict[str, int]) -> None:
        status = _status(job, counts)
        target = Target(JOB, job.namespace, job.name, "status")
        self._verbs.change(target, lambda body: body | {"status": status})


def is_finished(job: Record) -> bool:
    """Whether the job is complete or has failed for good."""
    conditions = job.body.get("status", {}).get("conditions", ())
    return any(item["type"] in {"Complete", "Failed"} and item["status"] == "True" for item in conditions)


def _counts(pods: list[Record]) -> dict[str, int]:
    phases = [pod.body["status"].get("phase", "Pending") for pod in pods]
    active = [pod for pod in pods if pod.body["status"].get("phase") not in {"Succeeded", "Failed"}]
    # With restartPolicy OnFailure it is the restarts of a container that count as failures.
    restarts = [item["restartCount"] for pod in active for item in pod.body["status"].get("containerStatuses", ())]
    return {
        "active": len(active),
        "ready": sum(map(is_ready, active)),
        "succeeded": phases.count("Succeeded"),
        "failed": phases.count("Failed") + sum(restarts),
        "terminating": 0,
    }


def _status(job: Record, counts: dict[str, int]) -> Json:
    old = job.body.get("status", {})
    status: Json = without_zeros(counts, "active", "succeeded", "failed")
    status |= {"startTime": old.get("startTime") or timestamp(), "uncountedTerminatedPods": {}}
    if counts["succeeded"] >= job.body["spec"]["completions"]:
        message = "Reached expected number of succeeded pods"
        kinds = ("SuccessCriteriaMet", "Complete")
        status["conditions"] = [timed_once(condition(kind, "True", "CompletionsReached", message)) for kind in kinds]
        status["completionTime"] = timestamp()
    elif counts["failed"] > job.body["spec"]["backoffLimit"]:
        message = "Job has reached the specified backoff limit"
        kinds = ("FailureTarget", "Failed")
        status["conditions"] = [timed_once(condition(kind, "True", "BackoffLimitExceeded", message)) for kind in kinds]
        status.pop("active", None)
    return status


def _pod(job: Record) -> Json:
    body = pod_of(job)
    uid = job.body["metadata"]["uid"]
    labels = {"batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": job.name}
    labels |= {"controller-uid": uid, "job-name": job.name}
    body["metadata"]["labels"] = {**body["metadata"].get("labels", {}), **labels}
    return body
