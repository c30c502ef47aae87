"""What somebody changes past Git, or in Git past Ephemera: told, and put back by whose it is to do so."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.demo.evidence import HEAD_SHA
from app.demo.github.readings import PullRequest
from app.demo.real.manifests import Json
from app.stages.sweep import DRIFT
from tests.e2e import options
from tests.e2e.people import upstream
from tests.e2e.realm import Realm
from tests.scenarios import remote
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop

_WEB = "Deployment/web"
_ARGO, _FLUX = "argoproj.io/v1alpha1", "kustomize.toolkit.fluxcd.io/v1"
_SELF_HEALING = "argocd-application-controller"


@pytest.fixture(scope="module")
def token(realm: Realm) -> str:
    """Give a token of the REST API that may read."""
    made = realm.world.ephemera("token", "create", "--scope", "read", "--name", "drift")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def drift(shop: Shop, pull: PullRequest, token: str) -> list[str]:
    """What the API says has been changed."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = shop.world.request("GET", f"/api/v1/environments/{shop.row(pull).id}", headers=headers)
    found: list[str] = answer.json()["drift"]
    return found


def history(shop: Shop, pull: PullRequest) -> list[str]:
    """The lines about it, oldest first."""
    query = "SELECT message FROM events WHERE environment_id = %s AND kind = 'drift' ORDER BY id"
    return [message for (message,) in shop.world.query(query, shop.row(pull).id)]


def await_ended(shop: Shop, pull: PullRequest, name: str) -> list[str]:
    """The lines, once the object is as it should be again."""

    def look() -> list[str] | None:
        lines = history(shop, pull)
        return lines if lines and lines[-1].startswith("ended: ") and name in lines[-1] else None

    return shop.world.await_true(look, f"{name} to be put back")


@contextmanager
def nobody_heals(realm: Realm) -> Iterator[None]:
    """The syncer leaves the cluster as it is until the end, as Flux does by itself for ten minutes."""
    if realm.syncer == "argocd":
        realm.stack.stop_part(_SELF_HEALING)
    try:
        yield
    finally:
        if realm.syncer == "argocd":
            realm.stack.start_part(_SELF_HEALING)


def have_it_looked_after(realm: Realm, name: str) -> None:
    """The syncer looks now, as it would at its next interval: what happened while it was away wakes neither of them."""
    if realm.syncer == "argocd":
        place, marks = (_ARGO, "Application", "argocd"), {"argocd.argoproj.io/refresh": "normal"}
    else:
        now = datetime.now(UTC).isoformat()
        place, marks = (_FLUX, "Kustomization", "flux-system"), {"reconcile.fluxcd.io/requestedAt": now}
    api_version, kind, namespace = place
    realm.api.patch(api_version, kind, name, {"metadata": {"annotations": marks}}, namespace)


def _delete(realm: Realm, namespace: str) -> None:
    realm.api.delete("apps/v1", "Deployment", "web", namespace)


def _change(realm: Realm, namespace: str) -> None:
    """As `kubectl edit` would: another template, by which other pods run."""
    template = {"metadata": {"annotations": {HEAD_SHA: "0" * 40}}}
    realm.api.patch("apps/v1", "Deployment", "web", {"spec": {"template": template}}, namespace)


@pytest.mark.parametrize("by_hand", [_delete, _change], ids=["deleted", "changed"])
def test_workload_changed_by_hand_is_told_and_put_back_by_the_syncer(
    realm: Realm, shop: Shop, token: str, by_hand: Any
) -> None:
    pull = shop.open_until_ready()
    namespace = shop.row(pull).namespace
    commits = remote.commits_of(realm.world, namespace)
    with nobody_heals(realm):
        by_hand(realm, namespace)
        realm.world.await_true(lambda: drift(shop, pull, token) == [_WEB], "the drift to be shown")
        realm.world.await_true(lambda: f"Changed by hand in the cluster: `{_WEB}`" in shop.comment(pull), "the words")
    have_it_looked_after(realm, namespace)
    began, ended = await_ended(shop, pull, _WEB)
    assert began.startswith(f"began: {_WEB} changed in the cluster; the syncer puts back what is in Git")
    assert ended == f"ended: {_WEB}"
    shop.await_status(pull, "ready")
    assert drift(shop, pull, token) == []
    assert "Changed by hand" not in shop.comment(pull)
    # It is the syncer's to heal: Ephemera committed nothing.
    assert remote.commits_of(realm.world, namespace) == commits
    assert_converged(shop)


