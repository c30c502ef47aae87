"""Watches tell every change once, in order, from where the caller stands - or say that they cannot."""

from itertools import islice

import pytest

from app.demo.kubernetes.apiserver.kinds import CONFIG_MAP, Json
from app.demo.kubernetes.client import SimulatedKubernetes
from tests.demo.kubernetes.conftest import StartCluster
from tests.demo.kubernetes.environments import config_map


def _put(cluster: SimulatedKubernetes, name: str, **labels: str) -> str:
    body = config_map("default", name)
    body["metadata"]["labels"] = labels
    revision: str = cluster.create(CONFIG_MAP, "default", body)["metadata"]["resourceVersion"]
    return revision


def _told(events: list[Json]) -> list[tuple[str, str]]:
    return [
        (event["type"], event["object"]["metadata"].get("name", "")) for event in events if event["type"] != "BOOKMARK"
    ]


def _watch(cluster: SimulatedKubernetes, **query: str) -> list[Json]:
    """The events of a watch up to now: to a bookmark that has seen everything, or to the end of the stream."""
    now, events = int(_now(cluster)), []
    for event in cluster.watch(CONFIG_MAP, "default", allowWatchBookmarks="true", **query):
        if event["type"] == "BOOKMARK" and int(event["object"]["metadata"]["resourceVersion"]) >= now:
            break
        events.append(event)
    return events


def _now(cluster: SimulatedKubernetes) -> str:
    cluster.await_object(CONFIG_MAP, "default", "kube-root-ca.crt", lambda _: True)
    revision: str = cluster.request("GET", "/api/v1/configmaps")["metadata"]["resourceVersion"]
    return revision


def test_a_watch_resumes_after_the_revision_it_is_given(cluster: SimulatedKubernetes) -> None:
    first = _put(cluster, "a")
    _put(cluster, "b")
    cluster.patch(CONFIG_MAP, "default", "a", {"data": {"x": "1"}})
    cluster.delete(CONFIG_MAP, "default", "b")
    events = [event for event in _watch(cluster, resourceVersion=first) if _told([event])[0][1] in {"a", "b"}]
    assert _told(events) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]
    revisions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert revisions == sorted(set(revisions))
    assert all(event["object"]["kind"] == "ConfigMap" for event in events)


@pytest.mark.parametrize("query", [{}, {"resourceVersion": "0"}])
def test_a_watch_from_nowhere_begins_with_what_is(cluster: SimulatedKubernetes, query: dict[str, str]) -> None:
    _put(cluster, "a", kept="yes")
    assert _told(_watch(cluster, labelSelector="kept", **query)) == [("ADDED", "a")]


def test_initial_events_end_with_a_marked_bookmark(cluster: SimulatedKubernetes) -> None:
    _put(cluster, "a", kept="yes")
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true"}
    added, bookmark = islice(cluster.watch(CONFIG_MAP, "default", labelSelector="kept", **query), 2)
    assert _told([added]) == [("ADDED", "a")]
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_an_object_enters_and_leaves_the_selector(cluster: SimulatedKubernetes) -> None:
    start = _put(cluster, "a")
    for labels in ({"team": "x"}, {"more": "y"}, {"team": None}):
        cluster.patch(CONFIG_MAP, "default", "a", {"metadata": {"labels": labels}})
    cluster.patch(CONFIG_MAP, "default", "a", {"data": {"unseen": "1"}})
    events = _watch(cluster, resourceVersion=start, labelSelector="team")
    assert _told(events) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    last = events[-1]["object"]["metadata"]
    assert last["labels"] == {"team": "x", "more": "y"}, "a leaving object is shown as it was"
    assert int(last["resourceVersion"]) > int(events[1]["object"]["metadata"]["resourceVersion"])


