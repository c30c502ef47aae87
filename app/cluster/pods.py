"""A Pod as the API tells it: whose it is, and why it does not run.

Waiting reasons: k8s.io/kubernetes/pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go and
pkg/kubelet/kuberuntime/kuberuntime_container.go. A message must not change while nothing does, or each turn of a
back-off would be news: so no counts, no delays, and the same words in a try and in the pause after it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app.cluster.seen import SeenPod, commit_of, conditions_of, cut, revision_of
from app.domain.health import Cause, Problem

Raw = Mapping[str, Any]

_WAITING = {
    "ErrImagePull": Cause.IMAGE_PULL,
    "ImagePullBackOff": Cause.IMAGE_PULL,
    "InvalidImageName": Cause.IMAGE_PULL,
    "ErrImageNeverPull": Cause.IMAGE_PULL,
    "ImageInspectError": Cause.IMAGE_PULL,
    "RegistryUnavailable": Cause.IMAGE_PULL,
    "SignatureValidationFailed": Cause.IMAGE_PULL,
    "CrashLoopBackOff": Cause.CRASH,
    "CreateContainerConfigError": Cause.CONFIGURATION,
    "CreateContainerError": Cause.CONFIGURATION,
    "RunContainerError": Cause.CONFIGURATION,
    "CreatePodSandboxError": Cause.CONFIGURATION,
    "ConfigPodSandboxError": Cause.CONFIGURATION,
    "PreCreateHookError": Cause.CONFIGURATION,
    "PreStartHookError": Cause.CONFIGURATION,
    "PostStartHookError": Cause.CONFIGURATION,
}
"""Every one counts at once, also those that a later try may mend: a first failed pull is how a wrong tag shows."""

_NEVER_STARTED = frozenset({"ContainerCannotRun", "StartError"})
_PULL_ERROR = "ErrImagePull: "
_REPEATED = 2
"""Restarts from which a container that keeps failing is called a crash loop while the kubelet tries it once more."""


def read_pod(raw: Raw) -> SeenPod:
    """The pod; one that is being deleted has no problems any more."""
    metadata = raw["metadata"]
    head_sha, generation = commit_of(metadata)
    where = f"Pod/{metadata['name']}"
    is_leaving = bool(metadata.get("deletionTimestamp"))
    statuses = () if is_leaving else _container_statuses(raw)
    return SeenPod(
        namespace=metadata["namespace"],
        revision=revision_of(raw),
        name=metadata["name"],
        owner=_owner(metadata),
        head_sha=head_sha,
        generation=generation,
        problem=None if is_leaving else _problem(where, raw, statuses),
        ending=next((_ending(status, state) for status in statuses if (state := _failed_end(status))), ""),
    )


def _owner(metadata: Raw) -> str:
    owner = next((owner for owner in metadata.get("ownerReferences") or () if owner.get("controller")), None)
    if owner is None:
        return ""
    # A Deployment's ReplicaSet bears its name and the hash that its pods are labelled with
    # (k8s.io/kubernetes/pkg/controller/deployment/sync.go, getNewReplicaSet).
    template_hash = (metadata.get("labels") or {}).get("pod-template-hash")
    if owner["kind"] == "ReplicaSet" and template_hash:
        return f"Deployment/{owner['name'].removesuffix(f'-{template_hash}')}"
    return f"{owner['kind']}/{owner['name']}"


def _container_statuses(raw: Raw) -> tuple[Raw, ...]:
    status = raw.get("status") or {}
    return (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))


def _problem(where: str, raw: Raw, statuses: Iterable[Raw]) -> Problem | None:
    scheduled = conditions_of(raw).get("PodScheduled", {})
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        return Problem(Cause.UNSCHEDULABLE, where, cut(scheduled.get("message") or "no node takes it"))
    found = (_container_problem(where, status) for status in statuses)
    return next((problem for problem in found if problem), None)


def _container_problem(where: str, status: Raw) -> Problem | None:
    waiting = (status.get("state") or {}).get("waiting") or {}
    cause = _WAITING.get(waiting.get("reason", ""))
    if cause is Cause.CRASH or (cause is None and _keeps_failing(status)):
        return _crash(where, status)
    if cause is None:
        return None
    words = (waiting.get("message") or waiting["reason"]).rpartition(_PULL_ERROR)[2]
    return Problem(cause, where, cut(f"{_name(status)}: {words}"))


def _crash(where: str, status: Raw) -> Problem:
    end = _last_end(status) or {}
    cause = Cause.CONFIGURATION if end.get("reason") in _NEVER_STARTED else Cause.CRASH
    return Problem(cause, where, _ending(status, end))


def _keeps_failing(status: Raw) -> bool:
    return not status.get("ready") and status.get("restartCount", 0) >= _REPEATED and _failed_end(status) is not None


def _last_end(status: Raw) -> Raw | None:
    """How the container ended last; None when it never did."""
    state, last_state = status.get("state") or {}, status.get("lastState") or {}
    end: Raw | None = state.get("terminated") or last_state.get("terminated")
    return end


def _failed_end(status: Raw) -> Raw | None:
    """How the container ended last, where that was a failure."""
    end = _last_end(status)
    return end if end and end.get("exitCode") else None


def _ending(status: Raw, end: Raw) -> str:
    # The message of a container that did run is its own, written by whoever wrote the pull request, and may hold
    # the tail of its log: only the runtime's words are passed on.
    reason = end.get("reason") or "Error"
    if reason in _NEVER_STARTED:
        return cut(f"{_name(status)} could not be started: {end.get('message') or reason}")
    if "exitCode" not in end:
        return cut(f"{_name(status)} keeps ending")
    return cut(f"{_name(status)} ended with exit code {end['exitCode']} ({reason})")


def _name(status: Raw) -> str:
    return f"container {status['name']}"
