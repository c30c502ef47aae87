"""Pods, as scheduler and kubelet treat them: placed, started, ready - or failing in one of the ways a cluster knows."""

import time
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.deletion import Deletion
from app.demo.kubernetes.apiserver.kinds import POD, Json
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.workloads.failures import Failure, Failures, Pace
from app.demo.kubernetes.workloads.loop import Key, Reconciler, itself
from app.demo.kubernetes.workloads.objects import images_of, is_going
from app.demo.kubernetes.workloads.podstatus import (
    Stage,
    back_off,
    pod_status,
    pull_error,
    unschedulable_message,
)
from app.demo.kubernetes.workloads.recorder import record_event

_NODE = "node-1"
_KINDS = ("image-pull", "crash-loop", "out-of-memory", "missing-config", "never-ready", "unschedulable")
_RUNS_FIRST = ("crash-loop", "out-of-memory")
_MOST_RESTARTS = 5
"""After so many restarts a crash loop is left as it is, so that a broken namespace comes to rest."""


@dataclass(frozen=True, slots=True)
class _Progress:
    """Where a pod is on its way: since when it is there, under which failure, and after how many restarts."""

    stage: Stage
    since: float
    failure: Failure | None
    restarts: int = 0


class Pods:
    """The kubelet and the scheduler of the one node."""

    def __init__(self, verbs: Verbs, failures: Failures, pace: Pace) -> None:
        self._verbs = verbs
        self._failures = failures
        self._pace = pace
        self._progress: dict[str, _Progress] = {}
        self._ending: set[str] = set()

    def reconciler(self) -> Reconciler:
        """What the loop calls."""
        return Reconciler(self._reconcile, {POD: itself})

    def _reconcile(self, key: Key) -> float | None:
        pod = self._verbs.get(Target(POD, key.namespace, key.name))
        if is_going(pod):
            return self._end(pod)
        if pod.body["status"].get("phase") in {"Succeeded", "Failed"}:
            return None
        failure = self._failures.find(pod.namespace, images_of(pod.body["spec"]), _KINDS)
        before = self._progress.get(pod.body["metadata"]["uid"])
        after = self._advanced(pod, before, failure)
        if after != before:
            self._progress[pod.body["metadata"]["uid"]] = after
            self._write(pod, after)
        return self._seconds_left(pod, after, failure)

    def _end(self, pod: Record) -> float | None:
        uid = pod.body["metadata"]["uid"]
        if uid not in self._ending:
            self._ending.add(uid)
            return self._pace.rollout_seconds / 3
        self._ending.remove(uid)
        self._progress.pop(uid, None)
        self._verbs.delete(Target(POD, pod.namespace, pod.name), Deletion(grace_seconds=0))
        return None

    def _advanced(self, pod: Record, before: _Progress | None, failure: Failure | None) -> _Progress:
        now = time.monotonic()
        if before is None or (before.failure != failure and before.stage not in {"creating", "ready"}):
            first: Stage = "unschedulable" if failure and failure.kind == "unschedulable" else "creating"
            return _Progress(first, now, failure, before.restarts if before else 0)
        if now - before.since < self._pace.rollout_seconds / 2:
            return before
        stage, restarts = _next_stage(pod, before.stage, failure, before.restarts)
        if (stage, restarts) == (before.stage, before.restarts):
            return before
        return _Progress(stage, now, failure, restarts)

    def _seconds_left(self, pod: Record, progress: _Progress, failure: Failure | None) -> float | None:
        following = _next_stage(pod, progress.stage, failure, progress.restarts)
        if following == (progress.stage, progress.restarts):
            return None
        return max(0.001, progress.since + self._pace.rollout_seconds / 2 - time.monotonic())

    def _write(self, pod: Record, progress: _Progress) -> None:
        target = Target(POD, pod.namespace, pod.name)
        if progress.stage != "unschedulable" and not pod.body["spec"].get("nodeName"):
            pod = self._verbs.change(target, _placed)
            message = f"Successfully assigned {pod.namespace}/{pod.name} to {_NODE}"
            record_event(self._verbs, pod, "default-scheduler", "Scheduled", message)
        status = pod_status(pod, progress.stage, progress.failure, progress.restarts)
        changed = Target(POD, pod.namespace, pod.name, "status")
        self._verbs.change(changed, lambda body: body | {"status": status})
        self._tell(pod, progress)

    def _tell(self, pod: Record, progress: _Progress) -> None:
        container = pod.body["spec"]["containers"][0]
        told = _event(pod, container, progress)
        if told is not None:
            record_event(self._verbs, pod, *told)


def _next_stage(pod: Record, stage: Stage, failure: Failure | None, restarts: int) -> tuple[Stage, int]:
    if failure is not None and (stage != "ready" or failure.kind != "unschedulable"):
        return _next_failing(pod, stage, failure, restarts)
    is_once = pod.body["spec"]["restartPolicy"] != "Always"
    healthy: dict[Stage, Stage] = {"creating": "started", "started": "ready", "ready": "ready"}
    if stage == "ready" and is_once:
        return "succeeded", restarts
    return healthy.get(stage, "creating"), restarts


def _next_failing(pod: Record, stage: Stage, failure: Failure, restarts: int) -> tuple[Stage, int]:
    if failure.kind == "unschedulable":
        return "unschedulable", restarts
    if failure.kind == "never-ready":
        return "started", restarts
    if failure.kind in _RUNS_FIRST:
        return _next_crashing(pod, stage, restarts)
    if stage == "ready":
        return stage, restarts
    return ("waiting" if stage == "creating" else "backing-off"), restarts


def _next_crashing(pod: Record, stage: Stage, restarts: int) -> tuple[Stage, int]:
    if pod.body["spec"]["restartPolicy"] == "Never":
        return ("started" if stage == "creating" else "failed"), restarts
    match stage:
        case "creating":
            return "started", restarts
        case "started" | "ready":
            return "waiting", restarts
        case "waiting":
            return "backing-off", restarts + 1
        case _ if restarts < _MOST_RESTARTS:
            return "started", restarts
        case _:
            return stage, restarts


def _placed(body: Json) -> Json:
    body["spec"]["nodeName"] = _NODE
    return body


def _event(pod: Record, container: Json, progress: _Progress) -> tuple[str, str, str] | None:
    """Component, reason and message of what is worth an event."""
    failure, name = progress.failure, container["name"]
    match progress.stage, failure.kind if failure else "":
        case "unschedulable", _:
            return "default-scheduler", "FailedScheduling", unschedulable_message(failure)
        case "started", "never-ready":
            return "kubelet", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"
        case "started", _:
            return "kubelet", "Started", f"Started container {name}"
        case "waiting", "image-pull" if failure:
            image = container.get("image", "")
            return "kubelet", "Failed", f'Failed to pull image "{image}": {pull_error(image, failure)}'
        case "backing-off", kind if kind in _RUNS_FIRST:
            return "kubelet", "BackOff", back_off(pod, name, progress.restarts)
        case _:
            return None
