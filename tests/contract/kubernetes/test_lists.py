"""Lists: pages of one revision, what may be asked of them, and which objects they select."""

import json

import pytest

from tests.contract.kubernetes.api import Api, Json
from tests.contract.kubernetes.place import Place, names
from tests.contract.kubernetes.target import Target


def _fill(place: Place, count: int) -> None:
    for number in range(count):
        place.put(f"item-{number}", {"paged": "yes", "parity": str(number % 2)})


def _page(place: Place, **query: str) -> Json:
    return place.api.get(place.maps, **{"labelSelector": "paged", "limit": "2", **query})


def _event(place: Place, name: str) -> str:
    """Record an Event and return its resourceVersion.

    Events alone are read straight from etcd: of everything else the API server keeps a history of its own.
    """
    about = {"kind": "Namespace", "namespace": place.name, "name": place.name}
    body = {"metadata": {"name": name}, "involvedObject": about, "reason": "Contract", "type": "Normal"}
    return str(place.api.create(f"{place.path}/events", body)["metadata"]["resourceVersion"])


def test_pages_show_the_revision_of_the_first_page_whatever_happens_in_between(place: Place) -> None:
    _fill(place, 5)
    first = _page(place)
    place.api.delete(f"{place.maps}/item-3")
    place.put("item-9", {"paged": "yes"})
    place.api.patch(f"{place.maps}/item-4", {"data": {"changed": "yes"}})
    second = _page(place, **{"continue": first["metadata"]["continue"]})
    third = _page(place, **{"continue": second["metadata"]["continue"]})
    pages = [first, second, third]
    assert [names(page) for page in pages] == [["item-0", "item-1"], ["item-2", "item-3"], ["item-4"]]
    assert len({page["metadata"]["resourceVersion"] for page in pages}) == 1
    assert "changed" not in third["items"][0].get("data", {})
    assert "continue" not in third["metadata"]


def test_the_rest_of_a_list_comes_at_once_without_a_limit(place: Place) -> None:
    _fill(place, 5)
    rest = place.api.get(place.maps, **{"labelSelector": "paged", "continue": _page(place)["metadata"]["continue"]})
    assert names(rest) == ["item-2", "item-3", "item-4"]


def test_remaining_items_are_counted_only_without_a_selector(place: Place) -> None:
    _fill(place, 4)
    total = len(place.api.get(place.maps)["items"])
    first = place.api.get(place.maps, limit="3")["metadata"]
    assert first["remainingItemCount"] == total - 3
    last = place.api.get(place.maps, limit="3", **{"continue": first["continue"]})["metadata"]
    assert "remainingItemCount" not in last
    assert "remainingItemCount" not in _page(place)["metadata"]


def test_a_page_token_older_than_the_history_has_expired_and_brings_one_to_go_on_with(
    place: Place, target: Target
) -> None:
    if target.forget is None:
        pytest.skip("this cluster's history cannot be forgotten on demand")
    for number in range(3):
        _event(place, f"item-{number}")
    events = f"{place.path}/events"
    token = place.api.get(events, limit="1")["metadata"]["continue"]
    place.api.delete(f"{events}/item-2")
    target.forget()
    answer = place.api.ask("GET", events, query={"limit": "1", "continue": token})
    status = answer.body
    assert (answer.code, status["code"], status["reason"], status["status"]) == (410, 410, "Expired", "Failure")
    assert status["message"].startswith("The provided continue parameter is too old to display a consistent list")
    rest = place.api.get(events, **{"continue": status["metadata"]["continue"]})
    assert names(rest) == ["item-1"]


def test_revision_zero_may_be_old_and_comes_whole(place: Place) -> None:
    _fill(place, 3)
    listed = _page(place, resourceVersion="0")
    assert names(listed) == ["item-0", "item-1", "item-2"]
    assert "continue" not in listed["metadata"]


def test_an_exact_revision_shows_the_past(place: Place) -> None:
    _fill(place, 2)
    then = place.api.get(place.maps)["metadata"]["resourceVersion"]
    place.api.delete(f"{place.maps}/item-0")
    past = place.api.get(place.maps, labelSelector="paged", resourceVersion=then, resourceVersionMatch="Exact")
    assert names(past) == ["item-0", "item-1"]
    assert past["metadata"]["resourceVersion"] == then


def test_a_minimum_revision_shows_at_least_that(place: Place) -> None:
    written = place.put("box")["metadata"]["resourceVersion"]
    listed = place.api.get(place.maps, resourceVersion=written, resourceVersionMatch="NotOlderThan")
    assert "box" in names(listed)
    assert int(listed["metadata"]["resourceVersion"]) >= int(written)


def test_items_of_built_in_kinds_do_not_say_their_kind_and_the_list_does(place: Place) -> None:
    listed = place.api.get(place.maps)
    assert (listed["kind"], listed["apiVersion"]) == ("ConfigMapList", "v1")
    assert not {"kind", "apiVersion"} & listed["items"][0].keys()


