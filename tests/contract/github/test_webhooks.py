"""Everything that the simulated GitHub sends follows the schema of its webhook."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from app.demo.github.client import SimulatedGitHub
from tests.contract.github.webhook_validator import schema_name, schema_names, webhook_problems
from tests.fixtures.github import Caller, Receiver, Shop
from tests.fixtures.payloads import example

Act = Callable[[SimulatedGitHub, Caller, Shop], None]


def _discuss(github: SimulatedGitHub, installation: Caller, shop: Shop) -> None:
    """People comment, and so does the App."""
    github.open_pull_request(shop.name, body="Please look.", labels=["preview"])
    comment = github.comment(shop.name, 1, author="ada", body="/ephemera help")
    installation.call("POST", f"{shop.path}/issues/comments/{comment.id}/reactions", {"content": "eyes"})
    github.edit_comment(shop.name, comment.id, body="Never mind")
    github.delete_comment(shop.name, comment.id)
    path = f"{shop.path}/issues/1/comments"
    made = installation.call("POST", path, {"body": "Ready"}).json()["id"]
    installation.call("PATCH", f"{shop.path}/issues/comments/{made}", {"body": "Gone"})


def _propose(github: SimulatedGitHub, installation: Caller, shop: Shop) -> None:
    """A pull request's whole life, and another's from a fork that is deleted."""
    github.open_pull_request(shop.name, draft=True)
    github.write_files(shop.name, {"x": "1"}, branch="release")
    github.set_draft(shop.name, 1, is_draft=False)
    github.set_draft(shop.name, 1, is_draft=True)
    github.push(shop.name, 1)
    github.add_label(shop.name, 1, "preview")
    github.remove_label(shop.name, 1, "preview")
    github.edit(shop.name, 1, title="Better", body="Much")
    github.edit(shop.name, 1, base="release")
    github.close_pull_request(shop.name, 1)
    github.reopen(shop.name, 1)
    github.merge(shop.name, 1, by="ada")
    github.open_pull_request(shop.name, author="bob", fork=True)
    github.push(shop.name, 2)
    github.delete_fork(shop.name, 2)
    github.close_pull_request(shop.name, 2)


def _check(github: SimulatedGitHub, installation: Caller, shop: Shop) -> None:
    """A commit of the repository, and one of a fork, get what Apps write about commits."""
    for pull in (github.open_pull_request(shop.name), github.open_pull_request(shop.name, author="eve", fork=True)):
        path, sha = f"{shop.path}/check-runs", pull.head_sha
        body = {"name": "ephemera", "head_sha": sha, "status": "in_progress", "external_id": "7"}
        run = installation.call("POST", path, body).json()["id"]
        button = {"label": "Destroy", "description": "Remove it", "identifier": "destroy"}
        output = {"title": "Ready", "summary": "It runs."}
        done = {"conclusion": "success", "output": output, "actions": [button], "details_url": "https://x.test"}
        installation.call("PATCH", f"{path}/{run}", done)
        github.press(shop.name, run, "destroy", by="ada")
        github.rerequest(shop.name, run, by="ada")
        github.rerequest_all(shop.name, sha, by="ada")
        github.finish_checks(shop.name, sha, "success")
        for state in ("pending", "success"):
            status = {"state": state, "context": "ephemera", "description": "…", "target_url": "https://x.test"}
            installation.call("POST", f"{shop.path}/statuses/{sha}", status)
        installation.call("POST", f"{shop.path}/statuses/{sha}", {"state": "error"})


def _manage(github: SimulatedGitHub, _installation: Caller, shop: Shop) -> None:
    """Owners install, choose, suspend and leave; repositories come, move and go."""
    owner = shop.name.split("/")[0]
    github.create_repository(f"{owner}/second")
    github.change_installation(shop.installation_id, repositories=[shop.name])
    github.change_installation(shop.installation_id, repositories=[shop.name, f"{owner}/second"])
    github.change_installation(shop.installation_id, suspended=True)
    github.change_installation(shop.installation_id, suspended=False)
    github.change_installation(shop.installation_id, permissions={"metadata": "read", "checks": "write"})
    github.install(f"{owner}-person", kind="User")
    github.install(f"{owner}-heirs")
    github.rename_repository(shop.name, name="store")
    github.rename_repository(f"{owner}/store", owner=f"{owner}-heirs")
    github.rename_repository(f"{owner}-heirs/store", owner=f"{owner}-person")
    github.delete_repository(f"{owner}-person/store")
    github.rename_account(owner, f"{owner}-renamed")
    github.uninstall(shop.installation_id)


def _review(github: SimulatedGitHub, _installation: Caller, shop: Shop) -> None:
    """A pull request of a Git-backed repository is reviewed, and merged once its checks are there."""
    owner = shop.name.split("/")[0]
    github.uninstall(shop.installation_id)
    name = github.create_git_repository(f"{owner}/environments").full_name
    github.install(owner, events=["pull_request", "pull_request_review", "push"])
    github.set_permission(name, "ada", "write")
    github.protect(name, "main", approvals=1, dismisses_stale_reviews=True)
    number = github.open_pull_request(name, author="bob", files={"a": "1"}, branch="change").number
    github.review(name, number, by="ada", state="APPROVED")
    github.commit_to(name, "change", {"a": "2"}, by="bob", message="Change a")
    github.enable_auto_merge(name, number, by="ada")
    github.disable_auto_merge(name, number, by="ada")
    github.enable_auto_merge(name, number, by="ada", method="squash")
    github.review(name, number, by="ada", state="CHANGES_REQUESTED", body="No")
    github.review(name, number, by="ada", state="APPROVED", body="Yes")
    assert github.pull_request(name, number).is_merged


SENT: dict[Act, set[str]] = {
    _discuss: {"issue_comment$created", "issue_comment$edited", "issue_comment$deleted"},
    _propose: {name for name in schema_names() if name.startswith("pull_request$") and "auto_merge" not in name}
    | {"push$event"},
    _review: {name for name in schema_names() if name.startswith("pull_request_review$") or "auto_merge" in name}
    | {"pull_request$synchronize", "pull_request$closed", "push$event"},
    _check: {name for name in schema_names() if name.startswith("check_")} | {"status$event"},
    _manage: {name for name in schema_names() if name.startswith(("installation", "repository$"))},
}


def _received(github: SimulatedGitHub, receiver: Receiver) -> list[tuple[str, dict[str, Any]]]:
    github.wait_deliveries()
    return [(one.headers["X-GitHub-Event"], json.loads(one.body)) for one in receiver.received]


@pytest.mark.parametrize("act", SENT)
def test_every_webhook_follows_its_schema(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, receiver: Receiver, act: Act
) -> None:
    act(github, as_installation, shop)
    sent = _received(github, receiver)
    assert [problem for event, document in sent for problem in webhook_problems(event, document)] == []
    assert {schema_name(event, document) for event, document in sent} >= SENT[act]


def test_every_schema_is_put_to_use() -> None:
    assert set().union(*SENT.values()) == set(schema_names())


def _without_number(document: dict[str, Any]) -> None:
    del document["number"]


def _with_surprise(document: dict[str, Any]) -> None:
    document["pull_request"]["surprise"] = True


def _with_id_as_text(document: dict[str, Any]) -> None:
    document["pull_request"]["head"]["repo"]["id"] = "186853002"


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (_without_number, "'number' is a required property"),
        (_with_surprise, "('surprise' was unexpected)"),
        (_with_id_as_text, "'186853002' is not of type 'integer'"),
    ],
)
def test_a_wrong_webhook_is_noticed(spoil: Callable[[dict[str, Any]], None], problem: str) -> None:
    document = copy.deepcopy(example("pull_request", "opened").document)
    assert webhook_problems("pull_request", document) == []
    spoil(document)
    assert problem in " ".join(webhook_problems("pull_request", document))
