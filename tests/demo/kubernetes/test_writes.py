"""Writing keeps to resourceVersions, generations, finalizers, and to what may not change."""

import pytest

from app.demo.kubernetes.apiserver.kinds import (
    APPLICATION,
    CONFIG_MAP,
    DEPLOYMENT,
    NETWORK_POLICY,
    Json,
)
from app.demo.kubernetes.client import SimulatedKubernetes, SimulatorError
from tests.demo.kubernetes.environments import config_map, deployment, job

_MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def box(cluster: SimulatedKubernetes) -> Json:
    """Give a ConfigMap."""
    return cluster.create(CONFIG_MAP, "default", config_map("default", "box", a="1", b="2"))


def _refusal(cluster: SimulatedKubernetes, method: str, path: str, body: object, content_type: str = "") -> Json:
    with pytest.raises(SimulatorError) as refused:
        cluster.request(method, path, body, content_type or "application/json")
    return refused.value.status


def test_an_update_of_an_older_version_conflicts(cluster: SimulatedKubernetes, box: Json) -> None:
    cluster.request("PUT", f"{_MAPS}/box", {**box, "data": {"a": "2"}})
    status = _refusal(cluster, "PUT", f"{_MAPS}/box", {**box, "data": {"a": "3"}})
    assert (status["code"], status["reason"]) == (409, "Conflict")
    assert status["details"] == {"name": "box", "kind": "configmaps"}
    assert "the object has been modified" in status["message"]


def test_a_patch_that_names_an_older_version_conflicts(cluster: SimulatedKubernetes, box: Json) -> None:
    cluster.patch(CONFIG_MAP, "default", "box", {"data": {"a": "2"}})
    patch = {"metadata": {"resourceVersion": box["metadata"]["resourceVersion"]}, "data": {"a": "3"}}
    assert _refusal(cluster, "PATCH", f"{_MAPS}/box", patch, "application/merge-patch+json")["code"] == 409


def test_an_update_without_a_version_wins_except_for_custom_resources(cluster: SimulatedKubernetes, box: Json) -> None:
    kept = cluster.request("PUT", f"{_MAPS}/box", config_map("default", "box", a="9"))
    assert kept["data"] == {"a": "9"}
    assert kept["metadata"]["uid"] == box["metadata"]["uid"]
    application = {"metadata": {"name": "one"}, "spec": {"project": "default"}}
    cluster.create(APPLICATION, "default", application)
    path = "/apis/argoproj.io/v1alpha1/namespaces/default/applications/one"
    assert _refusal(cluster, "PUT", path, application)["code"] == 422


def test_a_write_that_changes_nothing_takes_no_revision(cluster: SimulatedKubernetes, box: Json) -> None:
    assert cluster.patch(CONFIG_MAP, "default", "box", {"data": {"a": "1"}}) == box


def test_a_dry_run_keeps_nothing(cluster: SimulatedKubernetes, box: Json) -> None:
    cluster.request("POST", f"{_MAPS}?dryRun=All", config_map("default", "other"))
    cluster.request("DELETE", f"{_MAPS}/box?dryRun=All")
    assert cluster.find(CONFIG_MAP, "default", "other") is None
    assert cluster.find(CONFIG_MAP, "default", "box") == box


@pytest.mark.parametrize(
    ("content_type", "patch"),
    [
        ("application/merge-patch+json", {"data": {"a": None, "c": "3"}}),
        ("application/strategic-merge-patch+json", {"data": {"a": None, "c": "3"}}),
        (
            "application/json-patch+json",
            [
                {"op": "test", "path": "/data/a", "value": "1"},
                {"op": "remove", "path": "/data/a"},
                {"op": "add", "path": "/data/c", "value": "3"},
            ],
        ),
    ],
)
def test_every_kind_of_patch_changes_the_object(
    cluster: SimulatedKubernetes, box: Json, content_type: str, patch: object
) -> None:
    assert cluster.request("PATCH", f"{_MAPS}/box", patch, content_type)["data"] == {"b": "2", "c": "3"}


