"""What runs in a cluster for one environment, and whether it is what was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Phase(StrEnum):
    """The namespace's state. ABSENT is only said after complete lists showed nothing of the environment's."""

    ABSENT = "absent"
    PARTIAL = "partial"
    """The namespace is not shown, though the syncer's object or a volume is: it is about to come, or not quite gone."""
    ACTIVE = "active"
    TERMINATING = "terminating"


class Cause(StrEnum):
    """Why a workload does not become ready, in words that people can act on.

    Declared from what is final and most precise to what says least: of several problems the first is told.
    """

    JOB_FAILED = "job failed"
    IMAGE_NAME = "invalid image name"
    IMAGE_ARCHITECTURE = "image for another architecture"
    IMAGE_UNAUTHORIZED = "no access to the image"
    IMAGE_NOT_FOUND = "image not found"
    IMAGE_PULL = "image pull"
    MISSING_CONFIGURATION = "missing configuration"
    ROOT = "image runs as root"
    CONFIGURATION = "configuration"
    START = "program cannot be started"
    OUT_OF_MEMORY = "out of memory"
    CRASH = "crash loop"
    ENDED = "program ends by itself"
    QUOTA = "quota"
    POD_SECURITY = "refused by Pod Security"
    POLICY = "refused by a policy"
    LIMITS = "outside the limits"
    INVALID = "invalid object"
    REFUSED = "refused"
    SYNC = "sync error"
    DEADLINE = "deadline"
    LIVENESS_PROBE = "failing liveness probe"
    STARTUP_PROBE = "failing startup probe"
    PROBE = "failing readiness probe"
    EVICTED = "evicted"
    VOLUME = "volume"
    REGISTRY_UNREACHABLE = "registry unreachable"
    SANDBOX = "node trouble"
    NODE_MISMATCH = "no suitable node"
    UNSCHEDULABLE = "unschedulable"
    OTHER = "problem"
    """Read from a row that another version wrote."""


WAITS = frozenset(
    {
        Cause.LIVENESS_PROBE,
        Cause.STARTUP_PROBE,
        Cause.PROBE,
        Cause.EVICTED,
        Cause.VOLUME,
        Cause.REGISTRY_UNREACHABLE,
        Cause.SANDBOX,
        Cause.NODE_MISMATCH,
        Cause.UNSCHEDULABLE,
    }
)
"""Causes that often pass without anybody's doing (a cluster that scales up, an application that is still starting):
shown, but not a failure at once."""

_CAUSES = frozenset(cause.value for cause in Cause)


@dataclass(frozen=True, slots=True)
class LogSource:
    """The container whose last lines tell why."""

    pod: str
    container: str
    is_previous: bool
    """It ended and was started again: the run before tells."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (`Pod/web-5d9c-x`), the cause, the cluster's words (500 characters at most)."""

    cause: Cause
    where: str
    message: str
    log: LogSource | None = None


@dataclass(frozen=True, slots=True)
class FailureLog:
    """The last lines of a container that fails: at most 8 KiB, made harmless and redacted."""

    of: str
    """Whose, for a person to read: `Pod/web-5d9c-x, container web`."""
    text: str


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
class Sync:
    """What the syncer says of one environment: an Argo CD Application, or a Flux Kustomization with its source."""

    name: str
    """`Application/pr-7-shop`."""
    applied: str | None = None
    """The Git commit that is applied, wholly and without error; None while none is."""
    tried: str | None = None
    """The commit that it worked on last, whatever came of it."""
    error: str | None = None
    """Why that did not work, in its words."""
    is_exact: bool = False
    """It follows the environment's own ref, so that a commit other than the environment's is an older one. One that
    follows the branch names commits of other environments too, and then only the workloads tell."""
    drift: tuple[str, ...] = ()
    """Objects (`Deployment/web`) that differ in the cluster from the commit that is applied."""


@dataclass(frozen=True, slots=True)
class Holding:
    """An object that is being deleted and cannot go."""

    name: str
    """`Namespace/pr-7-shop`, `ConfigMap/lock`."""
    finalizers: tuple[str, ...]
    since: str
    """When its deletion was asked for, as the cluster writes it: RFC 3339."""


