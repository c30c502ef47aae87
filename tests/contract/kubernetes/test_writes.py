"""Writing: names that are taken, versions that are old, values that are refused, patches, finalizers, generations."""

import pytest

from tests.contract.kubernetes.api import MERGE_PATCH, Api, Json
from tests.contract.kubernetes.place import Place, deployment

_PATCH = {"Content-Type": MERGE_PATCH}


def _failure(code: int, reason: str, message: str, details: Json | None) -> Json:
    body: Json = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    body |= {"message": message, "reason": reason, "code": code}
    return body if details is None else body | {"details": details}


def test_a_name_that_is_taken_conflicts(place: Place) -> None:
    place.put("box")
    answer = place.api.ask("POST", place.maps, {"metadata": {"name": "box"}})
    details = {"name": "box", "kind": "configmaps"}
    assert answer.code == 409
    assert answer.body == _failure(409, "AlreadyExists", 'configmaps "box" already exists', details)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_write_on_an_older_version_conflicts(place: Place, method: str) -> None:
    old = place.put("box", a="1")
    place.api.patch(f"{place.maps}/box", {"data": {"a": "2"}})
    stale = {**old, "data": {"a": "3"}}
    answer = place.api.ask(method, f"{place.maps}/box", stale, headers=_PATCH if method == "PATCH" else None)
    why = "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on configmaps "box": {why}'
    assert answer.body == _failure(409, "Conflict", message, {"name": "box", "kind": "configmaps"})
    assert place.api.get(f"{place.maps}/box")["data"] == {"a": "2"}


def test_an_update_of_the_present_version_is_taken(place: Place) -> None:
    old = place.put("box", a="1")
    answer = place.api.ask("PUT", f"{place.maps}/box", {**old, "data": {"a": "3"}})
    assert (answer.code, answer.body["data"]) == (200, {"a": "3"})
    assert answer.body["metadata"]["uid"] == old["metadata"]["uid"]
    assert int(answer.body["metadata"]["resourceVersion"]) > int(old["metadata"]["resourceVersion"])


def test_a_write_that_changes_nothing_takes_no_revision(place: Place) -> None:
    old = place.put("box", a="1")
    same = place.api.patch(f"{place.maps}/box", {"data": {"a": "1"}})
    assert same["metadata"]["resourceVersion"] == old["metadata"]["resourceVersion"]


@pytest.mark.parametrize(
    ("preconditions", "why"),
    [
        ({"uid": "another"}, "the UID in the precondition (another) does not match the UID in record"),
        ({"resourceVersion": "1"}, "the ResourceVersion in the precondition (1) does not match"),
    ],
)
def test_a_delete_meant_for_another_version_conflicts(place: Place, preconditions: Json, why: str) -> None:
    place.put("box")
    answer = place.api.ask("DELETE", f"{place.maps}/box", {"preconditions": preconditions})
    assert (answer.code, answer.body["reason"]) == (409, "Conflict")
    assert answer.body["message"].startswith(f'Operation cannot be fulfilled on ConfigMap "box": {why}')
    assert place.api.find(f"{place.maps}/box") is not None


