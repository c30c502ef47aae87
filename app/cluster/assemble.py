"""One namespace's objects put together: workloads, each with the likeliest reason why it is not ready."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.cluster.seen import SeenNamespace, SeenPod, SeenWorkload, cut
from app.domain.health import Cause, Health, Phase, Problem, Workload

_ORDER = (
    Cause.JOB_FAILED,
    Cause.IMAGE_PULL,
    Cause.CONFIGURATION,
    Cause.CRASH,
    Cause.QUOTA,
    Cause.DEADLINE,
    Cause.UNSCHEDULABLE,
)
"""Of several problems the first in this order is told: what is final and most precise comes first."""

_EXPLAINED = frozenset({Cause.JOB_FAILED, Cause.DEADLINE})
"""Causes which say that it is over, not why: the pods do."""


def health_of(namespace: SeenNamespace, workloads: Iterable[SeenWorkload], pods: Sequence[SeenPod]) -> Health:
    """The namespace's Health, the same for any order of workloads and pods.

    While a namespace terminates only its notes are told: what still stands in it is on its way out.
    """
    if namespace.is_terminating:
        return Health(Phase.TERMINATING, notes=namespace.notes)
    judged = (_explained(seen.workload, pods) for seen in workloads)
    return Health(Phase.ACTIVE, tuple(sorted(judged, key=lambda workload: workload.name)))


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
    if problem.cause not in _EXPLAINED:
        return problem
    reasons = (f"Pod/{pod.name}: {pod.problem.message if pod.problem else pod.ending}" for pod in pods if _told(pod))
    return replace(problem, message=cut("; ".join([problem.message, *list(reasons)[:1]])))


def _told(pod: SeenPod) -> bool:
    return bool(pod.problem or pod.ending)


def _rank(problem: Problem) -> tuple[int, str]:
    return _ORDER.index(problem.cause), problem.where
