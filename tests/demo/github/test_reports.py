"""What an App writes about a pull request: check runs, statuses, deployments, comments, and what of it is refused."""

import json
from typing import Any

import pytest

from app.demo.github.client import SimulatedGitHub
from app.demo.github.wire import ControlError
from tests.fixtures.github import Caller, Receiver, Shop

BUTTON = {"label": "Destroy", "description": "Remove it", "identifier": "destroy"}
DONE = {"conclusion": "success", "output": {"title": "Ready", "summary": "It runs."}}


def _run(caller: Caller, shop: Shop, sha: str, **fields: Any) -> str:
    """Make a check run and return its path."""
    made = caller.call("POST", f"{shop.path}/check-runs", {"name": "ephemera", "head_sha": sha, **fields})
    assert made.status_code == 201, made.text
    return f"{shop.path}/check-runs/{made.json()['id']}"


LONGEST = {"label": "x" * 20, "description": "é" * 40, "identifier": "y" * 20}


@pytest.mark.parametrize(
    ("actions", "status"),
    [
        ([LONGEST, BUTTON, BUTTON], 201),
        ([BUTTON] * 4, 422),
        ([BUTTON | {"label": "x" * 21}], 422),
        ([BUTTON | {"description": "x" * 41}], 422),
        ([BUTTON | {"identifier": "x" * 21}], 422),
        ([{"label": "Destroy", "identifier": "destroy"}], 422),
        (["destroy"], 422),
    ],
)
def test_buttons_are_three_at_most_and_short(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, actions: list[Any], status: int
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    body = {"name": "ephemera", "head_sha": sha, "conclusion": "success", "actions": actions}
    assert as_installation.call("POST", f"{shop.path}/check-runs", body).status_code == status


@pytest.mark.parametrize(
    ("output", "status"),
    [
        ({"summary": "é" * 32_767 + "x"}, 201),
        ({"summary": "é" * 32_767 + "xx"}, 422),
        ({"summary": "x", "text": "é" * 32_768}, 422),
        ({"summary": "x", "annotations": [{}] * 51}, 422),
        ({"text": "x"}, 422),
    ],
)
def test_texts_of_a_check_run_are_measured_in_bytes(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, output: dict[str, Any], status: int
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    body = {"name": "ephemera", "head_sha": sha, "output": {"title": "Ready", **output}}
    assert as_installation.call("POST", f"{shop.path}/check-runs", body).status_code == status


def test_a_completed_check_run_is_not_opened_again(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    path = _run(as_installation, shop, github.open_pull_request(shop.name).head_sha, **DONE)
    answer = as_installation.call("PATCH", path, {"status": "in_progress"})
    assert (answer.status_code, answer.json()["status"], answer.json()["conclusion"]) == (200, "completed", "success")
    again = as_installation.call("PATCH", path, {"status": "completed", "conclusion": "failure"}).json()
    assert again["conclusion"] == "failure"


def test_annotations_add_up(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    path = _run(as_installation, shop, github.open_pull_request(shop.name).head_sha)
    annotation = {"path": "x", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "Look"}
    output = {"title": "Ready", "summary": "It runs.", "annotations": [annotation] * 50}
    for _ in range(2):
        answer = as_installation.call("PATCH", path, {"output": output})
    assert answer.json()["output"]["annotations_count"] == 100


def _pressed(github: SimulatedGitHub, shop: Shop, path: str, identifier: str) -> None:
    github.press(shop.name, int(path.rpartition("/")[2]), identifier, by="ada")


def test_only_a_button_that_is_shown_can_be_pressed(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, receiver: Receiver
) -> None:
    path = _run(as_installation, shop, github.open_pull_request(shop.name).head_sha, actions=[BUTTON], external_id="7")
    with pytest.raises(ControlError, match="shows no button"):
        _pressed(github, shop, path, "destroy")
    as_installation.call("PATCH", path, DONE)
    with pytest.raises(ControlError, match="shows no button"):
        _pressed(github, shop, path, "redeploy")
    _pressed(github, shop, path, "destroy")
    github.wait_deliveries()
    documents = [json.loads(one.body) for one in receiver.received if one.headers["X-GitHub-Event"] == "check_run"]
    pressed = next(one for one in documents if one["action"] == "requested_action")
    assert pressed["requested_action"] == {"identifier": "destroy"}
    assert pressed["check_run"]["external_id"] == "7"
    assert pressed["sender"]["login"] == "ada"


@pytest.mark.parametrize(("fork", "listed"), [(False, [1]), (True, [])])
def test_the_check_run_of_a_fork_names_no_pull_request_and_no_branch(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, receiver: Receiver, fork: bool, listed: list[int]
) -> None:
    pull = github.open_pull_request(shop.name, author="eve", fork=fork, branch="feature")
    path = _run(as_installation, shop, pull.head_sha, **DONE)
    github.rerequest(shop.name, int(path.rpartition("/")[2]), by="ada")
    github.wait_deliveries()
    documents = [json.loads(one.body) for one in receiver.received if one.headers["X-GitHub-Event"] == "check_run"]
    run = next(one for one in documents if one["action"] == "rerequested")["check_run"]
    assert [one["number"] for one in run["pull_requests"]] == listed
    assert [one["number"] for one in run["check_suite"]["pull_requests"]] == listed
    assert run["check_suite"]["head_branch"] == (None if fork else "feature")


def test_a_suite_ends_with_its_last_run(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, receiver: Receiver
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    first, second = (_run(as_installation, shop, sha, name=name) for name in ("one", "two"))
    as_installation.call("PATCH", first, DONE)
    as_installation.call("PATCH", second, {"conclusion": "neutral"})
    github.wait_deliveries()
    documents = [json.loads(one.body) for one in receiver.received if one.headers["X-GitHub-Event"] == "check_suite"]
    ended = [one["check_suite"]["conclusion"] for one in documents if one["action"] == "completed"]
    assert ended == ["success"]


@pytest.mark.slow
def test_a_commit_takes_a_thousand_statuses_of_a_context(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    path = f"{shop.path}/statuses/{github.open_pull_request(shop.name).head_sha}"
    body = {"state": "pending", "context": "ephemera"}
    assert {as_installation.call("POST", path, body).status_code for _ in range(1_000)} == {201}
    refused = as_installation.call("POST", path, body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "context")
    assert as_installation.call("POST", path, body | {"context": "other"}).status_code == 201


def test_the_same_reaction_is_made_once(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.open_pull_request(shop.name)
    comment = github.comment(shop.name, 1, author="ada", body="/ephemera help")
    path = f"{shop.path}/issues/comments/{comment.id}/reactions"
    answers = [as_installation.call("POST", path, {"content": content}) for content in ("eyes", "eyes", "+1")]
    assert [answer.status_code for answer in answers] == [201, 200, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert [one["content"] for one in as_installation.get(path).json()] == ["eyes", "+1"]
    assert as_installation.call("POST", path, {"content": "shrug"}).status_code == 422


def test_a_comment_is_measured_in_characters(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.open_pull_request(shop.name)
    path = f"{shop.path}/issues/1/comments"
    assert as_installation.call("POST", path, {"body": "é" * 65_536}).status_code == 201
    assert as_installation.call("POST", path, {"body": "x" * 65_537}).status_code == 422


def _deploy(caller: Caller, shop: Shop, sha: str, *, transient: bool) -> str:
    body: dict[str, Any] = {"ref": sha, "environment": "pr-1", "auto_merge": False, "required_contexts": []}
    body |= {"transient_environment": transient, "production_environment": False, "payload": {"ephemera": "7"}}
    path = f"{shop.path}/deployments/{caller.call('POST', f'{shop.path}/deployments', body).json()['id']}/statuses"
    caller.call("POST", path, {"state": "success", "log_url": "https://x.test/log", "description": "It runs."})
    return path


@pytest.mark.parametrize(("transient", "state"), [(True, "success"), (False, "inactive")])
def test_a_new_deployment_retires_the_old_one_unless_that_is_transient(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, transient: bool, state: str
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    for _ in range(2):
        _deploy(as_installation, shop, sha, transient=transient)
    old, new = github.deployments(shop.name)
    assert (old.states[-1], new.states[-1]) == (state, "success")
    assert (new.payload, new.log_url, new.description) == ({"ephemera": "7"}, "https://x.test/log", "It runs.")


def test_a_transient_deployment_that_is_inactive_shows_as_destroyed(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    paths = [_deploy(as_installation, shop, sha, transient=transient) for transient in (True, False)]
    assert [one.is_destroyed for one in github.deployments(shop.name)] == [False, False]
    for path in paths:
        as_installation.call("POST", path, {"state": "inactive"})
    assert [one.is_destroyed for one in github.deployments(shop.name)] == [True, False]


def test_the_description_of_a_deployment_status_is_short(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    path = _deploy(as_installation, shop, github.open_pull_request(shop.name).head_sha, transient=True)
    answers = [
        as_installation.call("POST", path, {"state": "failure", "description": "é" * length}) for length in (140, 141)
    ]
    assert [answer.status_code for answer in answers] == [201, 422]


def test_a_permission_can_change_at_any_time(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    login = f"ada-{shop.repository_id}"
    path = f"{shop.path}/collaborators/{login}/permission"
    assert as_installation.get(path).status_code == 404
    shown = []
    for granted in ("write", "none", "admin"):
        github.set_permission(shop.name, login, granted)
        shown.append(as_installation.get(path).json())
    assert [one["permission"] for one in shown] == ["write", "none", "admin"]
    assert len({one["user"]["id"] for one in shown}) == 1
    assert shown[0]["user"]["permissions"]["push"] is True


def test_a_login_that_somebody_else_took_has_another_id(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    path, login = f"{shop.path}/collaborators", f"ada-{shop.repository_id}"
    github.set_permission(shop.name, login, "write")
    before = as_installation.get(f"{path}/{login}/permission").json()["user"]["id"]
    github.rename_account(login, f"{login}-lovelace")
    assert as_installation.get(f"{path}/{login}/permission").status_code == 404
    assert as_installation.get(f"{path}/{login}-lovelace/permission").json()["user"]["id"] == before
    github.comment(shop.name, github.open_pull_request(shop.name).number, author=login, body="It is me")
    newcomer = as_installation.get(f"{path}/{login}/permission").json()
    assert newcomer["user"]["id"] != before
    assert newcomer["permission"] == "none"
