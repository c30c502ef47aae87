"""A watched cluster, from its threads to its answers."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from app.cluster.access import ByToken
from app.cluster.connection import Api
from app.cluster.resources import NAMESPACES, PODS, VOLUMES
from app.cluster.view import WatchedCluster
from app.cluster.watch import Timing
from app.domain.health import Health, Phase
from app.errors import Transient
from tests.cluster.conftest import Serve
from tests.cluster.raw import NAMESPACE, Json, namespace
from tests.cluster.scripted import Answer, Request, ScriptedServer, event, line, page, status

SOON = timedelta(seconds=10)
QUICK = Timing(first_pause_seconds=0.01, last_pause_seconds=0.05)


class Cluster:
    """Namespaces with and without label, watched and listed; pods are never any."""

    def __init__(self, *labelled: str, refuses_full_list: bool = False) -> None:
        self.labelled = list(labelled)
        self.others = ["default", "kube-system"]
        self.refusals = 1 if refuses_full_list else 0
        self.deleted = threading.Event()

    def delete(self, name: str, *, but_only_its_label: bool = False) -> None:
        self.labelled.remove(name)
        if but_only_its_label:
            self.others.append(name)
        self.deleted.set()

    def __call__(self, request: Request) -> Answer:
        if request.path in {PODS.path, VOLUMES.path}:
            return Answer(is_held=True) if request.is_watch else page()
        if request.is_watch:
            return Answer(chunks=self._deletion(), is_held=True)
        if "labelSelector" in request.query:
            return page(*[namespace(name) for name in self.labelled])
        if self.refusals:
            self.refusals -= 1
            return status(503, "not now")
        return page(*[namespace(name) for name in [*self.labelled, *self.others]])

    def _deletion(self) -> Iterator[bytes]:
        if self.deleted.wait(10):
            yield line(event("DELETED", namespace(NAMESPACE, 50)))


def view_of(server: ScriptedServer) -> WatchedCluster:
    return WatchedCluster(Api(ByToken(server.url)), resources=(NAMESPACES, PODS), timing=QUICK)


def first(look: Callable[[], Mapping[str, Health]]) -> Mapping[str, Health]:
    """The first answer that is not empty; each look waits by itself."""
    return next(found for _ in range(10) if (found := look()))


def test_namespace_is_told_present_and_then_absent(serve: Serve) -> None:
    cluster = Cluster(NAMESPACE, "pr-8-shop")
    with view_of(serve(cluster)) as view:
        assert view.changes(SOON) == {NAMESPACE: Health(Phase.ACTIVE), "pr-8-shop": Health(Phase.ACTIVE)}
        assert view.present() == {NAMESPACE, "pr-8-shop"}
        cluster.delete(NAMESPACE)
        assert view.changes(SOON) == {NAMESPACE: Health(Phase.ABSENT)}
        assert view.present() == {"pr-8-shop"}


def test_namespace_that_only_lost_its_label_is_not_called_absent(serve: Serve) -> None:
    cluster = Cluster(NAMESPACE)
    with view_of(serve(cluster)) as view:
        view.changes(SOON)
        cluster.delete(NAMESPACE, but_only_its_label=True)
        assert view.changes(SOON) == {}
        assert view.present() == frozenset()


def test_absence_that_cannot_be_confirmed_now_is_told_later(serve: Serve) -> None:
    cluster = Cluster(NAMESPACE, refuses_full_list=True)
    with view_of(serve(cluster)) as view:
        view.changes(SOON)
        cluster.delete(NAMESPACE)
        assert view.changes(SOON) == {}
        assert view.changes(timedelta(0)) == {NAMESPACE: Health(Phase.ABSENT)}


def test_present_is_unknown_until_everything_was_listed(serve: Serve) -> None:
    server = serve(lambda request: status(503, "unavailable"))
    with view_of(server) as view:
        assert view.changes(timedelta(0)) == {}
        with pytest.raises(Transient, match="listing"):
            view.present()


def test_kind_that_may_not_be_listed_is_reported(serve: Serve) -> None:
    cluster = Cluster(NAMESPACE)
    denied = status(403, "pods is forbidden")
    with view_of(serve(lambda request: denied if request.path == PODS.path else cluster(request))) as view:
        assert view.changes(SOON) == {NAMESPACE: Health(Phase.ACTIVE)}
        assert "listing pods: the API server answered 403: pods is forbidden" in view.problems()[0]


def test_stop_leaves_no_thread_behind(serve: Serve) -> None:
    view = view_of(serve(Cluster(NAMESPACE)))
    view.start()
    view.changes(SOON)
    waiting = threading.Thread(target=view.changes, args=(timedelta(hours=1),))
    waiting.start()
    view.stop()
    waiting.join(10)
    assert not waiting.is_alive()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("watch")]


def test_bug_in_a_watch_rises_where_changes_are_asked_for(serve: Serve) -> None:
    nameless: Json = {"kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": [{"metadata": {}}]}
    with (
        view_of(serve(lambda request: Answer(chunks=(encoded(nameless),)))) as view,
        pytest.raises((KeyError, ValueError)),
    ):
        first(lambda: view.changes(SOON))


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()