@dataclass(frozen=True, slots=True)
class Health:
    """All that matters of one namespace, in an order that does not depend on the order of events."""

    phase: Phase
    workloads: tuple[Workload, ...] = ()
    """Sorted by name."""
    notes: tuple[str, ...] = ()
    """What holds up a namespace that terminates, in the cluster's words."""
    sync: Sync | None = None
    """None while the syncer shows nothing of it, or cannot be seen."""
    problems: tuple[Problem, ...] = ()
    """What is wrong with the namespace rather than with one workload: a refused object, an exceeded quota."""
    holding: tuple[Holding, ...] = ()
    """What cannot go, sorted by name."""

    def to_json(self) -> dict[str, Any]:
        """The row's form."""
        return _plain(asdict(self))  # type: ignore[no-any-return]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Health":
        """The value that `to_json` wrote, also one of an older version."""
        sync = value.get("sync")
        return cls(
            phase=Phase(value["phase"]),
            workloads=tuple(_workload(item) for item in value["workloads"]),
            notes=tuple(value["notes"]),
            sync=sync and Sync(**{**sync, "drift": tuple(sync["drift"])}),
            problems=tuple(_problem(item) for item in value.get("problems", ())),
            holding=tuple(
                Holding(**{**item, "finalizers": tuple(item["finalizers"])}) for item in value.get("holding", ())
            ),
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should run."""

    head_sha: str
    generation: int
    commit: str | None
    """Of the environments repository."""
    workloads: Sequence[str]
    """`Deployment/web` ..."""


def judge(health: Health | None, wanted: Wanted) -> Judgement:
    """Whether every wanted workload runs that commit at that generation, and the syncer says that it applied it.

    Workloads of another commit are neither ready nor in trouble: they are on their way out.
    """
    if health is None or health.phase not in (Phase.ACTIVE, Phase.PARTIAL):
        return Judgement(Verdict.PROGRESSING)
    present = {
        workload.name: workload
        for workload in health.workloads
        if health.phase is Phase.ACTIVE
        and workload.head_sha == wanted.head_sha
        and workload.generation == wanted.generation
    }
    found = [present.get(name) for name in wanted.workloads]
    if found and all(workload is not None and workload.is_ready for workload in found) and _is_applied(health, wanted):
        return Judgement(Verdict.READY)
    problems = (
        *(workload.problem for workload in present.values() if workload.problem and not workload.is_ready),
        *health.problems,
        *_sync_problems(health.sync, wanted),
    )
    failing = any(problem.cause not in WAITS for problem in problems)
    return Judgement(Verdict.FAILING if failing else Verdict.PROGRESSING, problems)


def _is_applied(health: Health, wanted: Wanted) -> bool:
    sync = health.sync
    return sync is None or not sync.is_exact or wanted.commit is None or sync.applied == wanted.commit


def _sync_problems(sync: Sync | None, wanted: Wanted) -> Sequence[Problem]:
    """What the syncer says of the wanted commit; what it says of an older one is over."""
    if sync is None or sync.error is None or (sync.is_exact and sync.tried not in (wanted.commit, None)):
        return ()
    return (Problem(Cause.SYNC, sync.name, sync.error),)


def _plain(value: Any) -> Any:
    """The value as JSON gives it back."""
    match value:
        case dict():
            return {key: _plain(held) for key, held in value.items()}
        case tuple() | list():
            return [_plain(held) for held in value]
        case StrEnum():
            return value.value
        case _:
            return value


def _workload(value: Mapping[str, Any]) -> Workload:
    problem = value["problem"]
    return Workload(**{**value, "problem": problem and _problem(problem)})


def _problem(value: Mapping[str, Any]) -> Problem:
    log = value.get("log")
    return Problem(_cause(value["cause"]), value["where"], value["message"], log and LogSource(**log))


def _cause(value: str) -> Cause:
    return Cause(value) if value in _CAUSES else Cause.OTHER
