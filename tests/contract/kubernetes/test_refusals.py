"""What is refused because it is no such object: what cannot be decoded, and what has values that are not allowed."""

import json

import pytest

from tests.contract.kubernetes.api import MERGE_PATCH, Json
from tests.contract.kubernetes.place import Place, deployment

_PATCH = {"Content-Type": MERGE_PATCH}


def _labelled(**labels: object) -> Json:
    return {"metadata": {"name": "x", "labels": labels}}


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        (_labelled(sha=123456), 400, "BadRequest"),
        (_labelled(long="x" * 64), 422, "Invalid"),
        (_labelled(odd="a/b"), 422, "Invalid"),
        ({"metadata": {"name": "Upper"}}, 422, "Invalid"),
        ({"metadata": {}}, 422, "Invalid"),
        ({"metadata": {"name": "x", "annotations": {"a": 1}}}, 400, "BadRequest"),
        ({"metadata": {"name": "x"}, "data": {"a": 1}}, 400, "BadRequest"),
        ({"metadata": {"name": "x"}, "data": {"a b": "1"}}, 422, "Invalid"),
        ({"metadata": {"name": "x", "namespace": "other"}}, 400, "BadRequest"),
        ({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "x"}}, 400, "BadRequest"),
        ({"metadata": {"name": "x", "resourceVersion": "1"}}, 500, None),
    ],
    ids=json.dumps,
)
def test_what_is_no_config_map_is_refused(place: Place, body: Json, code: int, reason: str | None) -> None:
    answer = place.api.ask("POST", place.maps, body)
    status = answer.body
    assert (answer.code, status["code"], status.get("reason"), status["kind"]) == (code, code, reason, "Status")


def test_a_number_for_a_label_is_told_by_its_field(place: Place) -> None:
    status = place.api.ask("POST", place.maps, _labelled(sha=123456)).body
    why = "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"
    assert status["message"] == f'ConfigMap in version "v1" cannot be handled as a ConfigMap: {why}'


def test_every_invalid_field_is_a_cause(place: Place) -> None:
    answer = place.api.ask("POST", place.deployments, {"metadata": {"name": "x"}, "spec": {}})
    details = answer.body["details"]
    assert (answer.code, details["name"], details["group"], details["kind"]) == (422, "x", "apps", "Deployment")
    assert [(cause["field"], cause["reason"]) for cause in details["causes"]] == [
        ("spec.selector", "FieldValueRequired"),
        ("spec.template.metadata.labels", "FieldValueInvalid"),
        ("spec.template.spec.containers", "FieldValueRequired"),
    ]
    told = ", ".join(f"{cause['field']}: {cause['message']}" for cause in details["causes"])
    assert answer.body["message"] == f'Deployment.apps "x" is invalid: [{told}]'


def test_a_selector_has_to_match_its_own_pods(place: Place) -> None:
    body = deployment("x")
    body["spec"]["selector"]["matchLabels"] = {"some": "thing"}
    status = place.api.ask("POST", place.deployments, body).body
    why = 'Invalid value: {"app":"x"}: `selector` does not match template `labels`'
    assert status["message"] == f'Deployment.apps "x" is invalid: spec.template.metadata.labels: {why}'


def test_a_selector_never_changes(place: Place) -> None:
    place.api.create(place.deployments, deployment("x", replicas=0))
    changed = {"selector": {"matchLabels": {"app": "y"}}, "template": {"metadata": {"labels": {"app": "y"}}}}
    answer = place.api.ask("PATCH", f"{place.deployments}/x", {"spec": changed}, headers=_PATCH)
    (cause,) = answer.body["details"]["causes"]
    assert (answer.code, cause["field"]) == (422, "spec.selector")
    assert cause["message"].endswith("field is immutable")


def test_a_container_needs_an_image(place: Place) -> None:
    body = deployment("x")
    del body["spec"]["template"]["spec"]["containers"][0]["image"]
    (cause,) = place.api.ask("POST", place.deployments, body).body["details"]["causes"]
    assert cause == {
        "reason": "FieldValueRequired",
        "message": "Required value",
        "field": "spec.template.spec.containers[0].image",
    }