def test_a_strategic_patch_merges_containers_by_name_and_a_merge_patch_replaces_them(
    cluster: SimulatedKubernetes,
) -> None:
    cluster.create(DEPLOYMENT, "default", deployment("default", "aaa"))
    path = "/apis/apps/v1/namespaces/default/deployments/web"
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "new"}]}}}}
    merged = cluster.request("PATCH", path, patch, "application/strategic-merge-patch+json")
    assert "ports" in merged["spec"]["template"]["spec"]["containers"][0]
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "newer"}]}}}}
    replaced = cluster.request("PATCH", path, patch, "application/merge-patch+json")
    assert "ports" not in replaced["spec"]["template"]["spec"]["containers"][0]


def test_server_side_apply_creates_and_changes(cluster: SimulatedKubernetes) -> None:
    path = f"{_MAPS}/applied?fieldManager=me&force=true"
    for value in ("1", "2"):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": value}}
        assert cluster.request("PATCH", path, body, "application/apply-patch+yaml")["data"] == {"a": value}


def test_custom_resources_refuse_strategic_patches(cluster: SimulatedKubernetes) -> None:
    cluster.create(APPLICATION, "default", {"metadata": {"name": "one"}, "spec": {}})
    path = "/apis/argoproj.io/v1alpha1/namespaces/default/applications/one"
    assert _refusal(cluster, "PATCH", path, {}, "application/strategic-merge-patch+json")["code"] == 415


def test_the_generation_counts_changes_of_the_spec_alone(cluster: SimulatedKubernetes) -> None:
    created = cluster.create(NETWORK_POLICY, "default", {"metadata": {"name": "deny"}, "spec": {"podSelector": {}}})
    labelled = cluster.patch(NETWORK_POLICY, "default", "deny", {"metadata": {"labels": {"a": "b"}}})
    changed = cluster.patch(NETWORK_POLICY, "default", "deny", {"spec": {"policyTypes": ["Egress"]}})
    assert [item["metadata"]["generation"] for item in (created, labelled, changed)] == [1, 1, 2]


def test_the_generation_of_a_deployment_counts_its_annotations_too(cluster: SimulatedKubernetes) -> None:
    before = cluster.create(DEPLOYMENT, "default", deployment("default", "aaa", replicas=0))
    after = cluster.patch(DEPLOYMENT, "default", "web", {"metadata": {"annotations": {"a": "b"}}})
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1


def test_status_is_written_through_its_subresource_alone(cluster: SimulatedKubernetes) -> None:
    path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
    body = {"metadata": {"name": "web"}, "spec": {"rules": []}, "status": {"loadBalancer": {"ingress": [{"ip": "1"}]}}}
    created = cluster.request("POST", path, body)
    assert created["status"] == {"loadBalancer": {}}
    patched = cluster.request(
        "PATCH", f"{path}/web/status", {**body, "spec": {"rules": [{"host": "x"}]}}, "application/merge-patch+json"
    )
    assert patched["status"] == body["status"]
    assert patched["spec"] == {"rules": []}
    assert patched["metadata"]["generation"] == 1


def test_finalizers_hold_a_deleted_object(cluster: SimulatedKubernetes) -> None:
    body = config_map("default", "held")
    body["metadata"]["finalizers"] = ["example.org/hold"]
    cluster.create(CONFIG_MAP, "default", body)
    assert "deletionTimestamp" in cluster.delete(CONFIG_MAP, "default", "held")["metadata"]
    assert cluster.find(CONFIG_MAP, "default", "held") is not None
    cluster.patch(CONFIG_MAP, "default", "held", {"metadata": {"finalizers": None}})
    assert cluster.find(CONFIG_MAP, "default", "held") is None


def test_deleting_answers_with_a_success_that_names_the_object(cluster: SimulatedKubernetes, box: Json) -> None:
    answer = cluster.delete(CONFIG_MAP, "default", "box")
    assert answer["status"] == "Success"
    assert answer["details"] == {"name": "box", "kind": "configmaps", "uid": box["metadata"]["uid"]}


