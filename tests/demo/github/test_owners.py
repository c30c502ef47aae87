"""What owners do: install, suspend, choose, rename, transfer and delete; and what the App is told of it."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.demo.github.client import SimulatedGitHub
from app.demo.github.sender import Sending
from tests.fixtures.github import Caller, Receiver, Shop, app_jwt

DAY = 24 * 3_600


def _told(github: SimulatedGitHub, receiver: Receiver, *events: str) -> list[dict[str, Any]]:
    github.wait_deliveries()
    return [json.loads(one.body) for one in receiver.received if one.headers["X-GitHub-Event"] in events]


def test_an_installation_tells_its_whole_life(github: SimulatedGitHub, shop: Shop, receiver: Receiver) -> None:
    github.set_sending(Sending(is_held=True))
    github.change_installation(shop.installation_id, suspended=True)
    github.change_installation(shop.installation_id, suspended=False)
    github.change_installation(shop.installation_id, permissions={"metadata": "read"})
    github.uninstall(shop.installation_id)
    github.install(shop.name.split("/")[0])
    github.release()
    told = _told(github, receiver, "installation")
    actions = ["suspend", "unsuspend", "new_permissions_accepted", "deleted", "created"]
    assert [one["action"] for one in told] == actions
    assert told[0]["installation"]["suspended_at"] is not None
    assert told[2]["installation"]["permissions"] == {"metadata": "read"}
    assert [one["id"] for one in told[3]["repositories"]] == [shop.repository_id]


def test_repositories_are_added_and_removed(github: SimulatedGitHub, shop: Shop, receiver: Receiver) -> None:
    other = github.create_repository(f"{shop.name.split('/')[0]}/other")
    github.wait_deliveries()
    receiver.received.clear()
    github.change_installation(shop.installation_id, repositories=[other.full_name])
    [removed] = _told(github, receiver, "installation_repositories")
    assert removed["action"] == "removed"
    assert [one["id"] for one in removed["repositories_removed"]] == [shop.repository_id]
    receiver.received.clear()
    lost = Sending(is_suppressed=True)
    github.change_installation(shop.installation_id, repositories=[other.full_name, shop.name], sending=lost)
    assert _told(github, receiver, "installation_repositories") == []


def test_a_removed_repository_is_not_found_by_a_token_made_before(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    other = github.create_repository(f"{shop.name.split('/')[0]}/other")
    github.change_installation(shop.installation_id, repositories=[other.full_name])
    assert as_installation.get(shop.path).status_code == 404
    assert as_installation.get(f"/repos/{other.full_name}").status_code == 200


def test_a_transferred_repository_keeps_its_id_and_changes_its_installation(
    github: SimulatedGitHub, as_app: Caller, as_installation: Caller, shop: Shop, receiver: Receiver
) -> None:
    heirs = f"{shop.name.split('/')[0]}-heirs"
    installed = github.install(heirs)
    receiver.received.clear()
    moved = github.rename_repository(shop.name, owner=heirs)
    assert (moved.id, moved.full_name) == (shop.repository_id, f"{heirs}/shop")
    changes = {one["action"]: one for one in _told(github, receiver, "installation_repositories")}
    assert changes["removed"]["installation"]["id"] == shop.installation_id
    assert changes["added"]["installation"]["id"] == installed.id
    [transferred] = _told(github, receiver, "repository")
    assert (transferred["action"], transferred["installation"]["id"]) == ("transferred", installed.id)
    assert as_installation.get(shop.path).status_code == 301
    assert as_installation.get(f"/repositories/{shop.repository_id}").status_code == 404
    assert as_app.get(f"/repos/{moved.full_name}/installation").json()["id"] == installed.id


def test_a_transfer_to_where_the_app_is_not_installed_is_a_removal(
    github: SimulatedGitHub, shop: Shop, receiver: Receiver
) -> None:
    github.rename_repository(shop.name, owner=f"{shop.name.split('/')[0]}-strangers")
    told = _told(github, receiver, "installation_repositories", "repository")
    assert [(one["action"], one["installation"]["id"]) for one in told] == [("removed", shop.installation_id)]


def test_a_deleted_repository_is_gone(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, receiver: Receiver
) -> None:
    github.delete_repository(shop.name)
    [deleted] = _told(github, receiver, "repository")
    assert (deleted["action"], deleted["repository"]["id"]) == ("deleted", shop.repository_id)
    assert as_installation.get(shop.path).status_code == 404


def test_a_renamed_account_leaves_its_old_name_to_redirect(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, receiver: Receiver
) -> None:
    owner = shop.name.split("/")[0]
    github.rename_account(owner, f"{owner}-new")
    [told] = _told(github, receiver, "installation_target")
    assert told["changes"] == {"login": {"from": owner}}
    moved = as_installation.get(shop.path)
    assert moved.headers["Location"] == f"{github.url}/repositories/{shop.repository_id}"
    assert as_installation.get(f"/repositories/{shop.repository_id}").json()["full_name"] == f"{owner}-new/shop"


@pytest.mark.parametrize(("checks", "told"), [("write", True), ("read", False)])
def test_whoever_may_write_checks_is_told_of_them_unasked(
    github: SimulatedGitHub, shop: Shop, receiver: Receiver, checks: str, told: bool
) -> None:
    github.uninstall(shop.installation_id)
    permissions = {"metadata": "read", "contents": "read", "checks": checks}
    github.install(shop.name.split("/")[0], events=["push"], permissions=permissions)
    sha = github.open_pull_request(shop.name).head_sha
    github.finish_checks(shop.name, sha, "success")
    actions = {one["action"] for one in _told(github, receiver, "check_suite")}
    assert actions == ({"requested", "completed"} if told else set())


def test_another_apps_suite_is_told_as_theirs(github: SimulatedGitHub, shop: Shop, receiver: Receiver) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    github.finish_checks(shop.name, sha, "failure")
    suites = _told(github, receiver, "check_suite")
    ended = next(one["check_suite"] for one in suites if one["action"] == "completed")
    assert (ended["app"]["slug"], ended["conclusion"], ended["head_sha"]) == ("github-actions", "failure", sha)


def test_deliveries_are_known_for_three_days(
    github: SimulatedGitHub, app_key: rsa.RSAPrivateKey, shop: Shop, receiver: Receiver
) -> None:
    receiver.status = 500
    github.open_pull_request(shop.name)
    github.wait_deliveries()
    failed = _as_app(github, app_key, 0).get("/app/hook/deliveries?status=failure&per_page=1").json()[0]
    path = f"/app/hook/deliveries/{failed['id']}"
    later = _as_app(github, app_key, 3 * DAY - 60)
    assert later.get(path).json()["guid"] == failed["guid"]
    assert later.call("POST", f"{path}/attempts").status_code == 202
    github.wait_deliveries()
    too_late = _as_app(github, app_key, 3 * DAY + 60)
    assert too_late.get(path).status_code == 404
    assert too_late.call("POST", f"{path}/attempts").status_code == 404
    [kept] = [one for one in too_late.get("/app/hook/deliveries").json() if one["guid"] == failed["guid"]]
    assert (kept["redelivery"], kept["status_code"]) == (True, 500)


def test_deliveries_have_no_other_outcome(as_app: Caller) -> None:
    assert as_app.get("/app/hook/deliveries?status=lost").status_code == 422


def _as_app(github: SimulatedGitHub, key: rsa.RSAPrivateKey, seconds: int) -> Caller:
    """Shift the simulator's clock and return an App whose clock agrees."""
    github.shift_clock(seconds)
    return Caller(github.url, f"Bearer {app_jwt(key, issued=seconds - 60, expires=seconds + 540)}")
