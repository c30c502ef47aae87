"""What events tell, and when they tell nothing any more."""

from typing import Any

import pytest

from app.cluster.events import SeenEvent, problems, read_event
from app.cluster.pods import read_pod
from app.cluster.seen import SeenPod, SeenWorkload
from app.cluster.workloads import read_deployment, read_job, read_stateful_set
from app.domain.health import Cause, LogSource, Problem
from tests.cluster.raw import HASH, NAMESPACE, OLDER_SHA, Json, condition, container, pod, ready_deployment, workload

POD = f"web-{HASH}-x2x4z"
WEB = read_deployment(workload(observedGeneration=2))
RUNNING = [container("web", running={})]
CREATING = [container("web", waiting={"reason": "ContainerCreating"})]
REFUSED = "dial tcp 10.244.1.7:8080: connect: connection refused"


def event(reason: str, message: str, about: str = f"Pod/{POD}", **fields: Any) -> Json:
    """An Event of core/v1, as the kubelet and the controllers write it."""
    kind, _, name = about.partition("/")
    involved: Json = {"kind": kind, "namespace": NAMESPACE, "name": name}
    if kind == "Pod":
        involved["fieldPath"] = "spec.containers{web}"
    return {
        "metadata": {"name": f"{name}.{fields.get('id', '1')}", "namespace": NAMESPACE, "resourceVersion": "7"},
        "involvedObject": involved | fields.pop("involved", {}),
        "reason": reason,
        "message": message,
        "type": "Warning",
        "count": 1,
        "firstTimestamp": "2031-01-01T10:00:00Z",
        "lastTimestamp": "2031-01-01T10:00:00Z",
    } | fields


def seen(*raws: Json) -> list[SeenEvent]:
    return [read for raw in raws if (read := read_event(raw)) is not None]


def told(raws: list[Json], *pods: Json, workloads: tuple[SeenWorkload, ...] = (WEB,)) -> tuple[Problem, ...]:
    read: list[SeenPod] = [read_pod(raw) for raw in pods]
    return problems(seen(*raws), workloads, read)


@pytest.mark.parametrize(
    ("message", "cause", "words"),
    [
        (
            "Readiness probe failed: HTTP probe failed with statuscode: 500",
            Cause.PROBE,
            "Readiness probe failed: HTTP probe failed with statuscode: 500",
        ),
        (
            f"Readiness probe failed: {REFUSED}",
            Cause.PROBE,
            "Readiness probe failed: dial tcp :8080: connect: connection refused",
        ),
        (
            'Readiness probe failed: Get "http://10.244.1.7:8080/ready": context deadline exceeded (Client.Timeout '
            "exceeded while awaiting headers)",
            Cause.PROBE,
            'Readiness probe failed: Get "http://:8080/ready": context deadline exceeded (Client.Timeout exceeded '
            "while awaiting headers)",
        ),
        (
            'Readiness probe failed: Get "http://[fd00::1:7]:8080/": read tcp [fd00::1]:41234->[fd00::1:7]:8080: read: '
            "connection reset by peer",
            Cause.PROBE,
            'Readiness probe failed: Get "http://:8080/": read tcp :8080: read: connection reset by peer',
        ),
        (
            'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")',
            Cause.PROBE,
            'Readiness probe failed: service unhealthy (responded with "NOT_SERVING")',
        ),
        (
            'Readiness probe failed: timeout: failed to connect service "10.244.1.7:50051" within 1s: context deadline '
            "exceeded",
            Cause.PROBE,
            'Readiness probe failed: timeout: failed to connect service ":50051" within 1s: context deadline exceeded',
        ),
        (
            "Readiness probe failed: cannot log in\nwith password=hunter2\x1b[0m",
            Cause.PROBE,
            "Readiness probe failed: cannot log in with password=***",
        ),
        (
            'Readiness probe errored and resulted in unknown state: strconv.Atoi: parsing "http": invalid syntax',
            Cause.PROBE,
            'Readiness probe errored and resulted in unknown state: strconv.Atoi: parsing "http": invalid syntax',
        ),
        (
            "Liveness probe failed: HTTP probe failed with statuscode: 503",
            Cause.LIVENESS_PROBE,
            "Liveness probe failed: HTTP probe failed with statuscode: 503",
        ),
    ],
)
def test_failing_probe_says_which_it_is_and_its_answer(message: str, cause: Cause, words: str) -> None:
    found = told([event("Unhealthy", message)], pod(containerStatuses=RUNNING))
    log = LogSource(POD, "web", is_previous=cause is not Cause.PROBE)
    assert found == (Problem(cause, f"Pod/{POD}", f"container web: {words}", log),)


