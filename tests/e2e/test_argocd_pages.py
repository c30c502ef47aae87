"""What people see of an environment on Argo CD's pages, told by the API behind them; and the way there from GitHub."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import pytest
import requests

from app.demo.github.readings import PullRequest
from app.demo.outside import ENVIRONMENTS
from app.demo.real.manifests import Json
from tests.e2e import options
from tests.e2e.people import upstream
from tests.e2e.realm import Realm
from tests.scenarios.shop import Shop

pytestmark = pytest.mark.skipif(options.syncer() != "argocd", reason="these are Argo CD's pages")

_PROJECT = "ephemera"
_DOMAIN = "preview.example.com"


def ask(realm: Realm, path: str) -> Json:
    """What argocd-server answers to its pages."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{realm.stack.argocd_url}/api/v1/{path}", timeout=30)
    answer.raise_for_status()
    return cast(Json, answer.json())


def page(realm: Realm, name: str, is_so: Callable[[Json], Any] = bool) -> Json:
    """The Application, once it is so: Argo CD puts its summary together in its own time."""

    def look() -> Json | None:
        found = ask(realm, f"applications/{name}")
        return found if is_so(found) else None

    return realm.world.await_true(look, f"the page of {name} to be so")


def is_complete(application: Json) -> bool:
    """Health and links are told of what was synced last."""
    status = application["status"]
    return status.get("health", {}).get("status") == "Healthy" and bool(status.get("summary", {}).get("externalURLs"))


def links(shop: Shop, pull: PullRequest, name: str) -> set[str]:
    """Where the page should lead: the pull request, its head, and the preview."""
    repository = f"{shop.world.github.url}/{shop.name}"
    preview = f"https://{name}.{_DOMAIN}"
    return {f"{repository}/pull/{pull.number}", f"{repository}/commit/{pull.head_sha}", preview}


def test_application_says_whose_it_is(realm: Realm, shop: Shop) -> None:
    pull = shop.open_until_ready()
    name = shop.row(pull).namespace
    application = page(realm, name)
    metadata, spec = application["metadata"], application["spec"]
    preview = f"https://{name}.{_DOMAIN}"
    assert (metadata["name"], spec["project"], spec["destination"]["namespace"]) == (name, _PROJECT, name)
    assert metadata["labels"] == {"app.kubernetes.io/managed-by": "ephemera", "ephemera.dev/environment": name}
    assert metadata["annotations"]["link.argocd.argoproj.io/external-link"] == preview
    assert metadata["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    assert spec["info"] == [
        {"name": "Pull request", "value": f"{shop.world.github.url}/{shop.name}/pull/{pull.number}"},
        {"name": "Preview", "value": preview},
    ]


def test_application_is_found_by_project_and_label(realm: Realm, shop: Shop) -> None:
    name = shop.row(shop.open_until_ready()).namespace
    selector = quote(f"ephemera.dev/environment={name}")
    found = ask(realm, f"applications?projects={_PROJECT}&selector={selector}")
    assert [item["metadata"]["name"] for item in found["items"]] == [name]


def test_application_is_healthy_and_synced_at_exactly_the_published_commit(realm: Realm, shop: Shop) -> None:
    pull = shop.open_until_ready()
    _assert_complete(realm, shop, pull)
    pull = shop.push(pull)
    shop.await_status(pull, "ready")
    _assert_complete(realm, shop, pull)


def _assert_complete(realm: Realm, shop: Shop, pull: PullRequest) -> None:
    """Not Progressing for ever, although nothing gives the Ingress an address; and the links follow the head."""
    row = shop.row(pull)
    wanted = links(shop, pull, row.namespace)
    status = page(
        realm,
        row.namespace,
        lambda found: is_complete(found) and set(found["status"]["summary"]["externalURLs"]) == wanted,
    )["status"]
    assert (status["sync"]["status"], status["sync"]["revision"]) == ("Synced", row.published_commit)
    assert status["operationState"]["phase"] == "Succeeded"
    assert status["operationState"]["syncResult"]["revision"] == row.published_commit
    assert {resource["status"] for resource in status["resources"]} == {"Synced"}
    assert "conditions" not in status
    ingress = realm.api.get("networking.k8s.io/v1", "Ingress", "web", row.namespace)
    assert ingress is not None
    assert not ingress["status"]["loadBalancer"].get("ingress")


def test_commit_for_one_environment_leaves_the_others_at_theirs(realm: Realm, shop: Shop) -> None:
    quiet, busy = shop.open_until_ready(), shop.open_until_ready()
    before = page(realm, shop.row(quiet).namespace, is_complete)["status"]
    busy = shop.push(busy)
    shop.await_status(busy, "ready")
    after = page(realm, shop.row(quiet).namespace)["status"]
    assert after["sync"]["revision"] == before["sync"]["revision"] == shop.row(quiet).published_commit
    assert after["history"] == before["history"]


