"""The REST API, with a token made by the operator's command."""

import pytest

from tests.scenarios import remote
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def token(world: World) -> str:
    """Give a token that may act."""
    made = world.ephemera("token", "create", "--scope", "act", "--name", "a test")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def test_an_environment_is_destroyed_and_redeployed(world: World, shop: Shop, token: str) -> None:
    pull = shop.open_until_ready()
    row = shop.row(pull)
    _ask(world, token, f"{row.id}/destroy")
    shop.await_status(pull, "destroyed")
    assert "It was removed on request." in shop.comment(pull)
    assert row.namespace not in world.cluster.namespaces()

    _ask(world, token, f"{row.id}/redeploy")
    assert shop.await_status(pull, "ready").namespace == row.namespace
    assert "Preview environment: ready" in shop.comment(pull)


def test_a_redeploy_of_a_running_commit_is_a_new_commit_and_a_new_rollout(world: World, shop: Shop, token: str) -> None:
    pull = shop.open_until_ready()
    row = shop.row(pull)
    before = world.cluster.deployment(row.namespace, "web")
    _ask(world, token, f"{row.id}/redeploy")
    world.await_true(lambda: len(remote.commits_of(world, row.namespace)) == 2, "the commit")
    shop.await_status(pull, "ready")
    commit = remote.commits_of(world, row.namespace)[-1]
    assert (commit.trailers["Actor"], commit.trailers["Reason"]) == ("token:a test", "api.redeploy")
    after = world.cluster.deployment(row.namespace, "web")
    assert before is not None
    assert after is not None
    assert after["metadata"]["generation"] > before["metadata"]["generation"]


def test_the_api_shows_what_happened(world: World, shop: Shop, token: str) -> None:
    pull = shop.open_until_ready(author="ada")
    listed = world.request("GET", f"/api/v1/environments?repository={shop.name}", headers=_bearer(token)).json()
    assert [item["pull_request"] for item in listed["items"]] == [pull.number]
    row = shop.row(pull)
    shown = world.request("GET", f"/api/v1/environments/{row.id}", headers=_bearer(token)).json()
    assert shown["status"] == "ready"
    assert [deployment["commit_sha"] for deployment in shown["deployments"]] == [pull.head_sha]
    assert {"asked", "decided", "published", "status"} <= {event["kind"] for event in shown["events"]}


def test_nobody_is_let_in_without_a_token(world: World) -> None:
    assert world.request("GET", "/api/v1/environments").status_code == 401


def _ask(world: World, token: str, what: str) -> None:
    answer = world.request("POST", f"/api/v1/environments/{what}", headers=_bearer(token))
    assert answer.status_code == 202, answer.text


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