def test_a_delete_answers_with_a_success_that_names_the_object(place: Place) -> None:
    made = place.put("box")
    answer = place.api.delete(f"{place.maps}/box")
    assert answer["status"] == "Success"
    assert answer["details"] == {"name": "box", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    assert place.api.find(f"{place.maps}/box") is None


def test_what_is_absent_is_not_found(place: Place) -> None:
    answer = place.api.ask("GET", f"{place.maps}/absent")
    details = {"name": "absent", "kind": "configmaps"}
    assert answer.code == 404
    assert answer.body == _failure(404, "NotFound", 'configmaps "absent" not found', details)


def test_a_namespace_that_is_absent_takes_nothing(api: Api) -> None:
    answer = api.ask("POST", "/api/v1/namespaces/contract-absent/configmaps", {"metadata": {"name": "box"}})
    details = {"name": "contract-absent", "kind": "namespaces"}
    assert answer.code == 404
    assert answer.body == _failure(404, "NotFound", 'namespaces "contract-absent" not found', details)


def test_a_resource_that_is_not_served_is_not_found(api: Api) -> None:
    group = api.ask("GET", "/apis/nothing.example/v1/things")
    assert (group.code, group.text) == (404, "404 page not found\n")
    resource = api.ask("GET", "/api/v1/things")
    why = "the server could not find the requested resource"
    assert resource.body == _failure(404, "NotFound", why, {})


@pytest.mark.parametrize(("method", "path"), [("POST", "/box"), ("PUT", "")])
def test_a_verb_that_a_path_does_not_have_is_not_allowed(place: Place, method: str, path: str) -> None:
    answer = place.api.ask(method, place.maps + path, {})
    assert (answer.code, answer.body["reason"]) == (405, "MethodNotAllowed")


def test_a_merge_patch_changes_and_removes_annotations(place: Place) -> None:
    place.put("box", {"kept": "yes"})
    path = f"{place.maps}/box"
    place.api.patch(path, {"metadata": {"annotations": {"example.org/a": "1", "example.org/b": "2"}}})
    patched = place.api.patch(path, {"metadata": {"annotations": {"example.org/a": "3", "example.org/b": None}}})
    assert patched["metadata"]["annotations"] == {"example.org/a": "3"}
    assert patched["metadata"]["labels"] == {"kept": "yes"}
    gone = place.api.patch(path, {"metadata": {"annotations": {"example.org/a": None}}})
    assert not gone["metadata"].get("annotations")


def test_a_patch_of_an_unknown_type_is_not_supported(place: Place) -> None:
    place.put("box")
    answer = place.api.ask("PATCH", f"{place.maps}/box", {}, headers={"Content-Type": "application/json"})
    assert (answer.code, answer.body["reason"]) == (415, "UnsupportedMediaType")


def test_a_dry_run_keeps_nothing(place: Place) -> None:
    answer = place.api.ask("POST", place.maps, {"metadata": {"name": "box"}}, query={"dryRun": "All"})
    assert answer.code == 201
    assert place.api.find(f"{place.maps}/box") is None


def test_a_name_can_be_generated(place: Place) -> None:
    made = place.api.create(place.maps, {"metadata": {"generateName": "box-"}})["metadata"]
    assert made["generateName"] == "box-"
    assert made["name"].startswith("box-")
    assert len(made["name"]) == len("box-") + 5


def test_a_finalizer_holds_a_deleted_object_until_it_is_removed(place: Place) -> None:
    place.put("held")
    path = f"{place.maps}/held"
    place.api.patch(path, {"metadata": {"finalizers": ["example.org/hold"]}})
    deleted = place.api.delete(path)["metadata"]
    assert (deleted["finalizers"], deleted["deletionGracePeriodSeconds"]) == (["example.org/hold"], 0)
    held = place.api.get(path)["metadata"]
    assert held["deletionTimestamp"] == deleted["deletionTimestamp"]
    refused = place.api.ask(
        "PATCH", path, {"metadata": {"finalizers": ["example.org/hold", "example.org/more"]}}, headers=_PATCH
    )
    assert refused.code == 422
    place.api.patch(path, {"metadata": {"finalizers": None}})
    assert place.api.find(path) is None


def test_a_collection_is_deleted_by_selector(place: Place) -> None:
    place.put("old", {"old": "yes"})
    place.put("kept")
    place.api.ask("DELETE", place.maps, query={"labelSelector": "old"})
    assert place.api.find(f"{place.maps}/old") is None
    assert place.api.find(f"{place.maps}/kept") is not None


def test_a_generation_counts_changes_of_the_spec_alone(place: Place) -> None:
    policies = f"/apis/networking.k8s.io/v1/namespaces/{place.name}/networkpolicies"
    made = place.api.create(policies, {"metadata": {"name": "deny"}, "spec": {"podSelector": {}}})
    labelled = place.api.patch(f"{policies}/deny", {"metadata": {"labels": {"a": "b"}}})
    changed = place.api.patch(f"{policies}/deny", {"spec": {"policyTypes": ["Ingress", "Egress"]}})
    assert made["spec"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert [item["metadata"]["generation"] for item in (made, labelled, changed)] == [1, 1, 2]


def test_the_generation_of_a_deployment_counts_its_annotations_and_not_its_status(place: Place) -> None:
    path = f"{place.deployments}/web"
    place.api.create(place.deployments, deployment("web", replicas=0))
    place.api.wait_for(path, lambda item: item["status"].get("observedGeneration") == 1)
    labelled = place.api.patch(path, {"metadata": {"labels": {"a": "b"}}})
    reported = place.api.patch(f"{path}/status", {"status": {"collisionCount": 3}, "spec": {"replicas": 9}})
    annotated = place.api.patch(path, {"metadata": {"annotations": {"a": "b"}}})
    assert [item["metadata"]["generation"] for item in (labelled, reported, annotated)] == [1, 1, 2]
    assert reported["status"]["collisionCount"] == 3
    assert reported["spec"]["replicas"] == 0


def test_a_status_is_not_written_with_its_object(place: Place) -> None:
    ingresses = f"/apis/networking.k8s.io/v1/namespaces/{place.name}/ingresses"
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
    body = {"metadata": {"name": "web"}, "spec": {"defaultBackend": backend}, "status": status}
    assert place.api.create(ingresses, body)["status"] == {"loadBalancer": {}}
    assert place.api.patch(f"{ingresses}/web", {"status": status})["status"] == {"loadBalancer": {}}
    written = place.api.patch(f"{ingresses}/web/status", {"status": status})
    assert written["status"] == status
    assert written["metadata"]["generation"] == 1
