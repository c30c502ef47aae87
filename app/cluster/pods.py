"""A Pod as the API tells it: whose it is, and why it does not run."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.cluster.containers import ending, failed_end, has_run, last_end, trouble
from app.cluster.seen import SeenPod, commit_of, conditions_of, revision_of
from app.cluster.why import scheduling, told
from app.domain.health import Cause, LogSource, Problem

Raw = Mapping[str, Any]

_ENDED_LOGS = frozenset({Cause.CRASH, Cause.ENDED, Cause.OUT_OF_MEMORY})
"""Causes of a program that did run: its log tells more."""


def read_pod(raw: Raw) -> SeenPod:
    """The pod; one that is being deleted has no problems any more."""
    metadata = raw["metadata"]
    head_sha, generation = commit_of(metadata)
    is_leaving = bool(metadata.get("deletionTimestamp"))
    statuses = () if is_leaving else _container_statuses(raw)
    failed = next((status for status in statuses if failed_end(status)), None)
    return SeenPod(
        namespace=metadata["namespace"],
        revision=revision_of(raw),
        name=metadata["name"],
        owner=_owner(metadata),
        head_sha=head_sha,
        generation=generation,
        problem=None if is_leaving else _problem(raw, statuses),
        ending=_ending(raw, failed),
        ending_log=_ending_log(metadata["name"], failed),
        is_creating=not is_leaving and _is_creating(statuses),
        unready=tuple(sorted(status["name"] for status in statuses if _is_unready(status))),
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


def _problem(raw: Raw, statuses: Iterable[Raw]) -> Problem | None:
    where, status = f"Pod/{raw['metadata']['name']}", raw.get("status") or {}
    scheduled = conditions_of(raw).get("PodScheduled", {})
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        cause, words = scheduling(scheduled.get("message") or "no node takes it")
        return Problem(cause, where, words)
    if status.get("reason") == "Evicted":
        return Problem(Cause.EVICTED, where, told(status.get("message") or "evicted"))
    found = (_container_problem(raw, each) for each in statuses)
    return next((problem for problem in found if problem), None)


def _container_problem(raw: Raw, status: Raw) -> Problem | None:
    found = trouble(status, _memory_limit(raw, status["name"]))
    if found is None:
        return None
    pod, (cause, words) = raw["metadata"]["name"], found
    # Always of the run before, which is there from the first restart on: in a crash loop a container is now waiting,
    # now running, now ended, and a source that went along would be news at each turn.
    log = LogSource(pod, status["name"], is_previous=True) if cause in _ENDED_LOGS else None
    return Problem(cause, f"Pod/{pod}", words, log)


def _memory_limit(raw: Raw, name: str) -> str | None:
    spec = raw.get("spec") or {}
    containers = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    resources = next((each.get("resources") or {} for each in containers if each["name"] == name), {})
    limit = (resources.get("limits") or {}).get("memory")
    return str(limit) if limit else None


def _ending(raw: Raw, failed: Raw | None) -> str:
    end = failed and failed_end(failed)
    return ending(failed, end, _memory_limit(raw, failed["name"])) if failed and end else ""


def _ending_log(pod: str, failed: Raw | None) -> LogSource | None:
    if failed is None or not has_run(failed_end(failed)):
        return None
    has_ended = bool((failed.get("state") or {}).get("terminated"))
    return LogSource(pod, failed["name"], is_previous=not has_ended)


def _is_creating(statuses: tuple[Raw, ...]) -> bool:
    """Whether nothing of it has ever been started: it waits for a volume, its network or an image."""
    return bool(statuses) and all("waiting" in (each.get("state") or {}) and not last_end(each) for each in statuses)


def _is_unready(status: Raw) -> bool:
    state = status.get("state") or {}
    has_started = bool(state.get("running")) or "running" in state or last_end(status) is not None
    return has_started and not status.get("ready")
