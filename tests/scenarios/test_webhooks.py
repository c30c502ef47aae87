"""Webhooks that are missed, incomplete, or about somebody else's repository."""

import copy
from typing import Any

import pytest

from app.demo.github.sender import Sending
from tests.fixtures.payloads import example
from tests.scenarios import remote
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow

LOST = Sending(is_suppressed=True)


def test_what_was_missed_is_recovered_when_the_clock_starts(world: World, shop: Shop) -> None:
    pushed, closed = shop.open_until_ready(), shop.open_until_ready()
    pushed = shop.push(pushed, sending=LOST)
    world.github.close_pull_request(shop.name, closed.number, sending=LOST)
    opened = shop.open(sending=LOST)
    world.restart("clock")
    shop.await_status(pushed, "ready")
    shop.await_status(opened, "ready")
    shop.await_status(closed, "destroyed")
    reasons = {commit.trailers["Reason"] for commit in remote.commits(world)}
    assert {"sweep.missed_opening", "sweep.missed_change", "sweep.missed_closing"} <= reasons
    assert_converged(shop)


def test_a_payload_without_its_installation_is_enough(world: World, shop: Shop) -> None:
    pull = shop.open(sending=LOST)
    payload = shop.payload(pull, example("pull_request", "opened").document)
    payload.pop("installation", None)
    assert world.github.deliver("pull_request", payload).status_code == 202
    shop.await_status(pull, "ready")
    assert_converged(shop)


def test_a_payload_that_claims_more_than_is_true_changes_nothing(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    payload = shop.payload(pull, example("pull_request", "closed").document)
    payload.pop("installation", None)
    assert world.github.deliver("pull_request", payload).status_code == 202
    assert_converged(shop)
    assert shop.row(pull).status == "ready"


@pytest.mark.parametrize("names_installation", [True, False], ids=["its installation", "no installation"])
def test_a_repository_that_the_app_cannot_see_is_kept_with_its_trouble(world: World, names_installation: bool) -> None:
    payload = _strangers_payload(names_installation)
    repository = payload["repository"]
    assert world.github.deliver("pull_request", payload).status_code == 202
    message, is_stalled, failures = world.await_true(lambda: _trouble(world, repository["id"]), "the trouble")
    assert is_stalled
    assert repository["full_name"] in message or "installation" in message

    # Sweeps come and go, and nobody asks again.
    for _ in range(2):
        world.restart("clock")
        world.reconcile()
    assert _trouble(world, repository["id"]) == (message, is_stalled, failures)
    namespaces = world.query("SELECT namespace FROM environments WHERE repository_id = %s", repository["id"])
    assert [remote.commits_of(world, name) for (name,) in namespaces] == [[]]


def _strangers_payload(names_installation: bool) -> dict[str, Any]:
    payload = copy.deepcopy(example("pull_request", "opened").document)
    payload["repository"]["id"] += names_installation
    payload.pop("installation", None)
    if names_installation:
        payload["installation"] = {"id": 987_654_321, "node_id": "MDIzOkludGVncmF0aW9u"}
    return payload


def _trouble(world: World, repository_id: int) -> tuple[str, bool, int] | None:
    query = """SELECT message, is_stalled, failures FROM troubles
        JOIN environments ON environments.id = environment_id WHERE repository_id = %s"""
    rows = world.query(query, repository_id)
    return (str(rows[0][0]), bool(rows[0][1]), int(rows[0][2])) if rows else None
