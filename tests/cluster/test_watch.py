"""One resource followed through everything that a server and a network may do to it."""

import threading
from collections.abc import Callable, Iterable

import pytest

from app.cluster.access import ByToken
from app.cluster.applications import SeenApplication
from app.cluster.connection import Api
from app.cluster.objects import Objects
from app.cluster.resources import EVENTS, PODS, Resource
from app.cluster.seen import Foreign, Seen, SeenPod
from app.cluster.watch import Timing, Watch
from app.errors import Stalled, Transient
from tests.cluster.conftest import Serve
from tests.cluster.raw import NAMESPACE, pod
from tests.cluster.reading import APPLICATIONS
from tests.cluster.scripted import (
    Answer,
    ScriptedServer,
    bookmark,
    event,
    events,
    in_order,
    line,
    page,
    status,
)
from tests.cluster.synced import NEW, OLD, application, compared

PATIENT = Timing(silence_seconds=30)
HASTY = Timing(silence_seconds=0.05)


class Shelf:
    """Keeps what a watch tells, as `Picture` does, for one resource."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.lists = 0
        self.errors: list[Transient | Stalled] = []
        self.has_connected = threading.Event()

    def replace(self, resource: Resource, revision: int, items: tuple[Seen, ...]) -> None:
        self.lists += 1
        self.objects.replace(revision, items)

    def put(self, resource: Resource, item: Seen) -> None:
        self.objects.put(item)

    def remove(self, resource: Resource, item: Seen | Foreign) -> None:
        self.objects.remove(item)

    def connected(self, resource: Resource) -> None:
        self.errors.clear()
        self.has_connected.set()

    def failed(self, resource: Resource, error: Transient | Stalled) -> None:
        self.errors.append(error)

    def seen(self) -> Iterable[Seen]:
        return self.objects.of(NAMESPACE)

    def shas(self) -> dict[str, str | None]:
        return {pod.name: pod.head_sha for pod in self.objects.of(NAMESPACE) if isinstance(pod, SeenPod)}


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


Begin = Callable[..., tuple[Watch, Shelf, ScriptedServer]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def begin(serve: Serve, clock: Clock) -> Begin:
    """Give a function that makes a watch of pods on a server that answers in order; full pauses, no jitter."""

    def start(*answers: Answer, timing: Timing = PATIENT) -> tuple[Watch, Shelf, ScriptedServer]:
        server, shelf = serve(in_order(*answers)), Shelf()
        watch = Watch(Api(ByToken(server.url)), PODS, shelf, timing, clock=clock, jitter=lambda: 1.0)
        return watch, shelf, server

    return start


def asked(server: ScriptedServer) -> list[tuple[str, str]]:
    return [
        ("watch", request.query["resourceVersion"]) if request.is_watch else ("list", request.query.get("continue", ""))
        for request in server.requests
    ]


def test_list_is_followed_by_a_watch_from_where_it_stood(begin: Begin) -> None:
    changes = events(
        event("ADDED", pod("b", 11, sha="2")),
        event("MODIFIED", pod("a", 12, sha="3")),
        event("DELETED", pod("b", 13)),
    )
    watch, shelf, server = begin(page(pod("a", 9, sha="1"), revision=10), changes)
    watch.turn()
    assert shelf.shas() == {"a": "3"}
    assert asked(server) == [("list", ""), ("watch", "10")]
    listed, watched = server.requests
    assert listed.query == {"labelSelector": "app.kubernetes.io/managed-by=ephemera", "limit": "500"}
    assert watched.query["labelSelector"] == "app.kubernetes.io/managed-by=ephemera"
    assert watched.query["allowWatchBookmarks"] == "true"
    assert 18 <= int(watched.query["timeoutSeconds"]) <= 23


def test_pages_make_one_list(begin: Begin) -> None:
    watch, shelf, server = begin(page(pod("a"), token="t1"), page(pod("b"), token="t2"), page(pod("c")), events())
    watch.turn()
    assert list(shelf.shas()) == ["a", "b", "c"]
    assert asked(server) == [("list", ""), ("list", "t1"), ("list", "t2"), ("watch", "10")]


def test_expired_continue_token_starts_the_list_again(begin: Begin) -> None:
    expired = status(410, "The provided continue parameter is too old")
    watch, shelf, _ = begin(page(pod("gone"), token="t"), expired, page(pod("a"), token="u"), page(pod("b")), events())
    watch.turn()
    assert list(shelf.shas()) == ["a", "b"]


def test_list_that_expires_every_time_is_given_up_for_now(begin: Begin) -> None:
    watch, shelf, _ = begin(*[page(pod("a"), token="t"), status(410, "too old")] * 3)
    watch.turn()
    assert shelf.lists == 0


def test_ended_watch_goes_on_where_it_stopped(begin: Begin) -> None:
    watch, shelf, server = begin(
        page(revision=10),
        events(event("ADDED", pod("a", 12))),
        events(bookmark(40)),
        events(event("ADDED", pod("b", 41))),
    )
    for _ in range(3):
        watch.turn()
    assert asked(server) == [("list", ""), ("watch", "10"), ("watch", "12"), ("watch", "40")]
    assert list(shelf.shas()) == ["a", "b"]


@pytest.mark.parametrize(
    "break_off",
    [
        status(410, "too old resource version: 10 (99)"),
        events(event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})),
        events(event("ERROR", {"kind": "Status", "code": 500, "message": "etcd is unwell"})),
        events(event("SURPRISE", {})),
        Answer(chunks=(b"no JSON\n",)),
        Answer(chunks=(b"[]\n",)),
    ],
    ids=["410", "410 event", "500 event", "unknown event", "no JSON", "no object"],
)
def test_watch_that_cannot_go_on_lists_again(begin: Begin, break_off: Answer) -> None:
    watch, shelf, server = begin(
        page(pod("old", 9), revision=10), break_off, page(pod("new", 98), revision=99), events()
    )
    watch.turn()
    watch.turn()
    assert list(shelf.shas()) == ["new"]
    assert asked(server) == [("list", ""), ("watch", "10"), ("list", ""), ("watch", "99")]


def test_silent_watch_is_taken_up_again_where_it_was(begin: Begin) -> None:
    watch, shelf, server = begin(
        page(revision=10), events(event("ADDED", pod("a", 12)), held=True), events(), timing=HASTY
    )
    watch.turn()
    assert "timed out" in str(shelf.errors)
    watch.turn()
    assert asked(server) == [("list", ""), ("watch", "10"), ("watch", "12")]
    assert shelf.errors == []


def test_characters_cut_by_chunks_come_together(begin: Begin) -> None:
    text = line(event("ADDED", pod("a", 12, sha="é😀\u2028ü"))) + line(event("ADDED", pod("b", 13, sha="ß")))
    watch, shelf, _ = begin(page(revision=10), Answer(chunks=tuple(bytes([byte]) for byte in text)))
    watch.turn()
    assert shelf.shas() == {"a": "é😀\u2028ü", "b": "ß"}


def test_half_a_line_at_the_end_is_dropped_and_asked_for_again(begin: Begin) -> None:
    whole, cut = line(event("ADDED", pod("a", 12))), line(event("ADDED", pod("b", 13)))[:-20]
    watch, shelf, server = begin(page(revision=10), Answer(chunks=(whole + cut,)), events(event("ADDED", pod("b", 13))))
    watch.turn()
    assert list(shelf.shas()) == ["a"]
    watch.turn()
    assert list(shelf.shas()) == ["a", "b"]
    assert asked(server)[-1] == ("watch", "12")


def test_stale_and_shuffled_events_never_overwrite_newer_ones(begin: Begin) -> None:
    shuffled = events(
        event("MODIFIED", pod("a", 14, sha="newest")),
        event("MODIFIED", pod("a", 12, sha="stale")),
        event("DELETED", pod("b", 15)),
        event("ADDED", pod("b", 13, sha="stale")),
        event("DELETED", pod("a", 9)),
        event("ADDED", pod("c", 8, sha="older than the list")),
    )
    watch, shelf, server = begin(page(revision=10), shuffled, events())
    watch.turn()
    assert shelf.shas() == {"a": "newest"}
    watch.turn()
    assert asked(server)[-1] == ("watch", "15")


def test_empty_answers_are_asked_for_ever_less_often(begin: Begin) -> None:
    watch, _, _ = begin(page(), *[events()] * 12)
    assert [round(watch.turn(), 3) for _ in range(12)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30]


def test_progress_makes_the_next_pause_short(begin: Begin) -> None:
    watch, _, _ = begin(page(), events(), events(), events(bookmark(11)), events())
    assert [round(watch.turn(), 3) for _ in range(4)] == [0.1, 0.2, 0.1, 0.2]


def test_server_errors_are_told_and_lead_to_a_new_list_in_the_end(begin: Begin) -> None:
    watch, shelf, server = begin(page(), *[status(500, "etcd is unwell")] * 5, page(), events())
    pauses = [round(watch.turn(), 3) for _ in range(5)]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.6]
    assert "watching pods: the API server answered 500: etcd is unwell" in str(shelf.errors[0])
    watch.turn()
    assert shelf.errors == []
    assert [kind for kind, _ in asked(server)] == ["list", *["watch"] * 5, "list", "watch"]


def test_named_wait_is_kept(begin: Begin) -> None:
    watch, _, _ = begin(status(429, "too many requests", **{"Retry-After": "7"}))
    assert watch.turn() == 7


def test_refused_list_is_told_and_tried_again(begin: Begin) -> None:
    forbidden = status(403, 'pods is forbidden: User "ephemera" cannot list resource "pods"')
    watch, shelf, _ = begin(forbidden, page(pod("a")), events())
    watch.turn()
    assert isinstance(shelf.errors[0], Stalled)
    assert "listing pods" in str(shelf.errors[0])
    watch.turn()
    assert list(shelf.shas()) == ["a"]
    assert shelf.errors == []


def test_refused_watch_falls_back_to_listing(begin: Begin) -> None:
    watch, shelf, _ = begin(page(pod("a")), status(403, "cannot watch"), page(pod("b")), status(403, "cannot watch"))
    watch.turn()
    watch.turn()
    assert list(shelf.shas()) == ["b"]
    assert "watching pods" in str(shelf.errors[-1])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(chunks=(b"<html>Welcome</html>",)),
        Answer(chunks=(b"{}",)),
        Answer(chunks=(b"[]",)),
        Answer(chunks=(b'{"kind": "PodList", "metadata": {}, "items": []}',)),
        Answer(chunks=(b'{"kind": "PodList", "metadata": {"resourceVersion": "7"}}',)),
    ],
)
def test_answer_that_is_no_list_is_not_an_empty_list(begin: Begin, clock: Clock, answer: Answer) -> None:
    watch, shelf, _ = begin(page(pod("a")), events(), answer)
    watch.turn()
    clock.seconds = 601
    watch.turn()
    assert list(shelf.shas()) == ["a"]
    assert isinstance(shelf.errors[0], Transient)


def test_everything_is_listed_again_every_ten_minutes(begin: Begin, clock: Clock) -> None:
    last = page(pod("b"), revision=12)
    watch, shelf, server = begin(page(pod("a")), events(bookmark(11)), events(bookmark(12)), last, events())
    watch.turn()
    clock.seconds = 599
    watch.turn()
    clock.seconds = 601
    watch.turn()
    assert list(shelf.shas()) == ["b"]
    assert [kind for kind, _ in asked(server)] == ["list", "watch", "watch", "list", "watch"]
    assert server.requests[2].query["timeoutSeconds"] == "1"


def test_watches_that_began_together_do_not_list_again_together(serve: Serve, clock: Clock) -> None:
    def lists_at(jitter: float) -> list[str]:
        server = serve(in_order(page(), events(bookmark(11)), page(revision=20), events(bookmark(21))))
        watch = Watch(Api(ByToken(server.url)), PODS, Shelf(), PATIENT, clock=clock, jitter=lambda: jitter)
        clock.seconds = 0
        watch.turn()
        clock.seconds = 570
        watch.turn()
        return [kind for kind, _ in asked(server)]

    assert lists_at(0.0) == ["list", "watch", "list", "watch"]
    assert lists_at(1.0) == ["list", "watch", "watch"]


def test_older_list_is_not_believed(begin: Begin, clock: Clock) -> None:
    gone = status(410, "too old")
    older, newer = page(pod("a", 9, sha="stale"), revision=11), page(pod("a", 14, sha="newest"), revision=15)
    watch, shelf, server = begin(page(), events(event("ADDED", pod("a", 12, sha="2"))), gone, older, newer, events())
    for expected in ("2", "2", "2", "newest"):
        watch.turn()
        assert shelf.shas() == {"a": expected}
    assert shelf.lists == 2
    assert [kind for kind, _ in asked(server)] == ["list", "watch", "watch", "list", "list", "watch"]


def test_lagging_server_is_told_of(begin: Begin) -> None:
    watch, shelf, _ = begin(page(revision=10), events(bookmark(12)), status(410, "too old"), page(revision=11))
    for _ in range(3):
        watch.turn()
    assert "listing pods: revision 11 came after 12" in str(shelf.errors)


def test_history_that_stays_behind_for_ten_minutes_has_begun_anew(begin: Begin, clock: Clock) -> None:
    restored = page(pod("a", 3, sha="restored"), revision=5)
    watch, shelf, _ = begin(page(pod("a", 9)), status(410, "too old"), restored, restored, events())
    watch.turn()
    clock.seconds = 599
    watch.turn()
    assert shelf.lists == 1
    clock.seconds = 601
    watch.turn()
    assert shelf.shas() == {"a": "restored"}


@pytest.mark.parametrize(
    "break_off",
    [
        events(event("ERROR", {"kind": "Status", "status": "Failure", "code": 410, "message": "too old"})),
        events(event("ADDED", {"metadata": {"name": 7}})),
        events({"type": "ADDED"}),
    ],
    ids=["an error in place of an object", "an object of another shape", "no object"],
)
def test_line_that_has_not_the_resources_shape_leads_to_a_new_list(serve: Serve, break_off: Answer) -> None:
    first = application(9, sync=compared("Synced", OLD))
    second = application(98, sync=compared("Synced", NEW))
    server, shelf = serve(in_order(page(first), break_off, page(second, revision=99), events())), Shelf()
    watch = Watch(Api(ByToken(server.url)), APPLICATIONS, shelf, PATIENT)
    watch.turn()
    watch.turn()
    assert [seen.sync.applied for seen in shelf.seen() if isinstance(seen, SeenApplication)] == [NEW]
    assert shelf.errors == []


def test_object_that_becomes_somebody_elses_is_forgotten(serve: Serve) -> None:
    ours, others = application(9), application(12)
    others["spec"]["destination"]["namespace"] = "default"
    never = application(11)
    never["metadata"]["name"] = "grafana"
    changes = events(event("MODIFIED", others), event("MODIFIED", never), bookmark(13))
    server, shelf = serve(in_order(page(ours, never), changes, events())), Shelf()
    watch = Watch(Api(ByToken(server.url)), APPLICATIONS, shelf, PATIENT)
    watch.turn()
    assert list(shelf.seen()) == []
    watch.turn()
    assert asked(server)[-1] == ("watch", "13")
    assert all("labelSelector" not in request.query for request in server.requests)


def test_events_are_asked_for_by_field(serve: Serve) -> None:
    server = serve(in_order(page(), events()))
    Watch(Api(ByToken(server.url)), EVENTS, Shelf(), PATIENT).turn()
    assert [request.query["fieldSelector"] for request in server.requests] == ["type=Warning", "type=Warning"]


def test_quiet_watch_ends_before_it_would_be_taken_for_dead_until_the_server_sends_bookmarks(serve: Serve) -> None:
    server = serve(in_order(page(), events(bookmark(9)), events()))
    watch = Watch(Api(ByToken(server.url)), EVENTS, Shelf(), PATIENT)
    watch.turn()
    watch.turn()
    quiet, told = (int(request.query["timeoutSeconds"]) for request in server.requests[1:])
    assert quiet < PATIENT.silence_seconds < told


def test_stop_ends_a_watch_that_waits_in_silence(begin: Begin) -> None:
    watch, shelf, _ = begin(page())
    thread = threading.Thread(target=watch.run)
    thread.start()
    assert shelf.has_connected.wait(10)
    watch.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert shelf.errors == []
