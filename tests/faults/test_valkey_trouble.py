"""Valkey is only a bell: without it webhooks are taken, and sweeps move things on."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow

MANY = 20


def test_valkey_is_emptied_with_many_pull_requests_in_flight(world: World, shop: Shop) -> None:
    with ThreadPoolExecutor(4) as people:
        list(people.map(lambda number: shop.open(title=f"Change {number}"), range(MANY)))
        world.outside.valkey.flush()
        list(people.map(lambda number: world.github.push(shop.name, number), shop.numbers[::2]))
        world.outside.valkey.flush()
    assert_converged(shop)


def test_valkey_is_down_for_a_while(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    world.outside.valkey.kill()
    try:
        pull = shop.push(pull)
        assert world.last_delivery().status_code == 202
        ready = world.request("GET", "/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    finally:
        world.outside.valkey.restart()
    shop.await_status(pull, "ready")
    assert world.request("GET", "/readyz").json()["status"] == "ok"
    assert_converged(shop)


def test_a_ring_that_was_lost_is_made_good_by_the_clock(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    for name in ("clock", "high"):
        world.processes.crash(name)
    pull = shop.push(pull)
    assert world.last_delivery().status_code == 202
    world.outside.valkey.flush()
    world.processes.start("high", "clock")
    shop.await_status(pull, "ready")
    assert_converged(shop)