def test_a_list_of_every_namespace_is_in_the_order_of_namespaces_and_names(place: Place) -> None:
    _fill(place, 2)
    listed = place.api.get("/api/v1/configmaps")["items"]
    keys = [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in listed]
    assert keys == sorted(keys)
    assert (place.name, "item-1") in keys


def test_a_namespace_that_does_not_exist_has_an_empty_list(api: Api) -> None:
    assert api.get("/api/v1/namespaces/contract-absent/configmaps")["items"] == []


@pytest.mark.parametrize(
    ("query", "code", "reason"),
    [
        ({"continue": "nonsense"}, 400, "BadRequest"),
        ({"limit": "many"}, 400, "BadRequest"),
        ({"resourceVersion": "abc"}, 400, "BadRequest"),
        ({"resourceVersion": "999999999"}, 504, "Timeout"),
        ({"resourceVersionMatch": "Exact"}, 422, "Invalid"),
        ({"resourceVersionMatch": "NotOlderThan"}, 422, "Invalid"),
        ({"resourceVersionMatch": "Exact", "resourceVersion": "0"}, 422, "Invalid"),
        ({"resourceVersionMatch": "Sometimes", "resourceVersion": "1"}, 422, "Invalid"),
        ({"sendInitialEvents": "true"}, 422, "Invalid"),
        ({"watch": "1", "sendInitialEvents": "true"}, 422, "Invalid"),
        ({"watch": "1", "resourceVersionMatch": "NotOlderThan"}, 422, "Invalid"),
        ({"watch": "1", "resourceVersion": "abc"}, 500, None),
        ({"watch": "1", "timeoutSeconds": "abc"}, 400, "BadRequest"),
        ({"fieldSelector": "spec.nodeName=x"}, 400, "BadRequest"),
        ({"fieldSelector": "nonsense"}, 400, "BadRequest"),
        ({"labelSelector": "a(b"}, 400, "BadRequest"),
        ({"labelSelector": "a in b"}, 400, "BadRequest"),
        ({"labelSelector": "=x"}, 400, "BadRequest"),
        ({"labelSelector": "a=b/c"}, 400, "BadRequest"),
        ({"labelSelector": "a/b/c=d"}, 400, "BadRequest"),
    ],
    ids=json.dumps,
)
def test_options_that_make_no_sense_are_refused(
    place: Place, query: dict[str, str], code: int, reason: str | None
) -> None:
    answer = place.api.ask("GET", place.maps, query=query)
    status = answer.body
    assert (answer.code, status["code"], status.get("reason")) == (code, code, reason)
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")


def test_a_page_token_excludes_a_revision(place: Place) -> None:
    _fill(place, 3)
    first = _page(place)["metadata"]
    query = {"continue": first["continue"], "resourceVersion": first["resourceVersion"]}
    assert place.api.ask("GET", place.maps, query=query).code == 400


def test_contradicting_options_are_named_as_causes(place: Place) -> None:
    status = place.api.ask("GET", place.maps, query={"resourceVersionMatch": "Exact"}).body
    why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
    cause = {"reason": "FieldValueForbidden", "message": f"Forbidden: {why}", "field": "resourceVersionMatch"}
    assert status["details"] == {"group": "meta.k8s.io", "kind": "ListOptions", "causes": [cause]}
    assert status["message"] == f'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: {why}'


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("parity=0", ["item-0", "item-2"]),
        ("parity==1", ["item-1", "item-3"]),
        ("paged,parity!=1", ["item-0", "item-2"]),
        ("parity in (0, 1),paged=yes", ["item-0", "item-1", "item-2", "item-3"]),
        ("parity notin (0),paged", ["item-1", "item-3"]),
        ("parity", ["item-0", "item-1", "item-2", "item-3"]),
        ("paged,!parity", []),
        ("!paged", ["kube-root-ca.crt"]),
        ("parity!=0", ["item-1", "item-3", "kube-root-ca.crt"]),
        ("paged in (yes),parity notin (1,2)", ["item-0", "item-2"]),
        ("parity>0,paged", ["item-1", "item-3"]),
        ("parity<1,paged", ["item-0", "item-2"]),
    ],
)
def test_labels_select(place: Place, selector: str, expected: list[str]) -> None:
    _fill(place, 4)
    assert names(place.api.get(place.maps, labelSelector=selector)) == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("metadata.name=item-1", ["item-1"]),
        ("metadata.name!=item-1", ["item-0", "kube-root-ca.crt"]),
        ("metadata.name=absent", []),
    ],
)
def test_names_select(place: Place, selector: str, expected: list[str]) -> None:
    _fill(place, 2)
    assert names(place.api.get(place.maps, fieldSelector=selector)) == expected


def test_a_namespace_selects_in_a_list_of_all(place: Place) -> None:
    _fill(place, 2)
    selector = f"metadata.namespace={place.name},metadata.name!=kube-root-ca.crt"
    assert names(place.api.get("/api/v1/configmaps", fieldSelector=selector)) == ["item-0", "item-1"]
