"""One environment's objects put together: what syncs it, and its workloads, each with the likeliest reason why it is
not ready.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from app.cluster.applications import SeenApplication
from app.cluster.events import SeenEvent, problems
from app.cluster.kustomizations import SeenKustomization, SeenSource, joined
from app.cluster.seen import SeenNamespace, SeenPod, SeenWorkload, cut
from app.cluster.volumes import SeenVolume
from app.domain.health import Cause, Health, Holding, Phase, Problem, Sync, Workload

_RANK = {cause: rank for rank, cause in enumerate(Cause)}
"""Of several problems the first in this order is told: what is final and most precise comes first."""

_EXPLAINED = frozenset({Cause.JOB_FAILED, Cause.DEADLINE})
"""Causes which say that it is over, not why: the pods do."""


def health_of(objects: Iterable[object]) -> Health | None:
    """The Health that these objects of one environment make, the same for any order of them; None where nothing is
    there that tells of an environment.

    While a namespace terminates its workloads are not told: what still stands in it is on its way out. Nor are they
    where no namespace is shown, whose objects may arrive before it and outlive it in a watch.
    """
    found = _Found()
    for each in objects:
        found.add(each)
    namespace, sync, holding = found.namespace, found.sync(), tuple(sorted(found.holding, key=attrgetter("name")))
    if namespace is None:
        return Health(Phase.PARTIAL, sync=sync, holding=holding) if found.is_partial else None
    if namespace.is_terminating:
        return Health(Phase.TERMINATING, notes=namespace.notes, sync=sync, holding=holding)
    workloads = (_explained(seen.workload, found.pods) for seen in found.workloads)
    return Health(
        Phase.ACTIVE,
        tuple(sorted(workloads, key=attrgetter("name"))),
        sync=sync,
        problems=problems(found.events, found.workloads, found.pods) if found.events else (),
        holding=holding,
    )


@dataclass(slots=True)
class _Found:
    """Objects of one environment, by what they are."""

    namespace: SeenNamespace | None = None
    syncs: list[SeenApplication | SeenKustomization] = field(default_factory=list)
    sources: dict[str, SeenSource] = field(default_factory=dict)
    workloads: list[SeenWorkload] = field(default_factory=list)
    pods: list[SeenPod] = field(default_factory=list)
    events: list[SeenEvent] = field(default_factory=list)
    holding: list[Holding] = field(default_factory=list)
    is_partial: bool = False
    """Something is there that is not in the namespace."""

    def add(self, each: object) -> None:
        match each:
            case SeenPod():
                self.pods.append(each)
            case SeenWorkload():
                self.workloads.append(each)
            case SeenNamespace():
                self.namespace = each
            case SeenApplication() | SeenKustomization():
                self.syncs.append(each)
                self.is_partial = True
            case SeenSource():
                self.sources[each.key] = each
                self.is_partial = True
            case SeenVolume():
                self.is_partial = True
            case SeenEvent():
                self.events.append(each)
                return
            case _:
                return
        if each.holding:
            self.holding.append(each.holding)

    def sync(self) -> Sync | None:
        """What the syncer says; of two objects of one name, in two namespaces, the first one's."""
        first = min(self.syncs, key=attrgetter("key"), default=None)
        if isinstance(first, SeenKustomization):
            return joined(first, self.sources.get(first.key))
        return first.sync if first else None


def _explained(workload: Workload, pods: Sequence[SeenPod]) -> Workload:
    if workload.is_ready:
        return workload
    own = sorted((pod for pod in pods if _runs(pod, workload)), key=lambda pod: pod.name)
    problems = [pod.problem for pod in own if pod.problem]
    if workload.problem:
        problems.append(_with_reason(workload.problem, own))
    return replace(workload, problem=min(problems, key=_rank, default=None))


def _runs(pod: SeenPod, workload: Workload) -> bool:
    """Whether the pod is of the workload's present template: one of an older commit says nothing about this one."""
    is_same_commit = pod.head_sha == workload.head_sha and pod.generation == workload.generation
    return is_same_commit and pod.owner == workload.name


def _with_reason(problem: Problem, pods: Iterable[SeenPod]) -> Problem:
    """The problem with what the first of the pods that says anything says, and that pod's log."""
    pod = next((pod for pod in pods if _told(pod)), None)
    if problem.cause not in _EXPLAINED or pod is None:
        return problem
    reason, log = (pod.problem.message, pod.problem.log) if pod.problem else (pod.ending, pod.ending_log)
    return replace(problem, message=cut(f"{problem.message}; Pod/{pod.name}: {reason}"), log=log)


def _told(pod: SeenPod) -> bool:
    return bool(pod.problem or pod.ending)


def _rank(problem: Problem) -> tuple[int, str]:
    return _RANK[problem.cause], problem.where
