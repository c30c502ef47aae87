"""What runs in a cluster for one environment, and whether it is what was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """The namespace's state. ABSENT is only said after a complete list did not show it."""

    ABSENT = "absent"
    ACTIVE = "active"
    TERMINATING = "terminating"


class Cause(StrEnum):
    """Why a workload does not become ready, in words that people can act on."""

    IMAGE_PULL = "image pull"
    CRASH = "crash loop"
    QUOTA = "quota"
    UNSCHEDULABLE = "unschedulable"
    CONFIGURATION = "configuration"
    JOB_FAILED = "job failed"
    DEADLINE = "deadline"


WAITS = frozenset({Cause.UNSCHEDULABLE})
"""Causes that often pass without anybody's doing (a cluster that scales up): shown, but not a failure at once."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (`Pod/web-5d9c-x`), the cause, the cluster's words (500 characters at most)."""

    cause: Cause
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet, DaemonSet or Job, judged at the pod template it was last given."""

    name: str
    """`Deployment/web`."""
    head_sha: str | None
    """The pod template's `ephemera.dev/head-sha`; None where it carries none."""
    generation: int
    """The pod template's `ephemera.dev/generation`; 0 where it carries none."""
    is_ready: bool
    """Observed at its latest generation, fully updated and available (a Job: completed)."""
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """All that matters of one namespace, in an order that does not depend on the order of events."""

    phase: Phase
    workloads: tuple[Workload, ...] = ()
    """Sorted by name."""
    notes: tuple[str, ...] = ()
    """What holds up a namespace that terminates, in the cluster's words."""

    def to_json(self) -> dict[str, Any]:
        """The row's form."""
        return {
            "phase": self.phase.value,
            "workloads": [_workload_to_json(workload) for workload in self.workloads],
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Health":
        """The value that `to_json` wrote."""
        return cls(
            phase=Phase(value["phase"]),
            workloads=tuple(_workload_from_json(item) for item in value["workloads"]),
            notes=tuple(value["notes"]),
        )


class Verdict(StrEnum):
    """Whether the wanted commit runs."""

    READY = "ready"
    PROGRESSING = "progressing"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with what stands in the way of READY."""

    verdict: Verdict
    problems: tuple[Problem, ...] = ()


def judge(health: Health | None, head_sha: str, generation: int, expected: Sequence[str]) -> Judgement:
    """Whether every expected workload (`Deployment/web`) runs that commit at that generation, and why not.

    Workloads of another commit are neither ready nor in trouble: they are on their way out.
    """
    present = {
        workload.name: workload
        for workload in (health.workloads if health and health.phase is Phase.ACTIVE else ())
        if workload.head_sha == head_sha and workload.generation == generation
    }
    wanted = [present.get(name) for name in expected]
    if wanted and all(workload is not None and workload.is_ready for workload in wanted):
        return Judgement(Verdict.READY)
    problems = tuple(workload.problem for workload in present.values() if workload.problem and not workload.is_ready)
    failing = any(problem.cause not in WAITS for problem in problems)
    return Judgement(Verdict.FAILING if failing else Verdict.PROGRESSING, problems)


def _workload_to_json(workload: Workload) -> dict[str, Any]:
    problem = workload.problem
    return {
        "name": workload.name,
        "head_sha": workload.head_sha,
        "generation": workload.generation,
        "is_ready": workload.is_ready,
        "problem": problem and {"cause": problem.cause.value, "where": problem.where, "message": problem.message},
    }


def _workload_from_json(value: Mapping[str, Any]) -> Workload:
    problem = value["problem"]
    return Workload(
        name=value["name"],
        head_sha=value["head_sha"],
        generation=value["generation"],
        is_ready=value["is_ready"],
        problem=problem and Problem(Cause(problem["cause"]), problem["where"], problem["message"]),
    )
