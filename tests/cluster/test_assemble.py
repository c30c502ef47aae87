"""A namespace's objects as one Health."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from app.cluster.assemble import health_of
from app.cluster.pods import read_pod
from app.cluster.resources import DEPLOYMENTS, NAMESPACES, PODS
from app.cluster.workloads import read_deployment, read_job
from app.domain.health import Cause, Health, Holding, LogSource, Phase, Sync
from tests.cluster.raw import (
    HASH,
    NAMESPACE,
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
from tests.cluster.reading import APPLICATIONS, KUSTOMIZATIONS, SOURCES, health, read, seen_namespace, volume
from tests.cluster.synced import NEW, READY, application, compared, kustomization, source

CRASHING = [container(waiting=waiting("CrashLoopBackOff"), restarts=2, last={"exitCode": 1})]
NOT_PULLED = [container(waiting=waiting("ErrImagePull", "not found"))]
UNSCHEDULABLE = [condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available")]
LATE = [condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out")]
REFUSED = [condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota: environment")]


def applied() -> Any:
    """An Application at a commit."""
    return read(APPLICATIONS, application(sync=compared("Synced")))


def problem_of(deployment: Json, *pods: Json) -> tuple[Cause, str, str] | None:
    seen = health(seen_namespace(), read_deployment(deployment), *map(read_pod, pods))
    problem = seen.workloads[0].problem
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
        (LATE, [pod(containerStatuses=NOT_PULLED)], Cause.IMAGE_NOT_FOUND, "container app: not found"),
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
            Cause.IMAGE_NOT_FOUND,
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
    problem = health(seen_namespace(), read_job(job), read_pod(ended)).workloads[0].problem
    assert problem is not None
    assert (problem.cause, problem.where) == (Cause.JOB_FAILED, "Job/migrate")
    assert problem.message == "limit reached; Pod/migrate-x: container app ended with exit code 3 (Error)"
    assert problem.log == LogSource("migrate-x", "app", is_previous=False)


def test_health_does_not_depend_on_the_order_of_objects() -> None:
    workloads = [read_deployment(workload(name, observedGeneration=2)) for name in ("web", "api", "worker")]
    pods = [read_pod(pod(f"web-{letter}", containerStatuses=CRASHING)) for letter in "abc"]
    found = {
        health(*some, seen_namespace(), *others) for some in permutations(workloads) for others in permutations(pods)
    }
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
    seen = health(seen_namespace(deleting=True, conditions=conditions), read_deployment(workload()))
    assert seen == Health(
        Phase.TERMINATING, notes=("pods. has 1 resource instances", "example.com/guard in 1 resource")
    )


def test_namespace_marked_for_deletion_terminates_before_its_phase_says_so() -> None:
    assert health(seen_namespace(deleting=True, phase="Active")).phase is Phase.TERMINATING


def test_what_the_syncer_says_is_told_in_every_phase() -> None:
    seen = applied()
    for phase, namespaces in (
        (Phase.PARTIAL, []),
        (Phase.ACTIVE, [seen_namespace()]),
        (Phase.TERMINATING, [seen_namespace(deleting=True)]),
    ):
        found = health(seen, *namespaces)
        assert (found.phase, found.sync) == (phase, seen.sync)


def test_volume_alone_is_part_of_an_environment_and_pods_alone_are_nothing() -> None:
    assert health(volume("pvc-1", NAMESPACE)) == Health(Phase.PARTIAL)
    assert health_of([read_pod(pod()), read_deployment(workload())]) is None
    assert health_of([]) is None


def test_workloads_without_a_namespace_are_not_told() -> None:
    assert health(applied(), read_deployment(ready_deployment())).workloads == ()


def test_kustomization_is_joined_with_the_source_in_its_namespace() -> None:
    its_own, elsewhere = read(SOURCES, source()), read(SOURCES, source())
    kustomized = read(KUSTOMIZATIONS, kustomization(READY, applied=NEW, tried=NEW))
    assert health(its_own, kustomized).sync == Sync(f"Kustomization/{NAMESPACE}", NEW, NEW, is_exact=True)
    assert health(replace(elsewhere, key="other/x"), kustomized).sync == kustomized.sync
    assert health(its_own) == Health(Phase.PARTIAL)


STUCK: Json = {"deletionTimestamp": "2031-01-01T00:00:00Z", "finalizers": ["example.com/guard"]}


def test_whatever_cannot_go_is_told_by_name() -> None:
    raw = namespace(deleting=True) | {"spec": {"finalizers": ["kubernetes"]}}
    deployment = workload()
    deployment["metadata"] |= STUCK
    left = pod()
    left["metadata"] |= STUCK
    found = health(
        volume("pvc-1", NAMESPACE, **STUCK),
        read(NAMESPACES, raw),
        read(PODS, left),
        read(DEPLOYMENTS, deployment),
        volume("pvc-2", NAMESPACE, finalizers=["kubernetes.io/pv-protection"]),
    )
    since = "2031-01-01T00:00:00Z"
    assert found.holding == (
        Holding("Deployment/web", ("example.com/guard",), since),
        Holding(f"Namespace/{NAMESPACE}", ("kubernetes",), since),
        Holding("PersistentVolume/pvc-1", ("example.com/guard",), since),
        Holding(f"Pod/web-{HASH}-x2x4z", ("example.com/guard",), since),
    )


def test_pod_that_merely_ends_holds_nothing() -> None:
    assert read(PODS, pod(deleting=True)).holding is None
