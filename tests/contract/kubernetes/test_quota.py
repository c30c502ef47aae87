"""A ResourceQuota counts what is there, and refuses what would be too much."""

import pytest

from tests.contract.kubernetes.api import Api, Json
from tests.contract.kubernetes.place import Place, condition, deployment


def _limit(place: Place, **hard: str) -> str:
    """Create a quota; return its path once it has counted, before which it refuses everything it limits."""
    quotas = f"{place.path}/resourcequotas"
    place.api.create(quotas, {"metadata": {"name": "quota"}, "spec": {"hard": hard}})
    place.api.wait_for(f"{quotas}/quota", lambda item: bool(item.get("status", {}).get("hard")))
    return f"{quotas}/quota"


def _pod(name: str, **resources: Json) -> Json:
    container = {"name": "app", "image": "registry.example/app:1", "resources": resources}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


def test_a_quota_tells_what_is_used(place: Place) -> None:
    quota = _limit(place, **{"pods": "2", "limits.cpu": "100m", "limits.memory": "1Gi"})
    place.api.create(place.deployments, deployment("web", cpu="60m"))
    used = {"pods": "1", "limits.cpu": "60m", "limits.memory": "16Mi"}
    status = place.api.wait_for(quota, lambda item: item["status"]["used"].get("pods") == "1")["status"]
    assert status == {"hard": {"pods": "2", "limits.cpu": "100m", "limits.memory": "1Gi"}, "used": used}


def test_a_pod_beyond_the_quota_is_forbidden(place: Place) -> None:
    _limit(place, **{"pods": "3", "limits.cpu": "100m"})
    answer = place.api.ask("POST", f"{place.path}/pods", _pod("big", limits={"cpu": "1"}))
    why = "exceeded quota: quota, requested: limits.cpu=1, used: limits.cpu=0, limited: limits.cpu=100m"
    assert answer.code == 403
    assert answer.body["reason"] == "Forbidden"
    assert answer.body["message"] == f'pods "big" is forbidden: {why}'
    assert answer.body["details"] == {"name": "big", "kind": "pods"}


def test_a_pod_that_does_not_say_what_it_needs_is_forbidden(place: Place) -> None:
    _limit(place, **{"limits.cpu": "1", "limits.memory": "1Gi"})
    answer = place.api.ask("POST", f"{place.path}/pods", _pod("vague"))
    why = "failed quota: quota: must specify limits.cpu for: app; limits.memory for: app"
    assert (answer.code, answer.body["message"]) == (403, f'pods "vague" is forbidden: {why}')


def test_a_deployment_beyond_the_quota_has_a_replica_failure(place: Place) -> None:
    _limit(place, **{"pods": "3", "limits.cpu": "100m"})
    place.api.create(place.deployments, deployment("web", replicas=2, cpu="60m"))
    failed = place.api.wait_for(f"{place.deployments}/web", lambda item: bool(condition(item, "ReplicaFailure")))
    failure = condition(failed, "ReplicaFailure")
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    why = "exceeded quota: quota, requested: limits.cpu=60m, used: limits.cpu=60m, limited: limits.cpu=100m"
    assert failure["message"].startswith('pods "web-')
    assert failure["message"].endswith(f'" is forbidden: {why}')
    (replica_set,) = place.api.get(f"/apis/apps/v1/namespaces/{place.name}/replicasets")["items"]
    assert condition(replica_set, "ReplicaFailure")["message"].endswith(why)


@pytest.mark.parametrize("resource", ["configmaps", "count/configmaps"])
def test_objects_are_counted_too(place: Place, resource: str) -> None:
    _limit(place, **{resource: "2"})
    place.put("second")
    answer = place.api.ask("POST", place.maps, {"metadata": {"name": "third"}})
    why = f"exceeded quota: quota, requested: {resource}=1, used: {resource}=2, limited: {resource}=2"
    assert (answer.code, answer.body["message"]) == (403, f'configmaps "third" is forbidden: {why}')


def test_a_limit_range_fills_in_what_a_pod_does_not_say(place: Place) -> None:
    limits = {"type": "Container", "default": {"cpu": "50m"}, "defaultRequest": {"cpu": "20m"}}
    place.api.create(f"{place.path}/limitranges", {"metadata": {"name": "limits"}, "spec": {"limits": [limits]}})
    pod = _eventually_limited(place.api, f"{place.path}/pods")
    assert pod["spec"]["containers"][0]["resources"] == {"limits": {"cpu": "50m"}, "requests": {"cpu": "20m"}}


def _eventually_limited(api: Api, pods: str) -> Json:
    """Return a new pod with limits: the API server learns of a LimitRange from a watch of its own."""
    for number in range(100):
        pod = api.create(pods, _pod(f"pod-{number}"))
        if pod["spec"]["containers"][0]["resources"]:
            return pod
    pytest.fail("the LimitRange was never heeded")
