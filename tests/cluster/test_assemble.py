"""A namespace's objects as one Health."""

from itertools import permutations

import pytest

from app.cluster.assemble import health_of
from app.cluster.namespaces import read_namespace
from app.cluster.pods import read_pod
from app.cluster.workloads import read_deployment, read_job
from app.domain.health import Cause, Health, Phase
from tests.cluster.raw import (
    HASH,
    OLDER_SHA,
    Json,
    condition,
    container,
    namespace,
    pod,
    ready_deployment,
    waiting,
    workload,
)

CRASHING = [container(waiting=waiting("CrashLoopBackOff"), restarts=2, last={"exitCode": 1})]
NOT_PULLED = [container(waiting=waiting("ErrImagePull", "not found"))]
UNSCHEDULABLE = [condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available")]
LATE = [condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out")]
REFUSED = [condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: environment")]


def problem_of(deployment: Json, *pods: Json) -> tuple[Cause, str, str] | None:
    health = health_of(read_namespace(namespace()), [read_deployment(deployment)], [read_pod(raw) for raw in pods])
    problem = health.workloads[0].problem
    return (problem.cause, problem.where, problem.message) if problem else None


@pytest.mark.parametrize(
    "stranger",
    [
        pod(sha=OLDER_SHA, containerStatuses=CRASHING),
        pod(generation=2, containerStatuses=CRASHING),
        pod(owner=("ReplicaSet", f"web-admin-{HASH}"), containerStatuses=CRASHING),
        pod(owner=("StatefulSet", "web"), containerStatuses=CRASHING),
        pod(owner=None, containerStatuses=CRASHING),
    ],
    ids=["older commit", "older generation", "another Deployment", "another kind", "nobody's"],
)
def test_only_pods_of_the_workloads_own_template_speak_for_it(stranger: Json) -> None:
    assert problem_of(workload(observedGeneration=2), stranger) is None


def test_pod_of_the_same_template_speaks_for_its_workload() -> None:
    found = problem_of(workload(observedGeneration=2), pod(containerStatuses=CRASHING))
    assert found == (Cause.CRASH, f"Pod/web-{HASH}-x2x4z", "container app ended with exit code 1 (Error)")


def test_ready_workload_has_no_problem_whatever_its_pods_say() -> None:
    assert problem_of(ready_deployment(), pod(containerStatuses=CRASHING)) is None


@pytest.mark.parametrize(
    ("conditions", "pods", "cause", "message"),
    [
        (REFUSED, [pod(containerStatuses=CRASHING)], Cause.CRASH, "container app ended with exit code 1 (Error)"),
        (REFUSED, [], Cause.QUOTA, "exceeded quota: environment"),
        (LATE, [pod(containerStatuses=NOT_PULLED)], Cause.IMAGE_PULL, "container app: not found"),
        (LATE, [pod()], Cause.DEADLINE, "timed out"),
        (
            LATE,
            [pod(conditions=UNSCHEDULABLE)],
            Cause.DEADLINE,
            f"timed out; Pod/web-{HASH}-x2x4z: 0/3 nodes are available",
        ),
        (
            [],
            [pod("web-a", conditions=UNSCHEDULABLE), pod("web-b", containerStatuses=NOT_PULLED)],
            Cause.IMAGE_PULL,
            "container app: not found",
        ),
    ],
)
def test_most_precise_problem_is_told(conditions: list[Json], pods: list[Json], cause: Cause, message: str) -> None:
    found = problem_of(workload(observedGeneration=2, conditions=conditions), *pods)
    assert found is not None
    assert (found[0], found[2]) == (cause, message)


def test_failed_job_says_how_its_pod_ended() -> None:
    job = workload("migrate", conditions=[condition("Failed", "True", "BackoffLimitExceeded", "limit reached")])
    ended = pod(
        "migrate-x",
        owner=("Job", "migrate"),
        containerStatuses=[container(terminated={"exitCode": 3, "reason": "Error"})],
    )
    health = health_of(read_namespace(namespace()), [read_job(job)], [read_pod(ended)])
    problem = health.workloads[0].problem
    assert problem is not None
    assert (problem.cause, problem.where) == (Cause.JOB_FAILED, "Job/migrate")
    assert problem.message == "limit reached; Pod/migrate-x: container app ended with exit code 3 (Error)"


def test_health_does_not_depend_on_the_order_of_objects() -> None:
    workloads = [read_deployment(workload(name, observedGeneration=2)) for name in ("web", "api", "worker")]
    pods = [read_pod(pod(f"web-{letter}", containerStatuses=CRASHING)) for letter in "abc"]
    seen = read_namespace(namespace())
    found = {health_of(seen, some, others) for some in permutations(workloads) for others in permutations(pods)}
    assert len(found) == 1
    assert [workload.name for workload in found.pop().workloads] == [
        "Deployment/api",
        "Deployment/web",
        "Deployment/worker",
    ]


def test_terminating_namespace_tells_what_holds_it_up_and_nothing_else() -> None:
    conditions = [
        condition("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", "example.com/guard in 1 resource"),
        condition("NamespaceContentRemaining", "True", "SomeResourcesRemain", "pods. has 1 resource instances"),
        condition("NamespaceDeletionContentFailure", "False", "ContentDeleted", "all content deleted"),
    ]
    seen = read_namespace(namespace(deleting=True, conditions=conditions))
    assert health_of(seen, [read_deployment(workload())], []) == Health(
        Phase.TERMINATING, notes=("pods. has 1 resource instances", "example.com/guard in 1 resource")
    )


def test_namespace_marked_for_deletion_terminates_before_its_phase_says_so() -> None:
    raw = namespace(deleting=True)
    raw["status"] = {"phase": "Active"}
    assert health_of(read_namespace(raw), [], []).phase is Phase.TERMINATING
