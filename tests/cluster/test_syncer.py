"""What a poke changes in the cluster."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from app.cluster.access import ByToken
from app.cluster.checkup import check_cluster
from app.cluster.connection import Api, Limits
from app.cluster.pokes import Target, poke_all
from app.cluster.resources import WATCHED
from app.cluster.syncer import ArgoCD, Flux, NoSyncer
from app.errors import Stalled, Transient
from app.ports import Poke
from tests.cluster.conftest import Serve
from tests.cluster.scripted import Answer, Request, page, status

ARGO = "/apis/argoproj.io/v1alpha1/namespaces/argocd"
SOURCES = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories"
KUSTOMIZATIONS = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations"
NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
OK = Answer(chunks=(b"{}",))


class Objects:
    """Remembers the annotations of the objects that there are; says 404 of others."""

    def __init__(self, *paths: str) -> None:
        self.annotations: dict[str, dict[str, str]] = {path: {} for path in paths}

    def __call__(self, request: Request) -> Answer:
        name = request.path.rpartition("/")[2]
        if request.path not in self.annotations:
            return status(404, f'"{name}" not found', name=name)
        self.annotations[request.path] |= json.loads(request.body)["metadata"]["annotations"]
        return OK


def test_argo_cd_refreshes_its_set_and_every_changed_application(serve: Serve) -> None:
    objects = Objects(f"{ARGO}/applicationsets/ephemera", f"{ARGO}/applications/pr-1", f"{ARGO}/applications/pr-2")
    argo = ArgoCD(Api(ByToken(serve(objects).url)), clock=lambda: NOW)
    argo.poke(Poke(("pr-1", "pr-new"), came_or_went=True))
    assert objects.annotations == {
        f"{ARGO}/applicationsets/ephemera": {"argocd.argoproj.io/application-set-refresh": NOW.isoformat()},
        f"{ARGO}/applications/pr-1": {"argocd.argoproj.io/refresh": "normal"},
        f"{ARGO}/applications/pr-2": {},
    }


def test_argo_cd_is_told_of_its_set_in_other_words_each_time_for_the_same_again_would_be_no_news(serve: Serve) -> None:
    path = f"{ARGO}/applicationsets/ephemera"
    objects = Objects(path)
    argo = ArgoCD(Api(ByToken(serve(objects).url)))
    said = []
    for _ in range(2):
        argo.poke(Poke((), came_or_went=True))
        said.append(objects.annotations[path]["argocd.argoproj.io/application-set-refresh"])
    assert said[0] != said[1]


def test_argo_cd_goes_over_its_set_only_where_an_application_came_went_or_is_missing(serve: Serve) -> None:
    objects = Objects(f"{ARGO}/applicationsets/ephemera", f"{ARGO}/applications/pr-1")
    argo = ArgoCD(Api(ByToken(serve(objects).url)))
    argo.poke(Poke(("pr-1",), came_or_went=False))
    assert objects.annotations[f"{ARGO}/applicationsets/ephemera"] == {}
    argo.poke(Poke(("pr-1", "pr-lost"), came_or_went=False))
    assert objects.annotations[f"{ARGO}/applicationsets/ephemera"] != {}


SETS = {
    "kind": "ApplicationSetList",
    "metadata": {"resourceVersion": "1"},
    "items": [
        {
            "metadata": {"namespace": "gitops", "name": "previews"},
            "spec": {"generators": [{"git": {"repoURL": "https://git.test/acme/environments.git/"}}]},
        },
        {
            "metadata": {"namespace": "gitops", "name": "strangers"},
            "spec": {"generators": [{"git": {"repoURL": "https://git.test/acme/apps"}}]},
        },
    ],
}


def test_the_set_that_follows_the_repository_is_found_whatever_it_is_called(serve: Serve) -> None:
    there = "/apis/argoproj.io/v1alpha1/namespaces/gitops"
    objects = Objects(f"{there}/applicationsets/previews", f"{there}/applications/pr-1")

    def script(request: Request) -> Answer:
        if request.path == f"{there}/applicationsets":
            return Answer(200, (json.dumps(SETS).encode(),))
        return objects(request)

    argo = ArgoCD(Api(ByToken(serve(script).url)), "https://git.test/acme/environments", "gitops")
    argo.poke(Poke(("pr-1",), came_or_went=True))
    assert all(objects.annotations.values())


def test_the_usual_name_is_poked_where_no_set_follows_the_repository(serve: Serve) -> None:
    objects = Objects(f"{ARGO}/applicationsets/ephemera")

    def script(request: Request) -> Answer:
        if request.path == f"{ARGO}/applicationsets":
            return Answer(200, (json.dumps(SETS).encode(),))
        return objects(request)

    ArgoCD(Api(ByToken(serve(script).url)), "https://git.test/acme/elsewhere").poke(Poke((), came_or_went=True))
    assert all(objects.annotations.values())


def test_argo_cd_without_its_set_needs_a_person_but_applications_are_refreshed(serve: Serve) -> None:
    objects = Objects(f"{ARGO}/applications/pr-1")
    with pytest.raises(Stalled, match=r'poking Argo CD: 1 of 2 objects not poked: .*"ephemera" not found'):
        ArgoCD(Api(ByToken(serve(objects).url))).poke(Poke(("pr-1",), came_or_went=True))
    assert objects.annotations[f"{ARGO}/applications/pr-1"] == {"argocd.argoproj.io/refresh": "normal"}


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(404, (b"404 page not found",)), Stalled, "2 of 2 objects not poked"),
        (status(403, "cannot patch"), Stalled, "patching appl.*403: cannot patch"),
        (status(503, "unavailable"), Transient, "503: unavailable"),
    ],
)
def test_poke_that_fails_says_why(serve: Serve, answer: Answer, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        ArgoCD(Api(ByToken(serve(lambda request: answer).url))).poke(Poke(("pr-1", "pr-2"), came_or_went=False))


def test_poke_of_a_server_that_says_nothing_ends_with_what_was_left_undone(serve: Serve) -> None:
    server = serve(lambda request: Answer(is_held=True))
    targets = [Target("things", f"/things/{number}", "a", "b") for number in range(40)]
    patience = Limits(read_seconds=0.05)
    with pytest.raises(Transient, match="poking Argo CD: 40 of 40 objects not poked"):
        poke_all(Api(ByToken(server.url)), "Argo CD", targets, budget_seconds=0.05, limits=patience)
    assert len(server.requests) < 40


@pytest.mark.parametrize(
    ("poke", "poked"),
    [
        (Poke(("pr-1",), came_or_went=False), {f"{SOURCES}/pr-1"}),
        (Poke(("pr-1",), came_or_went=True), {f"{SOURCES}/pr-1", f"{SOURCES}/flux-system"}),
        (Poke(("pr-2",), came_or_went=False), {f"{SOURCES}/flux-system"}),
        (Poke((), came_or_went=True), {f"{SOURCES}/flux-system"}),
        (Poke((), came_or_went=True, is_again=True), {f"{SOURCES}/flux-system", f"{KUSTOMIZATIONS}/flux-system"}),
        (Poke((), came_or_went=False), set()),
    ],
    ids=["own source", "came or went", "no own source", "only went", "only went, again", "nothing"],
)
def test_flux_reconciles_own_sources_and_the_root_only_where_it_must(serve: Serve, poke: Poke, poked: set[str]) -> None:
    objects = Objects(f"{SOURCES}/pr-1", f"{SOURCES}/flux-system", f"{KUSTOMIZATIONS}/flux-system")
    Flux(Api(ByToken(serve(objects).url)), clock=lambda: NOW).poke(poke)
    asked = {path: values for path, values in objects.annotations.items() if values}
    assert asked == {path: {"reconcile.fluxcd.io/requestedAt": "2031-05-06T07:08:09+00:00"} for path in poked}


def test_flux_applies_again_where_nothing_came_of_an_earlier_poke(serve: Serve) -> None:
    objects = Objects(f"{SOURCES}/pr-1", f"{KUSTOMIZATIONS}/pr-1")
    Flux(Api(ByToken(serve(objects).url)), clock=lambda: NOW).poke(Poke(("pr-1",), came_or_went=False, is_again=True))
    assert all(objects.annotations.values())


def test_nobody_is_poked_where_nothing_syncs() -> None:
    NoSyncer().poke(Poke(("pr-1",), came_or_went=True))


@pytest.mark.parametrize("make", [ArgoCD, Flux, lambda api: NoSyncer()], ids=["argocd", "flux", "none"])
def test_checkup_finds_all_well_and_changes_nothing(
    serve: Serve, make: Callable[[Api], ArgoCD | Flux | NoSyncer]
) -> None:
    def script(request: Request) -> Answer:
        if request.path == "/version":
            return Answer(chunks=(b'{"gitVersion": "v1.37.2"}',))
        if request.method == "PATCH":
            assert request.query["dryRun"] == "All"
            return status(404, "not found", name="x") if "ephemera-check" in request.path else OK
        return Answer(is_held=True) if request.is_watch else page()

    api = Api(ByToken(serve(script).url))
    findings = check_cluster(api, make(api))
    assert all(finding.is_ok for finding in findings)
    assert findings[0].detail == "Kubernetes v1.37.2"
    assert {finding.what for finding in findings} >= {f"cluster: list and watch {kind.name}" for kind in WATCHED}


def test_checkup_says_what_to_do_about_each_refusal(serve: Serve) -> None:
    def script(request: Request) -> Answer:
        if request.path == "/version":
            return Answer(chunks=(b"{}",))
        if request.method == "PATCH":
            return status(404, '"ephemera" not found', name="ephemera")
        if request.path == "/api/v1/pods":
            return status(403, "cannot watch pods") if request.is_watch else page()
        return Answer(is_held=True) if request.is_watch else page()

    api = Api(ByToken(serve(script).url))
    failed = {finding.what: finding for finding in check_cluster(api, ArgoCD(api)) if not finding.is_ok}
    assert failed.keys() == {"cluster: list and watch pods", "syncer: patch applicationsets.argoproj.io ephemera"}
    assert "cannot watch pods" in failed["cluster: list and watch pods"].detail
    assert "Let Ephemera's account list and watch pods" in failed["cluster: list and watch pods"].advice


def test_checkup_of_an_unreachable_cluster_is_one_finding() -> None:
    api = Api(ByToken("http://127.0.0.1:1"))
    [finding] = check_cluster(api, ArgoCD(api))
    assert (finding.what, finding.is_ok) == ("cluster: reachable", False)
    assert finding.advice
