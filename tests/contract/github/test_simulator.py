"""The simulated GitHub answers as GitHub's own description says, and the validator notices when it would not."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
import requests

from app.demo.github.api.routes import api_routes
from app.demo.github.client import SimulatedGitHub
from tests.contract.github.trim import OPERATIONS
from tests.contract.github.validator import Exchange, problems, violations
from tests.fixtures.github import Caller, Shop


@dataclass(frozen=True, slots=True)
class Place:
    """What the tour visits."""

    shop: str
    installation: int
    number: int
    sha: str


@dataclass(frozen=True, slots=True)
class Tour:
    """Calls operations and holds each exchange against the description."""

    app: Caller
    installation: Caller
    place: Place

    def visit(self, method: str, path: str, body: object = None, *, status: int) -> object:
        """Call one operation and return the parsed answer."""
        caller = self.app if path.startswith("/app") or path.endswith("/installation") else self.installation
        response = caller.call(method, path, body)
        assert response.status_code == status, response.text
        assert problems(exchange_of(response)) == []
        return response.json() if response.content else None


def exchange_of(response: requests.Response) -> Exchange:
    """Return what `requests` did as an exchange."""
    request = response.request
    address = urlsplit(request.url or "")
    sent = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
    return Exchange(
        method=request.method or "",
        target=f"{address.path}?{address.query}",
        body=sent,
        status=response.status_code,
        answer=response.content,
    )


@pytest.fixture
def tour(github: SimulatedGitHub, as_app: Caller, as_installation: Caller, shop: Shop) -> Iterator[Tour]:
    """Give a tour of a repository with a labelled pull request from a fork and one whose fork is gone."""
    github.set_permission(shop.name, "ada", "write")
    gone = github.open_pull_request(shop.name, author="bob", fork=True)
    github.delete_fork(shop.name, gone.number)
    pull = github.open_pull_request(shop.name, author="ada", fork=True, labels=["preview"], body="Please look.")
    github.comment(shop.name, pull.number, author="ada", body="Hello")
    yield Tour(as_app, as_installation, Place(shop.name, shop.installation_id, pull.number, pull.head_sha))
    github.wait_deliveries()


def _templates(paths: Iterable[str]) -> set[str]:
    """Return operations with every parameter written as `{}`."""
    return {re.sub(r"<[^>]+>|\{[^}]+\}", "{}", path) for path in paths}


def test_the_simulator_serves_what_is_described_and_nothing_else() -> None:
    served = _templates(f"{route.method} {route.path}" for route in api_routes())
    # The root of a repository's contents, once with a slash and once without: the description has one `{path}` for all.
    served -= {"GET /repos/{}/{}/contents", "GET /repos/{}/{}/contents/"}
    assert served == _templates(OPERATIONS.read_text("utf-8").split("\n")) - {""}


READING = [
    "/app",
    "/app/installations",
    "/app/installations/{installation}",
    "/app/hook/deliveries?per_page=3",
    "/repos/{shop}/installation",
    "/installation/repositories",
    "/rate_limit",
    "/users/ada",
    "/repos/{shop}",
    "/repos/{shop}/branches/main",
    "/repos/{shop}/commits/{sha}",
    "/repos/{shop}/collaborators/ada/permission",
    "/repos/{shop}/collaborators/bob/permission",
    "/repos/{shop}/contents/README.md",
    "/repos/{shop}/contents/deploy/app.yaml?ref=main",
    "/repos/{shop}/contents/deploy",
    "/repos/{shop}/labels",
    "/repos/{shop}/pulls?state=all&sort=updated&direction=desc&per_page=100",
    "/repos/{shop}/pulls/{number}",
    "/repos/{shop}/pulls/{number}/files",
    "/repos/{shop}/issues/{number}",
    "/repos/{shop}/issues/{number}/comments",
    "/repos/{shop}/issues/{number}/labels",
    "/repos/{shop}/issues/comments?sort=updated&direction=desc",
    "/repos/{shop}/commits/{sha}/status",
    "/repos/{shop}/commits/{sha}/statuses",
    "/repos/{shop}/commits/{sha}/check-runs?filter=all",
    "/repos/{shop}/deployments",
]


@pytest.mark.parametrize("path", READING)
def test_everything_readable_has_the_described_shape(tour: Tour, path: str) -> None:
    place = tour.place
    filled = path.format(shop=place.shop, installation=place.installation, number=place.number, sha=place.sha)
    tour.visit("GET", filled, status=200)


def test_a_proposal_has_the_described_shape_all_its_life(tour: Tour, github: SimulatedGitHub, shop: Shop) -> None:
    name = github.create_git_repository(f"{shop.name.split('/')[0]}/environments").full_name
    path = f"/repos/{name}"
    github.set_permission(name, "ada", "write")
    for branch in ("one", "two"):
        github.commit_to(name, branch, {branch: "1"}, by="ada", message=f"Add {branch}")
        body = {"title": f"Add {branch}", "head": branch, "base": "main", "body": "Why.", "draft": False}
        tour.visit("POST", f"{path}/pulls", body, status=201)
    tour.visit("POST", f"{path}/pulls", body, status=422)
    tour.visit("PATCH", f"{path}/pulls/1", {"title": "Better", "state": "closed"}, status=200)
    tour.visit("PATCH", f"{path}/pulls/1", {"state": "open", "base": "main"}, status=200)
    github.protect(name, "main", approvals=1, checks=["ephemera"])
    github.review(name, 1, by="ada", state="APPROVED", body="Good")
    tour.visit("PUT", f"{path}/pulls/1/merge", {"merge_method": "squash"}, status=405)
    github.enable_auto_merge(name, 2, by="ada")
    for reading in ("", "/files", "/commits", "/reviews"):
        tour.visit("GET", f"{path}/pulls/2{reading}", status=200)
    github.protect(name, "main", checks=["ephemera"])
    words = {"merge_method": "squash", "commit_title": "Add one", "commit_message": "", "sha": "0" * 40}
    tour.visit("PUT", f"{path}/pulls/1/merge", words, status=409)
    tour.visit("GET", f"{path}/branches/main", status=200)
    github.protect(name, "main")
    tour.visit("PUT", f"{path}/pulls/1/merge", words | {"sha": github.pull_request(name, 1).head_sha}, status=200)
    assert github.pull_request(name, 2).is_merged
    tour.visit("GET", f"{path}/pulls/1", status=200)
    tour.visit("GET", f"{path}/issues/1", status=200)
    tour.visit("GET", f"{path}/issues/1/events", status=200)
    tour.visit("GET", f"{path}/git/ref/heads/one", status=200)
    tour.visit("DELETE", f"{path}/git/refs/heads/one", status=204)
    tour.visit("DELETE", f"{path}/git/refs/heads/one", status=422)


def test_a_branch_behind_its_base_is_updated_as_described(tour: Tour, github: SimulatedGitHub, shop: Shop) -> None:
    name = github.create_git_repository(f"{shop.name.split('/')[0]}/environments").full_name
    github.open_pull_request(name, author="ada", branch="one")
    tour.visit("PUT", f"/repos/{name}/pulls/1/update-branch", {}, status=422)
    github.commit_to(name, "main", {"b": "1"}, by="ada", message="Add b")
    tour.visit("PUT", f"/repos/{name}/pulls/1/update-branch", {}, status=202)


def test_a_delivery_and_its_repetition_have_the_described_shape(tour: Tour, github: SimulatedGitHub) -> None:
    github.wait_deliveries()
    delivery = github.deliveries()[-1]
    tour.visit("GET", f"/app/hook/deliveries/{delivery.id}", status=200)
    tour.visit("POST", f"/app/hook/deliveries/{delivery.id}/attempts", status=202)


def test_a_token_has_the_described_shape(tour: Tour, shop: Shop) -> None:
    path = f"/app/installations/{shop.installation_id}/access_tokens"
    tour.visit("POST", path, status=201)
    narrowed = {"repositories": ["shop"], "permissions": {"checks": "write", "pull_requests": "read"}}
    tour.visit("POST", path, narrowed, status=201)
    tour.visit("DELETE", "/installation/token", status=204)


def test_a_comment_has_the_described_shape_all_its_life(tour: Tour, shop: Shop) -> None:
    made = tour.visit("POST", f"{shop.path}/issues/{tour.place.number}/comments", {"body": "Ready"}, status=201)
    assert isinstance(made, dict)
    path = f"{shop.path}/issues/comments/{made['id']}"
    tour.visit("GET", path, status=200)
    tour.visit("PATCH", path, {"body": "Gone"}, status=200)
    tour.visit("POST", f"{path}/reactions", {"content": "rocket"}, status=201)
    tour.visit("GET", f"{path}/reactions", status=200)
    tour.visit("DELETE", path, status=204)
    tour.visit("GET", path, status=404)


def test_a_status_has_the_described_shape(tour: Tour, shop: Shop) -> None:
    body = {"state": "pending", "context": "ephemera/environment", "description": "…", "target_url": "https://x.test"}
    tour.visit("POST", f"{shop.path}/statuses/{tour.place.sha}", body, status=201)
    tour.visit("GET", f"{shop.path}/commits/{tour.place.sha}/status", status=200)
    tour.visit("GET", f"{shop.path}/commits/{tour.place.sha}/statuses", status=200)


def test_a_check_run_has_the_described_shape_all_its_life(tour: Tour, shop: Shop) -> None:
    body = {"name": "ephemera", "head_sha": tour.place.sha, "status": "in_progress", "external_id": "7"}
    made = tour.visit("POST", f"{shop.path}/check-runs", body, status=201)
    assert isinstance(made, dict)
    path = f"{shop.path}/check-runs/{made['id']}"
    output = {"title": "Ready", "summary": "It runs.", "text": "More."}
    actions = [{"label": "Destroy", "description": "Remove it", "identifier": "destroy"}]
    completed = {"status": "completed", "conclusion": "success", "output": output, "actions": actions}
    tour.visit("PATCH", path, completed, status=200)
    tour.visit("GET", path, status=200)
    tour.visit("GET", f"{shop.path}/commits/{tour.place.sha}/check-runs?check_name=ephemera", status=200)


def test_a_deployment_has_the_described_shape_all_its_life(tour: Tour, shop: Shop) -> None:
    body = {"ref": tour.place.sha, "environment": "pr-2", "auto_merge": False, "required_contexts": []}
    body |= {"transient_environment": True, "production_environment": False, "description": "Preview"}
    made = tour.visit("POST", f"{shop.path}/deployments", body, status=201)
    assert isinstance(made, dict)
    path = f"{shop.path}/deployments/{made['id']}"
    succeeded = {"state": "success", "environment_url": "https://pr-2.example.com", "auto_inactive": False}
    tour.visit("POST", f"{path}/statuses", succeeded, status=201)
    tour.visit("POST", f"{path}/statuses", {"state": "inactive"}, status=201)
    tour.visit("GET", f"{path}/statuses", status=200)
    tour.visit("GET", path, status=200)
    tour.visit("DELETE", path, status=204)


def test_labels_have_the_described_shape(tour: Tour, shop: Shop) -> None:
    path = f"{shop.path}/issues/{tour.place.number}/labels"
    tour.visit("POST", path, {"labels": ["later"]}, status=200)
    tour.visit("DELETE", f"{path}/later", status=200)


REFUSED = [
    ("GET", "/repos/{shop}/pulls/999", None, 404),
    ("GET", "/repos/nobody/nothing", None, 404),
    ("POST", "/repos/{shop}/statuses/{sha}", {"state": "pending", "description": "x" * 141}, 422),
    ("POST", "/repos/{shop}/issues/{number}/comments", {"body": "x" * 65_537}, 422),
    ("POST", "/repos/{shop}/deployments", {"ref": "no-such-branch"}, 422),
    ("POST", "/repos/{shop}/check-runs", {"name": "x", "head_sha": "0" * 40}, 422),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), REFUSED)
def test_refusals_have_the_described_shape(
    tour: Tour, method: str, path: str, body: dict[str, object] | None, status: int
) -> None:
    place = tour.place
    tour.visit(method, path.format(shop=place.shop, number=place.number, sha=place.sha), body, status=status)


WRONG_REQUESTS = [
    ("POST", "/repos/a/b/statuses/abc", {"state": "done"}, "state: 'done' is not one of"),
    ("POST", "/repos/a/b/statuses/abc", {}, "'state' is a required property"),
    ("POST", "/repos/a/b/statuses/abc", {"state": "error", "descripton": "x"}, "unknown property 'descripton'"),
    ("POST", "/repos/a/b/check-runs", {"name": "x"}, "'head_sha' is a required property"),
    ("POST", "/repos/a/b/check-runs", {"name": "x", "head_sha": "s", "conclusion": "good"}, "conclusion: 'good'"),
    ("POST", "/repos/a/b/issues/1/comments", {"body": 3}, "body: 3 is not of type 'string'"),
    ("GET", "/repos/a/b/pulls?stat=all", None, "unknown query parameter 'stat'"),
    ("GET", "/repos/a/b/pulls?state=none", None, "state"),
    ("GET", "/repos/a/b/pulls/one", None, "Failed to cast value to integer"),
    ("GET", "/repos/a/b/nothing", None, "no such operation"),
    ("PUT", "/repos/a/b/pulls", None, "PUT"),
]


@pytest.mark.parametrize(("method", "target", "body", "problem"), WRONG_REQUESTS)
def test_a_wrong_call_is_a_violation(method: str, target: str, body: object, problem: str) -> None:
    found = problems(Exchange(method, target, json.dumps(body).encode() if body is not None else b""))
    assert len(found) == 1
    assert problem in found[0]


def _without_login(body: bytes) -> bytes:
    document = json.loads(body)
    del document["user"]["login"]
    return json.dumps(document).encode()


WRONG_ANSWERS: list[tuple[Callable[[Exchange], Exchange], str]] = [
    (lambda right: replace(right, answer=_without_login(right.answer)), "'login' is a required property"),
    (lambda right: replace(right, status=204), "204 is not documented"),
    (lambda right: replace(right, status=422, answer=b"{}"), "no 'message'"),
]


@pytest.mark.parametrize(("spoil", "problem"), WRONG_ANSWERS)
def test_a_wrong_answer_is_a_violation(
    tour: Tour, shop: Shop, spoil: Callable[[Exchange], Exchange], problem: str
) -> None:
    right = exchange_of(tour.installation.get(f"{shop.path}/pulls/{tour.place.number}"))
    assert problems(right) == []
    assert problem in " ".join(problems(spoil(right)))


def test_the_ledger_of_a_run_can_be_held_against_the_description(
    tour: Tour, github: SimulatedGitHub, shop: Shop
) -> None:
    tour.installation.get(f"/repositories/{shop.repository_id}/pulls?state=open")
    tour.installation.call("POST", f"{shop.path}/statuses/{tour.place.sha}", {"state": "success"})
    assert violations(github.ledger()) == []
    tour.installation.call("POST", f"{shop.path}/statuses/{tour.place.sha}", {"state": "ok"})
    assert len(violations(github.ledger())) == 1
