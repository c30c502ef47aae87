"""Workloads fail in the words and shapes of a real cluster, and recover."""

import pytest

from app.demo.kubernetes.apiserver.kinds import DEPLOYMENT, EVENT, POD, Json
from app.demo.kubernetes.client import SimulatedKubernetes
from app.demo.kubernetes.workloads.failures import FailureKind
from tests.demo.kubernetes.environments import deployment
from tests.demo.kubernetes.judge import condition, has_rolled_out, is_waiting_for

_IMAGE = "ghcr.io/acme/shop:aaa"


def _broken_pod(cluster: SimulatedKubernetes, kind: FailureKind, reason: str, **details: object) -> Json:
    cluster.fail("default", kind, **details)
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    for event in cluster.watch(POD, "default", timeoutSeconds="20"):
        if is_waiting_for(reason, event["object"]):
            pod: Json = event["object"]
            return pod
    raise AssertionError(f"no pod waits for {reason}")


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff"])
def test_an_image_that_cannot_be_pulled(cluster: SimulatedKubernetes, reason: str) -> None:
    pod = _broken_pod(cluster, "image-pull", reason)
    status = pod["status"]["containerStatuses"][0]
    assert pod["status"]["phase"] == "Pending"
    assert _IMAGE in status["state"]["waiting"]["message"]
    assert "not found" in status["state"]["waiting"]["message"]
    assert (status["ready"], status["started"], status["restartCount"], status["imageID"]) == (False, False, 0, "")
    assert condition(pod, "Ready")["reason"] == "ContainersNotReady"


def test_a_container_that_crashes(cluster: SimulatedKubernetes) -> None:
    pod = _broken_pod(cluster, "crash-loop", "CrashLoopBackOff", exit_code=7)
    status = pod["status"]["containerStatuses"][0]
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 7
    assert status["lastState"]["terminated"]["reason"] == "Error"
    assert status["state"]["waiting"]["message"].startswith("back-off 10s restarting failed container=app pod=web-")
    assert pod["status"]["phase"] == "Running"


def test_a_container_that_runs_out_of_memory(cluster: SimulatedKubernetes) -> None:
    pod = _broken_pod(cluster, "out-of-memory", "CrashLoopBackOff")
    terminated = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (terminated["exitCode"], terminated["reason"]) == (137, "OOMKilled")


def test_a_secret_that_is_missing(cluster: SimulatedKubernetes) -> None:
    pod = _broken_pod(cluster, "missing-config", "CreateContainerConfigError", message='secret "db" not found')
    assert pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"] == 'secret "db" not found'


def test_a_pod_that_no_node_can_take(cluster: SimulatedKubernetes) -> None:
    cluster.fail("default", "unschedulable")
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    watch = cluster.watch(POD, "default", timeoutSeconds="20")
    pod = next(event["object"] for event in watch if condition(event["object"], "PodScheduled"))
    scheduled = condition(pod, "PodScheduled")
    assert (scheduled["status"], scheduled["reason"]) == ("False", "Unschedulable")
    assert scheduled["message"].startswith("0/1 nodes are available")
    assert "nodeName" not in pod["spec"]
    assert "containerStatuses" not in pod["status"]


def test_a_quota_that_is_used_up(cluster: SimulatedKubernetes) -> None:
    cluster.fail("default", "quota")
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    failing = cluster.await_object(DEPLOYMENT, "default", "web", lambda item: bool(condition(item, "ReplicaFailure")))
    assert condition(failing, "ReplicaFailure")["reason"] == "FailedCreate"
    assert "exceeded quota" in condition(failing, "ReplicaFailure")["message"]
    assert failing["status"]["unavailableReplicas"] == 1
    assert "replicas" not in failing["status"]
    assert cluster.pods("default") == []
    assert cluster.objects(EVENT, "default", fieldSelector="reason=FailedCreate,type=Warning")


def test_a_pod_that_never_becomes_ready_runs_into_the_deadline(cluster: SimulatedKubernetes) -> None:
    cluster.fail("default", "never-ready")
    body = deployment("default", "aaa")
    body["spec"]["progressDeadlineSeconds"] = 1
    cluster.create(DEPLOYMENT, "default", body)
    late = cluster.await_object(
        DEPLOYMENT, "default", "web", lambda item: condition(item, "Progressing").get("status") == "False"
    )
    assert condition(late, "Progressing")["reason"] == "ProgressDeadlineExceeded"
    assert condition(late, "Available")["reason"] == "MinimumReplicasUnavailable"
    (pod,) = cluster.pods("default")
    assert pod["status"]["phase"] == "Running"
    assert condition(pod, "Ready")["status"] == "False"


@pytest.mark.parametrize(
    "kind", ["image-pull", "crash-loop", "out-of-memory", "missing-config", "unschedulable", "quota", "never-ready"]
)
def test_every_failure_ends_when_its_cause_does(cluster: SimulatedKubernetes, kind: FailureKind) -> None:
    cluster.fail("default", kind)
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    cluster.await_object(DEPLOYMENT, "default", "web", lambda item: bool(condition(item, "Available")))
    cluster.heal("default")
    cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)


def test_a_bad_update_leaves_the_old_pods_running(cluster: SimulatedKubernetes) -> None:
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)
    cluster.fail("default", "image-pull", image="*:bbb")
    cluster.patch(DEPLOYMENT, "default", "web", deployment("default", "bbb"))
    stuck = cluster.await_object(DEPLOYMENT, "default", "web", lambda item: item["status"].get("replicas") == 2)
    counts = [stuck["status"].get(name, 0) for name in ("availableReplicas", "updatedReplicas", "unavailableReplicas")]
    assert counts == [1, 1, 1]


def test_only_the_named_namespace_fails(cluster: SimulatedKubernetes) -> None:
    cluster.fail("pr-*", "crash-loop")
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)
