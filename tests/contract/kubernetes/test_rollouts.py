"""A Deployment's rollout as its status tells it."""

from tests.contract.kubernetes.api import Json
from tests.contract.kubernetes.place import Place, condition, deployment

_REVISION = "deployment.kubernetes.io/revision"


def _is_rolled_out(item: Json) -> bool:
    """Tell it as `kubectl rollout status` does."""
    status, replicas = item.get("status") or {}, item["spec"]["replicas"]
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return status.get("observedGeneration") == item["metadata"]["generation"] and counts == [replicas] * 3


def _is_complete(item: Json) -> bool:
    reason = condition(item, "Progressing").get("reason")
    return _is_rolled_out(item) and reason == "NewReplicaSetAvailable"


def _words(item: Json, kind: str) -> tuple[str, str, str]:
    found = condition(item, kind)
    return found["status"], found["reason"], found["message"]


def _replica_sets(place: Place) -> list[Json]:
    listed: list[Json] = place.api.get(f"/apis/apps/v1/namespaces/{place.name}/replicasets")["items"]
    return listed


def test_a_new_deployment_has_an_empty_status_and_what_it_left_out(place: Place) -> None:
    made = place.api.create(place.deployments, deployment("web", replicas=0))
    assert made["status"] == {}
    assert made["metadata"]["generation"] == 1
    assert made["spec"]["progressDeadlineSeconds"] == 600
    assert made["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }


def test_a_finished_rollout_says_so_in_numbers_and_conditions(place: Place) -> None:
    place.api.create(place.deployments, deployment("web", replicas=2))
    done = place.api.wait_for(f"{place.deployments}/web", _is_complete)
    numbers = {key: value for key, value in done["status"].items() if key != "conditions"}
    assert numbers == {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "terminatingReplicas": 0,
    }
    (replica_set,) = _replica_sets(place)
    progressed = f'ReplicaSet "{replica_set["metadata"]["name"]}" has successfully progressed.'
    assert _words(done, "Available") == ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    assert _words(done, "Progressing") == ("True", "NewReplicaSetAvailable", progressed)
    assert {item["type"] for item in done["status"]["conditions"]} == {"Available", "Progressing"}
    assert all(item["lastUpdateTime"] and item["lastTransitionTime"] for item in done["status"]["conditions"])
    assert done["metadata"]["annotations"][_REVISION] == "1"


def test_the_pods_of_a_rollout_are_owned_labelled_and_ready(place: Place) -> None:
    place.api.create(place.deployments, deployment("web"))
    done = place.api.wait_for(f"{place.deployments}/web", _is_complete)
    (replica_set,) = _replica_sets(place)
    (owner,) = replica_set["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Deployment", done["metadata"]["uid"], True)
    digest = replica_set["metadata"]["labels"]["pod-template-hash"]
    assert replica_set["metadata"]["name"] == f"web-{digest}"
    assert replica_set["metadata"]["annotations"][_REVISION] == "1"
    (pod,) = place.api.get(f"{place.path}/pods", labelSelector=f"pod-template-hash={digest}")["items"]
    assert pod["metadata"]["ownerReferences"][0]["uid"] == replica_set["metadata"]["uid"]
    assert pod["status"]["phase"] == "Running"
    assert condition(pod, "Ready")["status"] == "True"
    (container,) = pod["status"]["containerStatuses"]
    assert (container["name"], container["ready"], container["restartCount"]) == ("app", True, 0)
    assert "running" in container["state"]


def test_a_rollout_is_unfinished_until_what_it_counts_is_of_the_new_generation(place: Place) -> None:
    path = f"{place.deployments}/web"
    place.api.create(place.deployments, deployment("web", replicas=2))
    place.api.wait_for(path, _is_complete)
    patch = {"spec": {"template": {"metadata": {"annotations": {"version": "2"}}}}}
    changed = place.api.patch(path, patch)
    assert changed["metadata"]["generation"] == 2
    assert changed["status"]["observedGeneration"] == 1
    since, told = changed["metadata"]["resourceVersion"], []
    for event in place.api.watch(path.rpartition("/")[0], resourceVersion=since, timeoutSeconds="60"):
        told.append(event["object"])
        if _is_complete(event["object"]):
            break
    assert all(condition(item, "Available")["status"] == "True" for item in told), "the old pods serve on"
    observed = [item["status"] for item in told if item["status"]["observedGeneration"] == 2]
    updated = [status.get("updatedReplicas", 0) for status in observed]
    assert updated == sorted(updated)
    assert all(2 <= status["replicas"] <= 3 for status in observed)
    assert condition(told[-2], "Progressing")["reason"] == "ReplicaSetUpdated"
    assert told[-1]["metadata"]["annotations"][_REVISION] == "2"
    sizes = sorted(
        (item["metadata"]["annotations"][_REVISION], item["spec"]["replicas"]) for item in _replica_sets(place)
    )
    assert sizes == [("1", 0), ("2", 2)]


def test_scaling_to_nothing_leaves_no_counter(place: Place) -> None:
    path = f"{place.deployments}/web"
    place.api.create(place.deployments, deployment("web"))
    place.api.wait_for(path, _is_complete)
    place.api.patch(path, {"spec": {"replicas": 0}})
    empty = place.api.wait_for(path, lambda item: _is_complete(item) and not item["status"].get("terminatingReplicas"))
    assert {key: value for key, value in empty["status"].items() if key != "conditions"} == {
        "observedGeneration": 2,
        "terminatingReplicas": 0,
    }


def test_deleting_a_deployment_takes_its_replica_sets_and_pods_with_it(place: Place) -> None:
    place.api.create(place.deployments, deployment("web"))
    place.api.wait_for(f"{place.deployments}/web", _is_complete)
    (replica_set,) = _replica_sets(place)
    (pod,) = place.api.get(f"{place.path}/pods")["items"]
    place.api.delete(f"{place.deployments}/web")
    sets = f"/apis/apps/v1/namespaces/{place.name}/replicasets"
    place.api.wait_gone(f"{sets}/{replica_set['metadata']['name']}")
    place.api.wait_gone(f"{place.path}/pods/{pod['metadata']['name']}")
