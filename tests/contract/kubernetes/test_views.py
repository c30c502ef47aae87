"""What a client asks to see: the whole objects, or their metadata alone."""

import json

from tests.contract.kubernetes.place import Place, names

_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
_ONE = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"


def test_metadata_alone_can_be_listed_in_pages(place: Place) -> None:
    for name in ("a", "b", "c"):
        place.put(name, {"kept": "yes"}, secret="x")
    query = {"labelSelector": "kept", "limit": "2"}
    answer = place.api.ask("GET", place.maps, query=query, headers={"Accept": _LIST})
    listed = answer.body
    assert (listed["kind"], listed["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    assert names(listed) == ["a", "b"]
    for item in listed["items"]:
        assert set(item) == {"kind", "apiVersion", "metadata"}
        assert (item["kind"], item["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    query["continue"] = listed["metadata"]["continue"]
    assert names(place.api.ask("GET", place.maps, query=query, headers={"Accept": _LIST}).body) == ["c"]


def test_metadata_alone_of_one_object_can_be_read(place: Place) -> None:
    whole = place.put("a", {"kept": "yes"}, secret="x")
    partial = place.api.ask("GET", f"{place.maps}/a", headers={"Accept": _ONE}).body
    assert partial == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": whole["metadata"],
    }


def test_metadata_alone_can_be_watched(place: Place) -> None:
    start = place.put("a")["metadata"]["resourceVersion"]
    place.put("b", secret="x")
    query = {"watch": "1", "resourceVersion": start, "timeoutSeconds": "1"}
    answer = place.api.ask("GET", place.maps, query=query, headers={"Accept": _ONE})
    (event,) = [json.loads(line) for line in answer.text.splitlines()]
    assert set(event["object"]) == {"kind", "apiVersion", "metadata"}
    assert event["object"]["kind"] == "PartialObjectMetadata"


def test_a_list_is_no_object_and_an_object_no_list(place: Place) -> None:
    place.put("a")
    for path, accept in ((place.maps, _ONE), (f"{place.maps}/a", _LIST)):
        answer = place.api.ask("GET", path, headers={"Accept": accept})
        assert (answer.code, answer.body["reason"]) == (406, "NotAcceptable")


def test_the_first_that_can_be_had_of_several_is_sent(place: Place) -> None:
    listed = place.api.ask("GET", place.maps, headers={"Accept": f"text/html,{_LIST},application/json"}).body
    assert listed["kind"] == "PartialObjectMetadataList"
    listed = place.api.ask("GET", place.maps, headers={"Accept": "text/html, application/json;q=0.5"}).body
    assert listed["kind"] == "ConfigMapList"


def test_what_cannot_be_written_is_not_acceptable(place: Place) -> None:
    answer = place.api.ask("GET", place.maps, headers={"Accept": "text/html"})
    assert (answer.code, answer.body["kind"], answer.body["reason"]) == (406, "Status", "NotAcceptable")