@pytest.mark.skipif(options.syncer() != "argocd", reason="Flux names no object that differs")
def test_object_that_is_no_workload_is_told_by_argo_cd(realm: Realm, shop: Shop, token: str) -> None:
    pull = shop.open_until_ready()
    namespace = shop.row(pull).namespace
    with _nothing_synced_by_itself(realm):
        other = {"spec": {"selector": {"app.kubernetes.io/name": "other"}}}
        realm.api.patch("v1", "Service", "web", other, namespace)
        realm.world.await_true(lambda: drift(shop, pull, token) == ["Service/web"], "the drift to be shown")
    have_it_looked_after(realm, namespace)
    began, ended = await_ended(shop, pull, "Service/web")
    assert began.startswith("began: Service/web ")
    assert ended == "ended: Service/web"
    assert realm.api.wait("v1", "Service", (namespace, "web"), _leads_to_web, 60)
    shop.await_status(pull, "ready")


@contextmanager
def _nothing_synced_by_itself(realm: Realm) -> Iterator[None]:
    """Argo CD compares and does nothing about it, as in the hours that a project may close: else it has put back the
    object in the moment in which it tells of it."""
    project = ("argoproj.io/v1alpha1", "AppProject", "ephemera")
    window = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"], "manualSync": True}
    realm.api.patch(*project, {"spec": {"syncWindows": [window]}}, "argocd")
    try:
        yield
    finally:
        realm.api.patch(*project, {"spec": {"syncWindows": None}}, "argocd")


def _leads_to_web(service: Json | None) -> bool:
    return service is not None and service["spec"]["selector"]["app.kubernetes.io/name"] == "web"


def test_folder_changed_by_hand_in_git_is_put_back_with_a_commit_that_says_so(
    realm: Realm, shop: Shop, tmp_path: Path
) -> None:
    git = upstream(realm, tmp_path)
    by_people = _by_people(realm)
    changed, lacking, longer = pulls = [shop.open_until_ready() for _ in range(3)]
    rows = [shop.row(pull) for pull in pulls]
    trees = [remote.tree_of(realm.world, row.folder) for row in rows]
    deployment = f"{shop.row(changed).folder}/deployment.yaml"
    git.human_pushes(deployment, git.files(deployment)[deployment].replace("replicas: 1", "replicas: 3"))
    git.human_removes(f"{shop.row(lacking).folder}/ingress.yaml")
    git.human_pushes(f"{shop.row(longer).folder}/notes.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    realm.world.await_true(lambda: [remote.tree_of(realm.world, row.folder) for row in rows] == trees, "all as it was")
    for row in rows:
        restored = remote.commits_of(realm.world, row.namespace)[-1]
        assert restored.subject.startswith("Restore ")
        assert restored.trailers["Reason"] == DRIFT
    # What the person did is on the branch as well: nothing is rewritten.
    assert _by_people(realm) == by_people + 3
    for pull in pulls:
        shop.await_status(pull, "ready")
    assert_converged(shop)
    held = realm.api.get("apps/v1", "Deployment", "web", shop.row(changed).namespace)
    assert held is not None
    assert held["spec"]["replicas"] == 1


def _by_people(realm: Realm) -> int:
    return sum(commit.subject.startswith("Human: ") for commit in remote.commits(realm.world))
