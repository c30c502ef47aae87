"""Workloads roll, finish, and are collected as in a cluster."""

from functools import partial
from itertools import takewhile

from app.demo.kubernetes.apiserver.kinds import DEPLOYMENT, EVENT, JOB, POD, REPLICA_SET, STATEFUL_SET, Json
from app.demo.kubernetes.client import SimulatedKubernetes
from tests.demo.kubernetes.environments import deployment, job
from tests.demo.kubernetes.judge import condition, has_rolled_out


def test_a_deployment_becomes_available_through_a_replica_set(cluster: SimulatedKubernetes) -> None:
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa", replicas=2))
    done = cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)
    assert condition(done, "Available")["reason"] == "MinimumReplicasAvailable"
    assert condition(done, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert done["metadata"]["generation"] == 1
    assert done["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    (replica_set,) = cluster.objects(REPLICA_SET, "default")
    assert replica_set["metadata"]["ownerReferences"][0]["uid"] == done["metadata"]["uid"]
    for pod in cluster.pods("default"):
        assert pod["metadata"]["ownerReferences"][0]["uid"] == replica_set["metadata"]["uid"]
        assert pod["metadata"]["annotations"] == {"ephemera.dev/head-sha": "aaa"}
        assert pod["metadata"]["labels"]["ephemera.dev/environment"] == "default"
        assert pod["status"]["containerStatuses"][0]["ready"] is True


def test_a_new_template_is_rolled_out_without_going_below_what_must_be_available(cluster: SimulatedKubernetes) -> None:
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa", replicas=4))
    before = cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)
    cluster.patch(DEPLOYMENT, "default", "web", deployment("default", "bbb", replicas=4))
    states: list[Json] = []
    watch = cluster.watch(DEPLOYMENT, "default", resourceVersion=before["metadata"]["resourceVersion"])
    for event in takewhile(lambda event: not has_rolled_out(event["object"], "bbb"), watch):
        states.append(event["object"]["status"])
    assert min(state.get("availableReplicas", 0) for state in states) >= 3
    assert max(state["replicas"] for state in states) == 5
    sets = cluster.objects(REPLICA_SET, "default")
    assert sorted(item["spec"]["replicas"] for item in sets) == [0, 4]


def test_an_observed_generation_follows_the_generation(cluster: SimulatedKubernetes) -> None:
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)
    changed = cluster.patch(DEPLOYMENT, "default", "web", {"spec": {"replicas": 3}})
    assert changed["metadata"]["generation"] == changed["status"]["observedGeneration"] + 1
    cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)


def test_recreate_ends_the_old_pods_before_it_starts_new_ones(cluster: SimulatedKubernetes) -> None:
    body = deployment("default", "aaa", replicas=2)
    body["spec"]["strategy"] = {"type": "Recreate"}
    cluster.create(DEPLOYMENT, "default", body)
    before = cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)
    changed = deployment("default", "bbb", replicas=2)
    cluster.patch(DEPLOYMENT, "default", "web", changed)
    cluster.await_object(DEPLOYMENT, "default", "web", lambda item: has_rolled_out(item, "bbb"))
    ended: list[str] = []
    for event in cluster.watch(POD, "default", resourceVersion=before["metadata"]["resourceVersion"]):
        if event["type"] == "ADDED":
            break
        if event["type"] == "DELETED":
            ended.append(event["object"]["metadata"]["annotations"]["ephemera.dev/head-sha"])
    assert ended == ["aaa", "aaa"]


def test_a_template_that_comes_back_takes_its_old_replica_set(cluster: SimulatedKubernetes) -> None:
    for sha in ("aaa", "bbb", "aaa"):
        if cluster.deployment("default", "web"):
            cluster.patch(DEPLOYMENT, "default", "web", deployment("default", sha))
        else:
            cluster.create(DEPLOYMENT, "default", deployment("default", sha))
        done = cluster.await_object(DEPLOYMENT, "default", "web", partial(has_rolled_out, sha=sha))
    assert len(cluster.objects(REPLICA_SET, "default")) == 2
    assert done["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "3"


def test_what_a_deployment_made_goes_with_it(cluster: SimulatedKubernetes) -> None:
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)
    (pod,) = cluster.pods("default")
    cluster.delete(DEPLOYMENT, "default", "web")
    cluster.await_gone(POD, "default", pod["metadata"]["name"])
    assert cluster.objects(REPLICA_SET, "default") == []


