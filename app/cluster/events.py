"""Events that tell why something is not ready, where its own object does not: probes, volumes, refusals.

An event outlives what it tells of by an hour, and says nothing when that is over. So an event alone is no problem: it
must fit what the workload and the pod say now. Sources: kubelet pkg/kubelet/prober/prober.go, pkg/kubelet/events,
pkg/kubelet/kuberuntime/kuberuntime_manager.go (which probe a container is killed for); the volume manager and
pkg/controller/volume; kube-controller-manager pkg/controller/{statefulset,job,daemon}. Fields: k8s.io/api/core/v1.

A Deployment's refusals are not read from here: its own condition ReplicaFailure says them, and ends with them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.cluster.seen import SeenPod, SeenWorkload, is_environment
from app.cluster.why import refusal, told, volume_cause
from app.domain.health import Cause, LogSource, Problem

_PROBE = re.compile(r"^(Startup|Readiness|Liveness) probe (?:failed|errored(?: and resulted in unknown state)?): ?")
_KILLED = re.compile(r"^Container (\S+) failed (startup|liveness) probe, will be restarted")
_PROBES = {"startup": Cause.STARTUP_PROBE, "readiness": Cause.PROBE, "liveness": Cause.LIVENESS_PROBE}
_CONTAINER = re.compile(r"^spec\.(?:initC|c)ontainers\{([^}]{1,100})\}$")

_STARTING = 10
"""Failures of a startup probe after which it is told: until an application is up, it fails by design."""

_ADDRESS = r"(?<![\w.])(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]{2,39}\])"
_REPEATED = "(combined from similar events): "
_FLEETING = (
    # The node's end of a connection, and the pod's address: which port did not answer is what matters.
    (re.compile(_ADDRESS + r":\d{1,5}->"), ""),
    (re.compile(_ADDRESS + r":(\d{1,5})\b"), r":\1"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "..."),
    (re.compile(r", (?:unattached volumes|failed to process volumes)=\[[^\]]{0,2000}\]"), ""),
)


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """What an event tells of one object, for as long as it is kept."""

    namespace: str
    revision: int = field(compare=False)
    key: str
    """Its name."""
    about: str
    """`Pod/web-5d9c-x`, `StatefulSet/db`, `PersistentVolumeClaim/data`."""
    cause: Cause
    message: str
    """Redacted, and the same each time."""
    container: str = ""
    is_settled: bool = True
    """It has happened often enough to mean something."""
    kills: bool = False
    """It tells that the container is started again because of it, and nothing else."""
    at: str = field(default="", compare=False)
    """When it happened last, in whole seconds of RFC 3339."""


def read_event(raw: Mapping[str, Any]) -> SeenEvent | None:
    """The event; None when it tells nothing that is of interest, or lies in no environment."""
    about = raw.get("involvedObject") or {}
    namespace, reason = str(about.get("namespace", "")), raw.get("reason", "")
    if not is_environment(namespace):
        return None
    message = str(raw.get("message") or "").removeprefix(_REPEATED)
    kind = str(about.get("kind", ""))
    told_of = _probe(reason, message) or _other(kind, reason, message)
    if told_of is None:
        return None
    container = _CONTAINER.match(str(about.get("fieldPath", "")))
    return SeenEvent(
        namespace=namespace,
        revision=int(raw["metadata"]["resourceVersion"]),
        key=raw["metadata"]["name"],
        about=f"{kind}/{about.get('name')}",
        cause=told_of.cause,
        message=told_of.message,
        container=told_of.container or (container[1] if container else ""),
        is_settled=told_of.cause is not Cause.STARTUP_PROBE or _count(raw) >= _STARTING,
        kills=told_of.kills,
        at=_last_time(raw),
    )


def problems(
    events: Iterable[SeenEvent], workloads: Iterable[SeenWorkload], pods: Iterable[SeenPod]
) -> tuple[Problem, ...]:
    """What the events of one namespace tell of workloads that are not ready, sorted; one of each cause and workload."""
    known = sorted(events, key=lambda event: (event.at, event.revision), reverse=True)
    waiting = {seen.workload.name: seen for seen in workloads if not seen.workload.is_ready}
    own = sorted((pod for pod in pods if _is_of(pod, waiting)), key=lambda pod: pod.name)
    found = [
        *(item for pod in own for item in _of_pod(pod, known)),
        *(item for name in sorted(waiting) for item in _of_workload(waiting[name], own, known)),
        *_of_claims(own, known),
    ]
    first: dict[tuple[str, Cause], Problem] = {}
    for owner, problem in found:
        first.setdefault((owner, problem.cause), problem)
    return tuple(sorted(first.values(), key=lambda problem: (problem.where, problem.cause)))


_Found = tuple[str, Problem]
"""A problem with the workload whose it is."""


@dataclass(frozen=True, slots=True)
class _Told:
    cause: Cause
    message: str
    container: str = ""
    kills: bool = False


def _probe(reason: str, message: str) -> _Told | None:
    if reason == "Unhealthy" and (probe := _PROBE.match(message)):
        return _Told(_PROBES[probe[1].lower()], _words(message))
    if reason == "Killing" and (killed := _KILLED.match(message)):
        return _Told(_PROBES[killed[2]], _words(message), killed[1], kills=True)
    return None


def _other(kind: str, reason: str, message: str) -> _Told | None:
    match kind, reason:
        case "Pod", "FailedMount" | "FailedAttachVolume" | "FailedMapVolume":
            return _Told(volume_cause(message), _words(message))
        case "Pod", "FailedCreatePodSandBox":
            return _Told(Cause.SANDBOX, _words(message))
        case "PersistentVolumeClaim", "FailedBinding" | "ProvisioningFailed":
            return _Told(Cause.VOLUME, _words(message))
        case "StatefulSet" | "DaemonSet" | "Job", "FailedCreate":
            return _Told(*refusal(message))
        case _:
            return None


def _words(message: str) -> str:
    for pattern, instead in _FLEETING:
        message = pattern.sub(instead, message)
    return told(message)


def _count(raw: Mapping[str, Any]) -> int:
    return int((raw.get("series") or {}).get("count") or raw.get("count") or 1)


def _last_time(raw: Mapping[str, Any]) -> str:
    series = raw.get("series") or {}
    times = (series.get("lastObservedTime"), raw.get("lastTimestamp"), raw.get("eventTime"), raw.get("firstTimestamp"))
    moment = next((str(time) for time in times if time), "")
    return f"{moment[:19]}Z" if moment else ""


def _is_of(pod: SeenPod, waiting: Mapping[str, SeenWorkload]) -> bool:
    seen = waiting.get(pod.owner)
    if seen is None:
        return False
    return (pod.head_sha, pod.generation) == (seen.workload.head_sha, seen.workload.generation)


def _of_pod(pod: SeenPod, events: Sequence[SeenEvent]) -> Iterator[_Found]:
    own = [event for event in events if event.about == f"Pod/{pod.name}"]
    killed = {(event.container, event.cause) for event in own if event.kills}
    for event in own:
        if event.cause in _PROBES.values():
            is_settled = event.is_settled or (event.container, event.cause) in killed
            if is_settled and not event.kills and event.container in pod.unready:
                yield pod.owner, _failing_probe(pod, event)
        elif pod.is_creating:
            yield pod.owner, Problem(event.cause, event.about, event.message)


def _failing_probe(pod: SeenPod, event: SeenEvent) -> Problem:
    # Who is killed for a probe is a new container soon: the log that tells is that of the one before.
    log = LogSource(pod.name, event.container, is_previous=event.cause is not Cause.PROBE)
    return Problem(event.cause, event.about, f"container {event.container}: {event.message}", log)


def _of_workload(seen: SeenWorkload, pods: Iterable[SeenPod], events: Iterable[SeenEvent]) -> Iterator[_Found]:
    """What kept its pods from being made, as long as there is none, and nothing was changed since it was said."""
    name = seen.workload.name
    if any(pod.owner == name for pod in pods):
        return
    for event in events:
        if event.about == name and event.at >= seen.changed_at:
            yield name, Problem(event.cause, name, event.message)


def _of_claims(pods: Iterable[SeenPod], events: Iterable[SeenEvent]) -> Iterator[_Found]:
    """Why a claim has no volume, while a pod waits for one."""
    if not any(pod.problem and pod.problem.cause is Cause.VOLUME for pod in pods):
        return
    for event in events:
        if event.about.startswith("PersistentVolumeClaim/"):
            yield event.about, Problem(event.cause, event.about, event.message)
