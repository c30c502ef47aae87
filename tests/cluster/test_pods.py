"""Whose a pod is, and why it does not run."""

import pytest

from app.cluster.pods import read_pod
from app.domain.health import Cause
from tests.cluster.raw import HASH, Json, condition, container, pod, waiting

PULL = 'rpc error: code = NotFound desc = failed to pull and unpack image "ghcr.io/acme/shop:1": not found'
EXIT_1 = {"exitCode": 1, "reason": "Error", "message": "TOKEN=hunter2"}
OUT_OF_MEMORY = {"exitCode": 137, "reason": "OOMKilled"}


@pytest.mark.parametrize(
    ("status", "cause", "message"),
    [
        (container(waiting=waiting("ErrImagePull", PULL)), Cause.IMAGE_NOT_FOUND, f"container app: {PULL}"),
        (
            container(waiting=waiting("ImagePullBackOff", 'Back-off pulling image "x"')),
            Cause.IMAGE_PULL,
            'container app: Back-off pulling image "x"',
        ),
        (
            container(waiting=waiting("CrashLoopBackOff", "back-off 40s"), restarts=3, last=EXIT_1),
            Cause.CRASH,
            "container app ended with exit code 1 (Error)",
        ),
        (
            container(waiting=waiting("CrashLoopBackOff", "back-off 10s"), restarts=1, last=OUT_OF_MEMORY),
            Cause.OUT_OF_MEMORY,
            "container app ended with exit code 137 (OOMKilled): it used too much memory",
        ),
        (container(waiting=waiting("CrashLoopBackOff")), Cause.CRASH, "container app keeps ending"),
        (
            container(waiting=waiting("RunContainerError", "no such program")),
            Cause.START,
            "container app: no such program",
        ),
    ],
)
@pytest.mark.parametrize("field", ["containerStatuses", "initContainerStatuses"])
def test_pod_tells_why_its_container_does_not_run(status: Json, cause: Cause, message: str, field: str) -> None:
    statuses: Json = {field: [status]}
    problem = read_pod(pod(**statuses)).problem
    assert problem is not None
    assert (problem.cause, problem.message) == (cause, message)
    assert problem.where == f"Pod/web-{HASH}-x2x4z"


@pytest.mark.parametrize(
    "status",
    [
        container(waiting=waiting("ContainerCreating")),
        container(waiting=waiting("PodInitializing")),
        container(running={}),
        container(running={}, restarts=1, last=EXIT_1),
        container(terminated={"exitCode": 0, "reason": "Completed"}),
        container(terminated=EXIT_1),
        container(running={}, restarts=4, last=EXIT_1) | {"ready": True},
    ],
)
def test_pod_that_may_still_become_ready_has_no_problem(status: Json) -> None:
    assert read_pod(pod(containerStatuses=[status])).problem is None


def test_unschedulable_pod_says_so_in_the_schedulers_words() -> None:
    conditions = [condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available")]
    problem = read_pod(pod(conditions=conditions)).problem
    assert problem is not None
    assert (problem.cause, problem.message) == (Cause.UNSCHEDULABLE, "0/3 nodes are available")


def test_termination_message_is_the_programs_own_and_not_told() -> None:
    seen = read_pod(pod(containerStatuses=[container(terminated=EXIT_1, restarts=2)]))
    assert seen.problem is not None
    assert "hunter2" not in seen.problem.message + seen.ending


@pytest.mark.parametrize(
    ("statuses", "is_creating", "unready"),
    [
        ([], False, ()),
        ([container(waiting=waiting("ContainerCreating"))], True, ()),
        ([container(waiting=waiting("PodInitializing")), container("log", running={})], False, ("log",)),
        ([container(waiting=waiting("CrashLoopBackOff"), last=EXIT_1)], False, ("app",)),
        ([container(running={}) | {"ready": True}], False, ()),
        ([container("b", running={}), container("a", terminated=EXIT_1)], False, ("a", "b")),
    ],
)
def test_pod_tells_whether_it_was_started_and_what_of_it_is_not_ready(
    statuses: list[Json], is_creating: bool, unready: tuple[str, ...]
) -> None:
    seen = read_pod(pod(containerStatuses=statuses))
    assert (seen.is_creating, seen.unready) == (is_creating, unready)


def test_pod_held_by_a_scheduling_gate_is_not_unschedulable() -> None:
    assert read_pod(pod(conditions=[condition("PodScheduled", "False", "SchedulingGated")])).problem is None


def test_pod_being_deleted_has_no_problem() -> None:
    statuses = [container(waiting=waiting("ErrImagePull", PULL))]
    seen = read_pod(pod(deleting=True, containerStatuses=statuses))
    assert (seen.problem, seen.ending, seen.is_creating) == (None, "", False)


def test_single_failure_is_kept_as_the_reason_a_job_may_give() -> None:
    statuses = [container(terminated={"exitCode": 0}), container("migrate", terminated=EXIT_1)]
    assert read_pod(pod(containerStatuses=statuses)).ending == "container migrate ended with exit code 1 (Error)"


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        (("ReplicaSet", f"web-{HASH}"), "Deployment/web"),
        (("ReplicaSet", f"web-admin-{HASH}"), "Deployment/web-admin"),
        (("StatefulSet", "db"), "StatefulSet/db"),
        (("DaemonSet", "agent"), "DaemonSet/agent"),
        (("Job", "migrate"), "Job/migrate"),
        (None, ""),
    ],
)
def test_pod_belongs_to_the_workload_that_controls_it(owner: tuple[str, str] | None, expected: str) -> None:
    assert read_pod(pod(owner=owner)).owner == expected