def test_a_delete_meant_for_another_object_conflicts(cluster: SimulatedKubernetes, box: Json) -> None:
    body = {"preconditions": {"uid": "somebody-else"}}
    assert _refusal(cluster, "DELETE", f"{_MAPS}/box", body)["code"] == 409
    assert cluster.find(CONFIG_MAP, "default", "box") == box


def test_a_collection_is_deleted_by_selector(cluster: SimulatedKubernetes, box: Json) -> None:
    cluster.patch(CONFIG_MAP, "default", "box", {"metadata": {"labels": {"old": "yes"}}})
    cluster.create(CONFIG_MAP, "default", config_map("default", "kept"))
    cluster.request("DELETE", f"{_MAPS}?labelSelector=old")
    assert cluster.find(CONFIG_MAP, "default", "box") is None
    assert cluster.find(CONFIG_MAP, "default", "kept") is not None


def test_a_name_can_be_generated(cluster: SimulatedKubernetes) -> None:
    created = cluster.create(CONFIG_MAP, "default", {"metadata": {"generateName": "box-"}})
    assert created["metadata"]["name"].startswith("box-")
    assert len(created["metadata"]["name"]) == len("box-") + 5


_JOBS = "/apis/batch/v1/namespaces/default/jobs"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def _labelled(**labels: object) -> Json:
    return {"metadata": {"name": "x", "labels": labels}}


@pytest.mark.parametrize(
    ("path", "body", "code", "reason"),
    [
        (_MAPS, _labelled(sha=123456), 400, "BadRequest"),
        (_MAPS, _labelled(long="x" * 64), 422, "Invalid"),
        (_MAPS, _labelled(odd="a/b"), 422, "Invalid"),
        (_MAPS, {"metadata": {"name": "Upper"}}, 422, "Invalid"),
        (_MAPS, {"metadata": {}}, 422, "Invalid"),
        (_MAPS, {"metadata": {"name": "x", "namespace": "other"}}, 400, "BadRequest"),
        (_MAPS, {"metadata": {"name": "x", "resourceVersion": "1"}}, 500, None),
        (_MAPS, {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "x"}}, 400, "BadRequest"),
        ("/api/v1/namespaces", {"metadata": {"name": "x" * 64}}, 422, "Invalid"),
        ("/api/v1/namespaces", {"metadata": {"name": "default"}}, 409, "AlreadyExists"),
        ("/api/v1/namespaces/absent/configmaps", {"metadata": {"name": "x"}}, 404, "NotFound"),
        (_DEPLOYMENTS, {"metadata": {"name": "x"}, "spec": {}}, 422, "Invalid"),
        (f"{_MAPS}/box", {}, 405, "MethodNotAllowed"),
    ],
)
def test_what_the_api_refuses_to_create(
    cluster: SimulatedKubernetes, path: str, body: Json, code: int, reason: str | None
) -> None:
    status = _refusal(cluster, "POST", path, body)
    assert (status["kind"], status["status"], status["code"], status.get("reason")) == (
        "Status",
        "Failure",
        code,
        reason,
    )


def test_a_selector_must_match_its_own_pods(cluster: SimulatedKubernetes) -> None:
    body = deployment("default", "aaa")
    body["spec"]["selector"]["matchLabels"] = {"some": "thing"}
    status = _refusal(cluster, "POST", _DEPLOYMENTS, body)
    assert "`selector` does not match template `labels`" in status["message"]


def test_the_template_of_a_job_never_changes(cluster: SimulatedKubernetes) -> None:
    cluster.request("POST", _JOBS, job("default", "migrate"))
    patch = {"spec": {"template": {"metadata": {"labels": {"a": "b"}}}}}
    status = _refusal(cluster, "PATCH", f"{_JOBS}/migrate", patch, "application/merge-patch+json")
    assert status["details"]["causes"][0]["field"] == "spec.template"
    assert "field is immutable" in status["message"]