def test_same_answer_of_another_address_is_no_news() -> None:
    one, other = seen(
        event("Unhealthy", f"Readiness probe failed: {REFUSED}"),
        event("Unhealthy", f"Readiness probe failed: {REFUSED}".replace("1.7", "9.9"), count=12),
    )
    assert one == other


STARTUP = event("Unhealthy", f"Startup probe failed: {REFUSED}")
KILLED = event("Killing", "Container web failed startup probe, will be restarted", id="2", type="Normal")


@pytest.mark.parametrize(
    ("events", "is_told"),
    [
        ([STARTUP], False),
        ([STARTUP | {"count": 9}], False),
        ([STARTUP | {"count": 10}], True),
        ([STARTUP | {"series": {"count": 10, "lastObservedTime": "2031-01-01T10:00:00.000000Z"}}], True),
        ([STARTUP, KILLED], True),
        ([KILLED], False),
    ],
)
def test_startup_probe_is_told_once_it_has_failed_for_long_or_killed(events: list[Json], is_told: bool) -> None:
    causes = [problem.cause for problem in told(events, pod(containerStatuses=RUNNING))]
    assert causes == ([Cause.STARTUP_PROBE] if is_told else [])


def test_last_answer_of_a_probe_is_told() -> None:
    early = event("Unhealthy", f"Readiness probe failed: {REFUSED}", lastTimestamp="2031-01-01T10:00:05Z")
    late = event("Unhealthy", "Readiness probe failed: status 500", id="2", lastTimestamp="2031-01-01T10:00:06Z")
    for order in ([early, late], [late, early]):
        (problem,) = told(order, pod(containerStatuses=RUNNING))
        assert problem.message == "container web: Readiness probe failed: status 500"


UNHEALTHY = event("Unhealthy", "Readiness probe failed: status 500")


@pytest.mark.parametrize(
    ("workloads", "pods"),
    [
        ((read_deployment(ready_deployment()),), [pod(containerStatuses=RUNNING)]),
        ((WEB,), [pod(containerStatuses=[RUNNING[0] | {"ready": True}])]),
        ((WEB,), [pod(sha=OLDER_SHA, containerStatuses=RUNNING)]),
        ((WEB,), [pod(deleting=True, containerStatuses=RUNNING)]),
        ((WEB,), [pod("web-other", containerStatuses=RUNNING)]),
        ((WEB,), []),
        ((), [pod(containerStatuses=RUNNING)]),
    ],
    ids=["ready workload", "ready pod", "older commit", "leaving pod", "another pod", "no pod", "no workload"],
)
def test_probe_that_failed_once_says_nothing_of_what_is_now(
    workloads: tuple[SeenWorkload, ...], pods: list[Json]
) -> None:
    assert told([UNHEALTHY], *pods, workloads=workloads) == ()


