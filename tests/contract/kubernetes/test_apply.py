"""Server-side apply: who wrote which field, and what comes of two who want the same one."""

from tests.contract.kubernetes.api import APPLY_PATCH, MERGE_PATCH, Answer, Json
from tests.contract.kubernetes.place import Place, deployment


def _config(**data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "box"}, "data": data}


def _apply(place: Place, manager: str, *, force: bool = False, **data: str) -> Answer:
    return place.api.apply(f"{place.maps}/box", _config(**data), manager, force=force)


def _owned(body: Json) -> dict[tuple[str, str], Json]:
    """Return {(manager, operation): its fields}."""
    return {
        (entry["manager"], entry["operation"]): entry["fieldsV1"] for entry in body["metadata"].get("managedFields", ())
    }


def test_applying_what_is_absent_creates_it(place: Place) -> None:
    answer = _apply(place, "one", a="1", b="2")
    assert (answer.code, answer.body["data"]) == (201, {"a": "1", "b": "2"})
    (entry,) = answer.body["metadata"]["managedFields"]
    assert entry.pop("time")
    assert entry == {
        "manager": "one",
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:a": {}, "f:b": {}}},
    }


def test_applying_the_same_again_changes_nothing(place: Place) -> None:
    first, second = _apply(place, "one", a="1"), _apply(place, "one", a="1")
    assert (first.code, second.code) == (201, 200)
    assert first.body == second.body


def test_applying_another_value_changes_ones_own_field(place: Place) -> None:
    _apply(place, "one", a="1", b="2")
    assert _apply(place, "one", a="9", b="2").body["data"] == {"a": "9", "b": "2"}


def test_a_field_that_is_left_out_is_removed(place: Place) -> None:
    _apply(place, "one", a="1", b="2")
    after = _apply(place, "one", b="2").body
    assert after["data"] == {"b": "2"}
    assert _owned(after) == {("one", "Apply"): {"f:data": {"f:b": {}}}}


def test_another_value_for_the_field_of_another_conflicts(place: Place) -> None:
    _apply(place, "one", a="1", b="2")
    answer = _apply(place, "two", a="9")
    assert answer.code == 409
    assert answer.body == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'Apply failed with 1 conflict: conflict with "one": .data.a',
        "reason": "Conflict",
        "details": {
            "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.a"}]
        },
        "code": 409,
    }
    assert place.api.get(f"{place.maps}/box")["data"]["a"] == "1"


def test_several_conflicts_are_all_told(place: Place) -> None:
    _apply(place, "one", a="1", b="2")
    answer = _apply(place, "two", a="8", b="9")
    assert answer.body["message"] == 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b'
    assert [cause["field"] for cause in answer.body["details"]["causes"]] == [".data.a", ".data.b"]


def test_force_takes_the_field_over(place: Place) -> None:
    _apply(place, "one", a="1", b="2")
    after = _apply(place, "two", force=True, a="9").body
    assert after["data"] == {"a": "9", "b": "2"}
    assert _owned(after) == {
        ("one", "Apply"): {"f:data": {"f:b": {}}},
        ("two", "Apply"): {"f:data": {"f:a": {}}},
    }


def test_the_same_value_is_shared_and_stays_until_the_last_owner_leaves_it_out(place: Place) -> None:
    _apply(place, "one", a="1", b="2")
    assert _apply(place, "two", a="1").code == 200
    assert _apply(place, "one", b="2").body["data"] == {"a": "1", "b": "2"}
    assert "a" not in _apply(place, "two").body.get("data", {})


def test_what_others_wrote_without_apply_stays_and_conflicts(place: Place) -> None:
    _apply(place, "one", a="1")
    place.api.patch(f"{place.maps}/box", {"data": {"z": "1"}}, fieldManager="hand")
    assert _apply(place, "one", a="2").body["data"] == {"a": "2", "z": "1"}
    answer = _apply(place, "one", a="2", z="2")
    assert answer.body["message"] == 'Apply failed with 1 conflict: conflict with "hand" using v1: .data.z'


def test_an_update_takes_the_field_away_from_who_applied_it(place: Place) -> None:
    _apply(place, "one", a="1", b="2")
    after = place.api.patch(f"{place.maps}/box", {"data": {"a": "7"}}, fieldManager="hand")
    assert _owned(after) == {
        ("one", "Apply"): {"f:data": {"f:b": {}}},
        ("hand", "Update"): {"f:data": {"f:a": {}}},
    }


def test_containers_are_told_apart_by_their_names(place: Place) -> None:
    path, body = f"{place.deployments}/web", deployment("web", replicas=0)
    assert place.api.apply(path, body, "one").code == 201
    body["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/app:2"
    answer = place.api.apply(path, body, "two")
    field = '.spec.template.spec.containers[name="app"].image'
    assert answer.body["details"]["causes"][0]["field"] == field
    assert place.api.apply(path, body, "two", force=True).code == 200


def test_a_container_of_another_is_left_alone(place: Place) -> None:
    path = f"{place.deployments}/web"
    place.api.apply(path, deployment("web", replicas=0), "one")
    beside = {"name": "beside", "image": "registry.example/beside:1"}
    spec = {"template": {"spec": {"containers": [beside]}}}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    after = place.api.apply(path, body, "two")
    assert after.code == 200, after.text
    assert [item["name"] for item in after.body["spec"]["template"]["spec"]["containers"]] == ["app", "beside"]


def test_an_apply_has_to_name_its_manager_and_no_managed_fields(place: Place) -> None:
    headers = {"Content-Type": APPLY_PATCH}
    answer = place.api.ask("PATCH", f"{place.maps}/box", _config(), headers=headers)
    assert (answer.code, answer.body["details"]["causes"][0]["field"]) == (422, "fieldManager")
    managed = _config()
    managed["metadata"]["managedFields"] = [{"manager": "x"}]
    answer = place.api.apply(f"{place.maps}/box", managed, "one")
    assert (answer.code, answer.body["message"]) == (400, "metadata.managedFields must be nil")


def test_an_apply_to_an_older_version_conflicts(place: Place) -> None:
    _apply(place, "one", a="1")
    old = _config(a="2")
    old["metadata"]["resourceVersion"] = "1"
    answer = place.api.apply(f"{place.maps}/box", old, "one", force=True)
    assert (answer.code, answer.body["reason"]) == (409, "Conflict")


def test_force_is_for_apply_alone(place: Place) -> None:
    place.put("box")
    answer = place.api.ask(
        "PATCH", f"{place.maps}/box", {}, query={"force": "true"}, headers={"Content-Type": MERGE_PATCH}
    )
    assert (answer.code, answer.body["details"]["causes"][0]["field"]) == (422, "force")