def test_a_deployment_deleted_in_the_foreground_stays_until_its_pods_are_gone(cluster: SimulatedKubernetes) -> None:
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)
    path = "/apis/apps/v1/namespaces/default/deployments/web"
    kept = cluster.request("DELETE", path, {"propagationPolicy": "Foreground"})
    assert kept["metadata"]["finalizers"] == ["foregroundDeletion"]
    cluster.await_gone(DEPLOYMENT, "default", "web")
    assert cluster.objects(REPLICA_SET, "default") == []


def test_a_lost_pod_is_replaced(cluster: SimulatedKubernetes) -> None:
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)
    (pod,) = cluster.pods("default")
    cluster.delete(POD, "default", pod["metadata"]["name"])
    cluster.await_gone(POD, "default", pod["metadata"]["name"])
    cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)
    assert pod["metadata"]["uid"] not in {item["metadata"]["uid"] for item in cluster.pods("default")}


def test_a_job_completes_once(cluster: SimulatedKubernetes) -> None:
    cluster.create(JOB, "default", job("default", "migrate"))
    done = cluster.await_object(JOB, "default", "migrate", lambda item: bool(condition(item, "Complete")))
    assert done["status"]["succeeded"] == 1
    assert "active" not in done["status"]
    assert done["status"]["completionTime"]
    (pod,) = cluster.pods("default")
    assert pod["status"]["phase"] == "Succeeded"
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def test_a_job_that_keeps_failing_reaches_its_limit(cluster: SimulatedKubernetes) -> None:
    cluster.fail("default", "crash-loop", exit_code=3)
    cluster.create(JOB, "default", job("default", "migrate", backoff_limit=1))
    failed = cluster.await_object(JOB, "default", "migrate", lambda item: bool(condition(item, "Failed")))
    assert condition(failed, "Failed")["reason"] == "BackoffLimitExceeded"
    assert failed["status"]["failed"] == 2
    assert {pod["status"]["phase"] for pod in cluster.pods("default")} == {"Failed"}


def test_a_stateful_set_starts_and_replaces_its_pods_in_order(cluster: SimulatedKubernetes) -> None:
    body = {**deployment("default", "aaa", replicas=2, name="db"), "kind": "StatefulSet"}
    cluster.create(STATEFUL_SET, "default", body)

    def is_updated(item: Json) -> bool:
        status = item["status"]
        counts = [status.get(name) for name in ("readyReplicas", "updatedReplicas", "currentReplicas")]
        return counts == [2, 2, 2] and status["observedGeneration"] == item["metadata"]["generation"]

    first = cluster.await_object(STATEFUL_SET, "default", "db", is_updated)
    assert [pod["metadata"]["name"] for pod in cluster.pods("default")] == ["db-0", "db-1"]
    cluster.patch(
        STATEFUL_SET, "default", "db", deployment("default", "bbb", replicas=2, name="db") | {"kind": "StatefulSet"}
    )
    second = cluster.await_object(STATEFUL_SET, "default", "db", is_updated)
    assert first["status"]["currentRevision"] != second["status"]["currentRevision"]
    annotations = [pod["metadata"]["annotations"]["ephemera.dev/head-sha"] for pod in cluster.pods("default")]
    assert annotations == ["bbb", "bbb"]


def test_events_tell_what_the_controllers_did(cluster: SimulatedKubernetes) -> None:
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    cluster.await_object(DEPLOYMENT, "default", "web", has_rolled_out)
    reasons = [item["reason"] for item in cluster.objects(EVENT, "default", fieldSelector="type=Normal")]
    assert set(reasons) == {"ScalingReplicaSet", "SuccessfulCreate", "Scheduled", "Started"}