@pytest.mark.parametrize(
    ("reason", "message", "cause", "words"),
    [
        (
            "FailedMount",
            'MountVolume.SetUp failed for volume "config" : configmap "shop" not found',
            Cause.MISSING_CONFIGURATION,
            'MountVolume.SetUp failed for volume "config" : configmap "shop" not found',
        ),
        (
            "FailedMount",
            'MountVolume.SetUp failed for volume "db-secret" : secret "db" not found',
            Cause.MISSING_CONFIGURATION,
            'MountVolume.SetUp failed for volume "db-secret" : secret "db" not found',
        ),
        (
            "FailedMount",
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data tmp], failed to "
            "process volumes=[]: timed out waiting for the condition",
            Cause.VOLUME,
            "Unable to attach or mount volumes: unmounted volumes=[data]: timed out waiting for the condition",
        ),
        (
            "FailedAttachVolume",
            'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node',
            Cause.VOLUME,
            'Multi-Attach error for volume "pvc-1" Volume is already exclusively attached to one node',
        ),
        (
            "FailedCreatePodSandBox",
            "(combined from similar events): Failed to create pod sandbox: rpc error: code = Unknown desc = failed to "
            f'setup network for sandbox "{"0a" * 32}": plugin type="calico" failed (add): no IP addresses available',
            Cause.SANDBOX,
            "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
            '"...": plugin type="calico" failed (add): no IP addresses available',
        ),
    ],
)
def test_pod_that_waits_for_its_volume_or_network_says_so(reason: str, message: str, cause: Cause, words: str) -> None:
    raw = event(reason, message)
    assert told([raw], pod(containerStatuses=CREATING)) == (Problem(cause, f"Pod/{POD}", words),)
    assert told([raw], pod(containerStatuses=RUNNING)) == ()


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("FailedBinding", "no persistent volumes available for this claim and no storage class is set"),
        ("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
    ],
)
def test_claim_without_a_volume_says_why_while_a_pod_waits_for_it(reason: str, message: str) -> None:
    raw = event(reason, message, "PersistentVolumeClaim/data")
    unbound = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    waits = pod(conditions=[condition("PodScheduled", "False", "Unschedulable", unbound)])
    assert told([raw], waits) == (Problem(Cause.VOLUME, "PersistentVolumeClaim/data", message),)
    assert told([raw], pod(containerStatuses=RUNNING)) == ()


QUOTA = "exceeded quota: environment, requested: pods=1, used: pods=20, limited: pods=20"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("StatefulSet", f'Create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: {QUOTA}'),
        ("StatefulSet", f'create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: {QUOTA}'),
        ("Job", f'Error creating: pods "db-x2x4z" is forbidden: {QUOTA}'),
    ],
)
def test_workload_whose_pods_are_refused_says_why_until_one_is_there_or_it_is_changed(kind: str, message: str) -> None:
    def judged(changed_at: str) -> SeenWorkload:
        raw = workload("db", observedGeneration=2)
        raw["metadata"]["managedFields"] = [
            {"manager": "argocd-controller", "time": changed_at},
            {"manager": "kube-controller-manager", "subresource": "status", "time": "2031-01-01T11:00:00Z"},
        ]
        return read_stateful_set(raw) if kind == "StatefulSet" else read_job(raw)

    raws = [event("FailedCreate", message, f"{kind}/db")]
    before, after = judged("2031-01-01T09:59:00Z"), judged("2031-01-01T10:00:01Z")
    assert told(raws, workloads=(before,)) == (Problem(Cause.QUOTA, f"{kind}/db", QUOTA),)
    assert told(raws, workloads=(after,)) == ()
    assert told(raws, pod("db-0", owner=(kind, "db")), workloads=(before,)) == ()


@pytest.mark.parametrize(
    "raw",
    [
        event("Scheduled", "Successfully assigned"),
        event("BackOff", "Back-off restarting failed container"),
        event("Killing", "Stopping container web"),
        event("Unhealthy", "something else"),
        event("FailedCreate", "Error creating: pods is forbidden", f"ReplicaSet/web-{HASH}"),
        event("FailedMount", "x", involved={"namespace": "kube-system"}),
        event("FailedMount", "x", involved={"kind": "Node", "namespace": ""}),
        {"metadata": {"name": "x", "resourceVersion": "1"}},
    ],
)
def test_other_events_are_of_no_interest(raw: Json) -> None:
    assert read_event(raw) is None


def test_each_cause_is_told_once_for_a_workload_whatever_the_order() -> None:
    events = [event("Unhealthy", "Readiness probe failed: a", f"Pod/web-{letter}", id=letter) for letter in "bca"]
    pods = [pod(f"web-{letter}", containerStatuses=RUNNING) for letter in "acb"]
    assert [problem.where for problem in told(events, *pods)] == ["Pod/web-a"]
