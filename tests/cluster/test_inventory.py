"""What is left of environments, and what proves nothing."""

from collections.abc import Mapping

import pytest

from app.cluster.access import ByToken
from app.cluster.connection import Api
from app.cluster.resources import NAMESPACES, VOLUMES
from app.cluster.view import WatchedCluster
from app.domain.cluster import SyncerKind
from app.errors import Stalled, Transient
from tests.cluster.conftest import Serve
from tests.cluster.raw import Json, namespace
from tests.cluster.scripted import Answer, Request, page, status

ONE, TWO, THREE = "pr-1-shop", "pr-2-shop", "pr-3-shop"
APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
KUSTOMIZATIONS = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations"
SOURCES = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories"
NOT_SERVED = Answer(404, (b"404 page not found\n",))


def volume(name: str, claimed_by: str) -> Json:
    return {"metadata": {"name": name}, "spec": {"claimRef": {"namespace": claimed_by}}}


def named(name: str) -> Json:
    return {"metadata": {"name": name}}


class Cluster:
    """Lists by path, one page each; what it does not know it does not serve."""

    def __init__(self, lists: Mapping[str, Answer]) -> None:
        self.lists = {NAMESPACES.path: page(namespace("default"), namespace(ONE)), VOLUMES.path: page()} | dict(lists)
        self.asked: list[str] = []

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request.path)
        assert "labelSelector" not in request.query
        return self.lists.get(request.path, NOT_SERVED)


def view_of(url: str, syncer: SyncerKind = SyncerKind.NONE) -> WatchedCluster:
    return WatchedCluster(Api(ByToken(url)), syncer, syncer.usual_namespace)


def test_every_page_of_every_list_tells_what_is_left(serve: Serve) -> None:
    def script(request: Request) -> Answer:
        if request.path == VOLUMES.path:
            return page(volume("pvc-1", TWO), volume("pvc-2", "default"), {"metadata": {"name": "unclaimed"}})
        assert request.headers["accept"].startswith("application/json;as=PartialObjectMetadataList;")
        if request.path == APPLICATIONS:
            return page(named(TWO), named("grafana"))
        if "continue" in request.query:
            return page(namespace(TWO))
        return page(namespace("default"), namespace(ONE), token="t")

    assert view_of(serve(script).url, SyncerKind.ARGOCD).remaining({ONE, TWO, THREE}) == {
        ONE: {f"Namespace/{ONE}"},
        TWO: {f"Namespace/{TWO}", f"Application/{TWO}", "PersistentVolume/pvc-1"},
        THREE: frozenset(),
    }


def test_flux_leaves_kustomizations_and_their_sources(serve: Serve) -> None:
    cluster = Cluster({KUSTOMIZATIONS: page(named(TWO)), SOURCES: page(named(THREE))})
    view = view_of(serve(cluster).url, SyncerKind.FLUX)
    assert view.remaining({TWO, THREE}) == {TWO: {f"Kustomization/{TWO}"}, THREE: {f"GitRepository/{THREE}"}}
    assert cluster.asked == [KUSTOMIZATIONS, SOURCES, NAMESPACES.path, VOLUMES.path]


def test_nobody_is_asked_about_nothing(serve: Serve) -> None:
    cluster = Cluster({})
    assert view_of(serve(cluster).url).remaining(set()) == {}
    assert cluster.asked == []


@pytest.mark.parametrize("path", [NAMESPACES.path, APPLICATIONS, VOLUMES.path])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(chunks=(b"{}",)), Transient),
        (Answer(chunks=(b'{"kind": "PodList", "metadata": {"resourceVersion": "1"}}',)), Transient),
        (page(named(TWO), token="t"), Transient),
        (status(401, "Unauthorized"), Stalled),
        (status(403, "forbidden"), Stalled),
        (status(410, "too old"), Transient),
        (status(503, "unavailable"), Transient),
    ],
    ids=["empty", "no items", "cut", "401", "403", "410", "503"],
)
def test_what_could_not_be_looked_at_whole_proves_nothing(
    serve: Serve, path: str, answer: Answer, kind: type[Transient] | type[Stalled]
) -> None:
    cluster = Cluster({APPLICATIONS: page(), path: answer})

    def script(request: Request) -> Answer:
        return status(503, "cut") if "continue" in request.query else cluster(request)

    with pytest.raises(kind, match="listing "):
        view_of(serve(script).url, SyncerKind.ARGOCD).remaining({ONE})


def test_cluster_without_namespaces_is_not_believed(serve: Serve) -> None:
    with pytest.raises(Transient, match="the list is empty, which no cluster's is"):
        view_of(serve(Cluster({NAMESPACES.path: page()})).url).remaining({ONE})


def test_missing_syncer_proves_nothing_and_missing_volumes_are_none(serve: Serve) -> None:
    cluster = Cluster({VOLUMES.path: NOT_SERVED})
    assert view_of(serve(cluster).url).remaining({TWO}) == {TWO: frozenset()}
    with pytest.raises(Stalled, match=r"listing applications\.argoproj\.io.*does not serve this resource: install it"):
        view_of(serve(cluster).url, SyncerKind.ARGOCD).remaining({TWO})