def test_check_run_comment_and_api_lead_to_the_page(realm: Realm, shop: Shop, token: str) -> None:
    pull = shop.open_until_ready()
    row = shop.row(pull)
    url = f"{realm.stack.argocd_url}/applications/argocd/{row.namespace}"
    assert f"| Argo CD | [{row.namespace}]({url}) |" in shop.comment(pull)
    assert url in str(shop.checks(pull)[-1].summary)
    headers = {"Authorization": f"Bearer {token}"}
    shown = realm.world.request("GET", f"/api/v1/environments/{row.id}", headers=headers).json()
    assert shown["links"] == {"preview": f"https://{row.namespace}.{_DOMAIN}", "argocd": url}


@pytest.fixture(scope="module")
def token(realm: Realm) -> str:
    """Give a token of the REST API that may read."""
    made = realm.world.ephemera("token", "create", "--scope", "read", "--name", "pages")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


# The project, which is the fence


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"namespace": "kube-system"}, "do not match any of the allowed destinations in project 'ephemera'"),
        ({"namespace": "argocd"}, "do not match any of the allowed destinations in project 'ephemera'"),
        ({"server": "https://elsewhere.example.com"}, "elsewhere.example.com"),
        ({"repoURL": "https://git.example.com/acme/other"}, "is not permitted in project 'ephemera'"),
    ],
    ids=["kube-system", "Argo CD's own namespace", "another cluster", "another repository"],
)
def test_project_refuses_another_place(realm: Realm, change: dict[str, str], words: str) -> None:
    application = _application(realm, "intruder", "environments", **change)
    realm.api.apply([application])
    try:
        (condition, *_) = page(realm, "intruder", _conditions)["status"]["conditions"]
    finally:
        _remove(realm, "intruder")
    assert condition["type"] == "InvalidSpecError"
    assert words in condition["message"]


_CLUSTER_ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "pr-0-intruder"},
    "rules": [],
}
_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-public"}}
_ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "intruder", "namespace": "pr-0-intruder"},
    "rules": [],
}
_ELSEWHERE = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "intruder", "namespace": "kube-system"}}


@pytest.mark.parametrize(
    "document",
    [_CLUSTER_ROLE, _NAMESPACE, _ROLE, _ELSEWHERE],
    ids=["cluster kind", "namespace of another name", "kind that no environment has", "object elsewhere"],
)
def test_project_refuses_another_kind(realm: Realm, tmp_path: Path, document: Json) -> None:
    # In the folder's name, for Argo CD remembers for minutes what a commit of a branch held.
    folder = f"intruder/{document['kind'].lower()}-of-{document['metadata']['name']}"
    upstream(realm, tmp_path).human_pushes(f"{folder}/object.json", json.dumps(document))
    application = _application(realm, "intruder", folder)
    application["spec"]["syncPolicy"] = {"automated": {}, "retry": {"limit": 0}}
    realm.api.apply([application])
    try:
        operation = page(realm, "intruder", _has_failed)["status"]["operationState"]
    finally:
        _remove(realm, "intruder")
    (refused,) = operation["syncResult"]["resources"]
    assert "not permitted in project" in refused["message"]
    metadata = document["metadata"]
    held = realm.api.get(document["apiVersion"], document["kind"], metadata["name"], metadata.get("namespace"))
    assert held is None or "argocd.argoproj.io/tracking-id" not in held["metadata"].get("annotations", {})


def _conditions(application: Json) -> Any:
    return application.get("status", {}).get("conditions")


def _has_failed(application: Json) -> bool:
    return application.get("status", {}).get("operationState", {}).get("phase") in ("Failed", "Error")


def _application(realm: Realm, name: str, folder: str, **change: str) -> Json:
    """An Application of Ephemera's project that somebody else has made."""
    destination = {"server": "https://kubernetes.default.svc", "namespace": "pr-0-intruder"}
    source = {
        "repoURL": realm.world.outside.git.repository_url(ENVIRONMENTS),
        "path": folder,
        "targetRevision": "main",
        "directory": {"recurse": True},
    }
    for key, value in change.items():
        (source if key in source else destination)[key] = value
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {"project": _PROJECT, "source": source, "destination": destination},
    }


def _remove(realm: Realm, name: str) -> None:
    realm.api.delete("argoproj.io/v1alpha1", "Application", name, "argocd")
    realm.api.wait("argoproj.io/v1alpha1", "Application", ("argocd", name), lambda found: found is None, 30)
