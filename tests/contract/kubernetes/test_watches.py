"""Watches: every change once, in order, from where the caller stands - or the word that this cannot be."""

import json
from collections.abc import Iterator

import pytest

from tests.contract.kubernetes.api import Api, Json
from tests.contract.kubernetes.place import Place
from tests.contract.kubernetes.target import Target

_LAST = "zz-last"


def _now(place: Place) -> str:
    revision: str = place.api.get(place.maps)["metadata"]["resourceVersion"]
    return revision


def _until_last(place: Place, path: str = "", **query: str) -> Iterator[Json]:
    """Yield the events of a watch before that of an object which is put there now, as the end of the story."""
    place.put(_LAST, {"team": "x"})
    for event in place.api.watch(path or place.maps, timeoutSeconds="30", **query):
        if event["object"]["metadata"].get("name") == _LAST:
            return
        yield event
    pytest.fail("the watch ended before it told the last change")


def _told(events: list[Json]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"]["name"]) for event in events]


def _revisions(events: list[Json]) -> list[int]:
    return [int(event["object"]["metadata"]["resourceVersion"]) for event in events]


def test_a_watch_tells_what_came_after_the_list_in_order(place: Place) -> None:
    place.put("a")
    place.put("b")
    listed = _now(place)
    place.api.patch(f"{place.maps}/a", {"data": {"x": "1"}})
    place.put("c")
    place.api.delete(f"{place.maps}/b")
    place.api.patch(f"{place.maps}/a", {"data": {"x": "2"}})
    events = list(_until_last(place, resourceVersion=listed))
    assert _told(events) == [("MODIFIED", "a"), ("ADDED", "c"), ("DELETED", "b"), ("MODIFIED", "a")]
    assert _revisions(events) == sorted(set(_revisions(events)))
    assert all(revision > int(listed) for revision in _revisions(events))
    assert all((event["object"]["kind"], event["object"]["apiVersion"]) == ("ConfigMap", "v1") for event in events)


def test_a_watch_resumes_after_the_revision_of_an_event(place: Place) -> None:
    first = place.put("a")["metadata"]["resourceVersion"]
    place.put("b")
    assert _told(list(_until_last(place, resourceVersion=first))) == [("ADDED", "b")]


def test_revisions_count_the_changes_of_every_kind_together(place: Place) -> None:
    one = place.put("a")["metadata"]["resourceVersion"]
    two = place.api.create(f"{place.path}/secrets", {"metadata": {"name": "b"}})["metadata"]["resourceVersion"]
    three = place.api.patch(f"{place.maps}/a", {"data": {"x": "1"}})["metadata"]["resourceVersion"]
    assert int(one) < int(two) < int(three) <= int(_now(place))


@pytest.mark.parametrize("query", [{}, {"resourceVersion": "0"}])
def test_a_watch_from_nowhere_begins_with_what_is(place: Place, query: dict[str, str]) -> None:
    place.put("a", {"kept": "yes"})
    place.put("b", {"kept": "yes"})
    watch = place.api.watch(place.maps, labelSelector="kept", timeoutSeconds="10", **query)
    assert sorted(_told([next(watch), next(watch)])) == [("ADDED", "a"), ("ADDED", "b")]
    watch.close()


def test_initial_events_end_with_a_marked_bookmark(place: Place) -> None:
    place.put("a", {"kept": "yes"})
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    watch = place.api.watch(place.maps, labelSelector="kept", timeoutSeconds="10", **query)
    added, bookmark = next(watch), next(watch)
    watch.close()
    assert _told([added]) == [("ADDED", "a")]
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_an_object_enters_and_leaves_the_selector(place: Place) -> None:
    start = place.put("a")["metadata"]["resourceVersion"]
    for labels in ({"team": "x"}, {"more": "y"}, {"team": None}):
        place.api.patch(f"{place.maps}/a", {"metadata": {"labels": labels}})
    left = place.api.patch(f"{place.maps}/a", {"data": {"unseen": "1"}})["metadata"]["resourceVersion"]
    events = list(_until_last(place, resourceVersion=start, labelSelector="team"))
    assert _told(events) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    last = events[-1]["object"]["metadata"]
    assert last["labels"] == {"team": "x", "more": "y"}, "a leaving object is shown as it was"
    assert _revisions(events)[1] < int(last["resourceVersion"]) < int(left)


@pytest.mark.slow
def test_a_watch_of_one_name_hears_of_no_other(place: Place) -> None:
    start = _now(place)
    place.put("a")
    place.put("b")
    place.api.delete(f"{place.maps}/a")
    watch = place.api.watch(place.maps, resourceVersion=start, fieldSelector="metadata.name=a", timeoutSeconds="2")
    assert _told(list(watch)) == [("ADDED", "a"), ("DELETED", "a")]


def test_a_watch_of_every_namespace_hears_of_this_one(place: Place) -> None:
    start = _now(place)
    place.put("a")
    events = list(_until_last(place, "/api/v1/configmaps", resourceVersion=start))
    here = [event for event in events if event["object"]["metadata"]["namespace"] == place.name]
    assert _told(here) == [("ADDED", "a")]


def test_a_watch_ends_when_its_time_is_over(place: Place) -> None:
    assert list(place.api.watch(place.maps, resourceVersion=_now(place), timeoutSeconds="1")) == []


@pytest.mark.slow
def test_bookmarks_move_on_with_changes_elsewhere(place: Place) -> None:
    start = place.put("a")["metadata"]["resourceVersion"]
    place.api.create(f"{place.path}/secrets", {"metadata": {"name": "elsewhere"}})
    query = {"resourceVersion": start, "allowWatchBookmarks": "true", "timeoutSeconds": "4"}
    events = list(place.api.watch(place.maps, **query))
    assert {event["type"] for event in events} == {"BOOKMARK"}
    last = events[-1]["object"]
    assert (last["kind"], last["apiVersion"]) == ("ConfigMap", "v1")
    assert int(last["metadata"]["resourceVersion"]) > int(start)
    assert not last["metadata"].get("name")


@pytest.mark.slow
def test_bookmarks_come_only_to_who_asked_for_them(place: Place) -> None:
    start = place.put("a")["metadata"]["resourceVersion"]
    place.api.create(f"{place.path}/secrets", {"metadata": {"name": "elsewhere"}})
    assert list(place.api.watch(place.maps, resourceVersion=start, timeoutSeconds="4")) == []


def test_a_forgotten_revision_is_told_with_410(place: Place, target: Target) -> None:
    if target.forget is None:
        pytest.skip("this cluster's history cannot be forgotten on demand")
    # Events alone have no watch cache in the API server that would remember what etcd has forgotten.
    events = f"{place.path}/events"
    about = {"kind": "Namespace", "namespace": place.name, "name": place.name}
    for name in ("a", "b", "c"):
        body = {"metadata": {"name": name}, "involvedObject": about, "reason": "Contract", "type": "Normal"}
        place.api.create(events, body)
    old = place.api.get(f"{events}/a")["metadata"]["resourceVersion"]
    target.forget()
    told = _first_word(place.api, events, old)
    assert (told["kind"], told["code"], told["reason"], told["status"]) == ("Status", 410, "Expired", "Failure")


def _first_word(api: Api, path: str, revision: str) -> Json:
    """Return the Status that a watch begins with, as its answer or inside the stream: clients have to take both."""
    answer = api.ask("GET", path, query={"watch": "1", "resourceVersion": revision, "timeoutSeconds": "5"})
    if answer.code == 410:
        return answer.body
    event: Json = json.loads(answer.text.partition("\n")[0])
    assert event["type"] == "ERROR", event
    status: Json = event["object"]
    return status


def test_a_deleted_object_bears_the_revision_of_its_end(place: Place) -> None:
    created = place.put("a")
    place.api.delete(f"{place.maps}/a")
    (event,) = _until_last(place, resourceVersion=created["metadata"]["resourceVersion"])
    assert event["type"] == "DELETED"
    assert event["object"]["metadata"]["uid"] == created["metadata"]["uid"]
    assert int(event["object"]["metadata"]["resourceVersion"]) > int(created["metadata"]["resourceVersion"])
