"""The whole life of one pull request: opened, pushed to, closed, gone."""

import re

import pytest

from app.demo.github.sender import Sending
from tests.scenarios import remote
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow

MOST_WRITES = 7
"""A push that becomes ready: check run and deployment twice, the deployment before, the comment; and the commit status,
which an operator has to ask for."""


def test_a_pull_request_is_opened_pushed_to_and_closed(world: World, shop: Shop) -> None:
    world.cluster.pause_syncer()
    pull = shop.open(title="Sell more 😀", author="ada")
    row = shop.await_status(pull, "provisioning")
    assert shop.says(pull) == ("in_progress", None)
    assert shop.comments(pull) == []

    (commit,) = remote.commits_of(world, row.namespace)
    assert commit.subject == f"Deploy {shop.name}#{pull.number} at {pull.head_sha[:7]}"
    assert {**commit.trailers, "Delivery": ""} == {
        "Environment": row.namespace,
        "Pull-Request": f"{shop.name}#{pull.number}",
        "Head-SHA": pull.head_sha,
        "Delivery": "",
        "Actor": "ada",
        "Reason": "pull_request.opened",
    }
    assert commit.trailers["Delivery"] in {sent.guid for sent in world.github.deliveries()}

    world.cluster.resume_syncer()
    shop.await_status(pull, "ready")
    assert shop.says(pull) == ("success", "success")
    runs = rf"https://{row.namespace}\.preview\.example\.com.* runs commit .{pull.head_sha[:7]}"
    assert re.search(runs, shop.comment(pull))
    comment_id = shop.comment_id(pull)

    world.cluster.pause_syncer()
    first, pull = pull, shop.push(pull)
    shop.await_status(pull, "updating")
    assert shop.says(pull) == ("in_progress", None)
    world.cluster.resume_syncer()
    assert shop.await_status(pull, "ready").namespace == row.namespace
    assert shop.says(pull) == ("success", "success")
    assert pull.head_sha[:7] in shop.comment(pull)
    assert first.head_sha[:7] not in shop.comment(pull)
    assert_converged(shop)

    shop.close(pull)
    shop.await_status(pull, "destroyed")
    assert shop.says(pull) == ("neutral", "success")
    assert "The pull request was closed." in shop.comment(pull)
    assert shop.comment_id(pull) == comment_id
    assert_converged(shop)
    reasons = [commit.trailers["Reason"] for commit in remote.commits_of(world, row.namespace)]
    assert reasons == ["pull_request.opened", "pull_request.synchronize", "pull_request.closed"]


def test_a_push_that_becomes_ready_costs_few_writes(shop: Shop) -> None:
    pull = shop.open_until_ready()
    before = shop.writes()
    shop.await_status(shop.push(pull), "ready")
    print(f"\nwrites to GitHub for a push that becomes ready: {shop.writes() - before}")
    assert shop.writes() - before <= MOST_WRITES


def test_deliveries_that_come_late_twice_and_in_disorder_end_the_same(world: World, shop: Shop) -> None:
    held = Sending(is_held=True, copies=2)
    pull = shop.open(sending=held)
    shop.push(pull, sending=held)
    world.github.close_pull_request(shop.name, pull.number, sending=held)
    world.github.reopen(shop.name, pull.number, sending=held)
    latest = shop.push(pull, sending=held)
    world.github.release("shuffled", seed=7)
    shop.await_status(latest, "ready")
    world.github.wait_deliveries()
    assert_converged(shop)
