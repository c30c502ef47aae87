"""When a workload is ready, and what its own object says when it is not."""

from typing import Any

import pytest

from app.cluster.workloads import read_daemon_set, read_deployment, read_job, read_stateful_set
from app.domain.health import Cause, Problem
from tests.cluster.raw import SHA, Json, condition, workload

SETTLED: Json = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("change", "is_ready"),
    [
        ({}, True),
        ({"observedGeneration": 1}, False),
        ({"observedGeneration": 3}, True),
        ({"replicas": 3}, False),
        ({"replicas": 1, "updatedReplicas": 1}, False),
        ({"updatedReplicas": 1}, False),
        ({"availableReplicas": 1}, False),
        ({"replicas": 3, "availableReplicas": 3}, False),
    ],
)
def test_deployment_is_ready_when_only_available_replicas_of_the_newest_template_are_left(
    change: Json, is_ready: bool
) -> None:
    seen = read_deployment(workload(wanted=2, **SETTLED | change))
    assert seen.workload.is_ready is is_ready
    assert (seen.workload.name, seen.workload.head_sha, seen.workload.generation) == ("Deployment/web", SHA, 3)


def test_deployment_scaled_to_zero_is_ready_once_that_is_observed() -> None:
    assert not read_deployment(workload(wanted=0)).workload.is_ready
    assert read_deployment(workload(wanted=0, observedGeneration=2)).workload.is_ready


def test_deployment_without_a_replica_count_has_one() -> None:
    raw = workload(observedGeneration=2, wanted=None)
    assert not read_deployment(raw).workload.is_ready


def test_deployment_just_created_has_no_status_and_is_not_ready() -> None:
    raw = workload(wanted=1)
    del raw["status"]
    assert not read_deployment(raw).workload.is_ready


QUOTA_TOLD = "exceeded quota: environment, requested: pods=1, used: pods=5, limited: pods=5"
QUOTA = f'pods "web-5d9c8b7f-x" is forbidden: {QUOTA_TOLD}'
SECURITY_TOLD = 'violates PodSecurity "restricted:latest": runAsNonRoot != true'
SECURITY = f'pods "web-5d9c8b7f-x" is forbidden: {SECURITY_TOLD}'