def test_bookmarks_move_on_with_changes_elsewhere(cluster: SimulatedKubernetes) -> None:
    start = _now(cluster)
    cluster.request("POST", "/api/v1/namespaces/default/secrets", {"metadata": {"name": "elsewhere"}})
    query = {"resourceVersion": start, "allowWatchBookmarks": "true", "timeoutSeconds": "1"}
    events = list(cluster.watch(CONFIG_MAP, "default", **query))
    assert {event["type"] for event in events} == {"BOOKMARK"}
    assert int(events[-1]["object"]["metadata"]["resourceVersion"]) > int(start)
    assert events[-1]["object"]["kind"] == "ConfigMap"


def test_bookmarks_come_only_to_who_asked_for_them(cluster: SimulatedKubernetes) -> None:
    query = {"resourceVersion": _now(cluster), "timeoutSeconds": "1"}
    assert list(cluster.watch(CONFIG_MAP, "default", **query)) == []


def test_a_forgotten_revision_is_told_inside_the_stream(cluster: SimulatedKubernetes) -> None:
    old = _put(cluster, "a")
    _put(cluster, "b")
    cluster.compact()
    (event,) = _watch(cluster, resourceVersion=old)
    assert event["type"] == "ERROR"
    assert (event["object"]["kind"], event["object"]["code"], event["object"]["reason"]) == ("Status", 410, "Expired")
    assert event["object"]["message"].startswith(f"too old resource version: {old} (")


def test_the_history_is_bounded(start_cluster: StartCluster) -> None:
    cluster = start_cluster(history=5)
    start = _now(cluster)
    for number in range(6):
        recent = _put(cluster, f"item-{number}")
    assert _watch(cluster, resourceVersion=start)[0]["type"] == "ERROR"
    assert _watch(cluster, resourceVersion=recent) == []


def test_a_running_watch_survives_a_compaction_that_loses_nothing(cluster: SimulatedKubernetes) -> None:
    watch = cluster.watch(CONFIG_MAP, "default", labelSelector="mark", timeoutSeconds="20")
    _put(cluster, "a", mark="1")
    assert _told([next(watch)]) == [("ADDED", "a")]
    cluster.compact()
    _put(cluster, "b", mark="2")
    assert _told([next(watch)]) == [("ADDED", "b")]


def test_metadata_alone_can_be_watched_and_listed(cluster: SimulatedKubernetes) -> None:
    _put(cluster, "a", kept="yes")
    cluster.accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    (listed,) = cluster.objects(CONFIG_MAP, "default", labelSelector="kept")
    (event,) = _watch(cluster, labelSelector="kept")
    for item in (listed, event["object"]):
        assert (item["kind"], item["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
        assert set(item) == {"kind", "apiVersion", "metadata"}


def test_watches_can_be_closed_and_expired_at_once(cluster: SimulatedKubernetes) -> None:
    _put(cluster, "a", mark="1")
    for action, last in (("close", []), ("expire", ["ERROR"])):
        watch = cluster.watch(CONFIG_MAP, "default", labelSelector="mark", timeoutSeconds="20")
        next(watch)
        cluster.disturb_watches("close" if action == "close" else "expire")
        assert [event["type"] for event in watch] == last


def test_a_silent_watch_says_nothing_until_it_is_restored(cluster: SimulatedKubernetes) -> None:
    start = _now(cluster)
    cluster.disturb_watches("silence")
    _put(cluster, "a")
    query = {"resourceVersion": start, "allowWatchBookmarks": "true", "timeoutSeconds": "1"}
    assert list(cluster.watch(CONFIG_MAP, "default", **query)) == []
    cluster.disturb_watches("restore")
    assert _told(_watch(cluster, resourceVersion=start)) == [("ADDED", "a")]


def test_a_scrambled_watch_repeats_older_versions_after_newer_ones(cluster: SimulatedKubernetes) -> None:
    start = _put(cluster, "a")
    for value in "1234":
        cluster.patch(CONFIG_MAP, "default", "a", {"data": {"x": value}})
    cluster.disturb_watches("scramble")
    events = _watch(cluster, resourceVersion=start)
    revisions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert len(revisions) == 8
    assert revisions != sorted(revisions)