@pytest.mark.parametrize(
    ("conditions", "problem"),
    [
        ([condition("ReplicaFailure", "True", "FailedCreate", QUOTA)], (Cause.QUOTA, QUOTA_TOLD)),
        ([condition("ReplicaFailure", "True", "FailedCreate", SECURITY)], (Cause.POD_SECURITY, SECURITY_TOLD)),
        ([condition("ReplicaFailure", "False", "FailedCreate", QUOTA)], None),
        ([condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out")], (Cause.DEADLINE, "timed out")),
        ([condition("Progressing", "True", "ReplicaSetUpdated", "progressing")], None),
        ([condition("Available", "False", "MinimumReplicasUnavailable", "no")], None),
        (
            [
                condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out"),
                condition("ReplicaFailure", "True", "FailedCreate", QUOTA),
            ],
            (Cause.QUOTA, QUOTA_TOLD),
        ),
    ],
)
def test_deployment_tells_what_its_conditions_say(conditions: list[Json], problem: tuple[Cause, str] | None) -> None:
    seen = read_deployment(workload(wanted=1, observedGeneration=2, conditions=conditions))
    assert seen.workload.problem == (problem and Problem(problem[0], "Deployment/web", problem[1]))


def test_conditions_of_a_template_not_yet_observed_say_nothing() -> None:
    conditions = [condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out")]
    seen = read_deployment(workload(wanted=1, observedGeneration=1, conditions=conditions))
    assert seen.workload.problem is None


def test_workload_tells_when_its_spec_was_last_written() -> None:
    raw = workload(wanted=1)
    assert read_deployment(raw).changed_at == ""
    raw["metadata"]["managedFields"] = [
        {"manager": "argocd-controller", "time": "2031-01-01T10:00:00Z"},
        {"manager": "kubectl-edit", "time": "2031-01-01T11:00:00Z"},
        {"manager": "kube-controller-manager", "subresource": "status", "time": "2031-01-01T12:00:00Z"},
    ]
    assert read_deployment(raw).changed_at == "2031-01-01T11:00:00Z"


def test_messages_are_one_line_of_at_most_500_characters() -> None:
    conditions = [condition("ReplicaFailure", "True", "FailedCreate", "a\x1b[31m\nb " + "é" * 600)]
    problem = read_deployment(workload(wanted=1, observedGeneration=2, conditions=conditions)).workload.problem
    assert problem is not None
    assert problem.message.startswith("a [31m b é")
    assert len(problem.message) == 500


@pytest.mark.parametrize(
    ("change", "is_ready"),
    [
        ({}, True),
        ({"observedGeneration": 1}, False),
        ({"updatedReplicas": 1}, False),
        ({"currentRevision": "web-1"}, False),
        ({"availableReplicas": 1}, False),
        ({"replicas": 3}, False),
    ],
)
def test_stateful_set_is_ready_when_its_revision_is_current_and_available(change: Json, is_ready: bool) -> None:
    status: Json = SETTLED | {"currentRevision": "web-2", "updateRevision": "web-2"} | change
    seen = read_stateful_set(workload(wanted=2, **status))
    assert (seen.workload.name, seen.workload.is_ready) == ("StatefulSet/web", is_ready)


@pytest.mark.parametrize(
    ("change", "is_ready"),
    [
        ({}, True),
        ({"observedGeneration": 1}, False),
        ({"updatedNumberScheduled": 1}, False),
        ({"numberAvailable": 1}, False),
        ({"desiredNumberScheduled": 0, "updatedNumberScheduled": 0, "numberAvailable": 0}, True),
    ],
)
def test_daemon_set_is_ready_when_every_node_runs_the_newest_template(change: Json, is_ready: bool) -> None:
    status: Json = {
        "observedGeneration": 2,
        "desiredNumberScheduled": 2,
        "updatedNumberScheduled": 2,
        "numberAvailable": 2,
    }
    seen = read_daemon_set(workload(**status | change))
    assert (seen.workload.name, seen.workload.is_ready) == ("DaemonSet/web", is_ready)


@pytest.mark.parametrize(
    ("conditions", "is_ready", "message"),
    [
        ([], False, None),
        ([condition("Complete", "True")], True, None),
        ([condition("Suspended", "True"), condition("Complete", "False")], False, None),
        ([condition("FailureTarget", "True", "BackoffLimitExceeded", "limit")], False, None),
        ([condition("Failed", "True", "BackoffLimitExceeded", "limit")], False, "limit"),
        ([condition("Failed", "True", "DeadlineExceeded")], False, "DeadlineExceeded"),
    ],
)
def test_job_is_ready_when_complete_and_fails_for_good(
    conditions: list[Json], is_ready: bool, message: str | None
) -> None:
    seen = read_job(workload("migrate", active=1, conditions=conditions))
    assert seen.workload.is_ready is is_ready
    assert seen.workload.problem == (message and Problem(Cause.JOB_FAILED, "Job/migrate", message))


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        (None, (None, 0)),
        ({}, (None, 0)),
        ({"ephemera.dev/head-sha": SHA}, (SHA, 0)),
        ({"ephemera.dev/head-sha": SHA, "ephemera.dev/generation": "many"}, (SHA, 0)),
        ({"ephemera.dev/generation": "12"}, (None, 12)),
    ],
)
def test_commit_is_read_from_the_pod_template(annotations: Any, expected: tuple[str | None, int]) -> None:
    raw = workload(wanted=1)
    raw["metadata"]["annotations"] = {"ephemera.dev/head-sha": "c" * 40}
    raw["spec"]["template"]["metadata"] = {"annotations": annotations}
    seen = read_deployment(raw)
    assert (seen.workload.head_sha, seen.workload.generation) == expected
