"""The watcher is killed, or its watches end, lie or fall silent: what it shows is still what runs."""

import pytest

from app.demo.kubernetes.apiserver.faults import Fault
from app.demo.kubernetes.client import WatchAction
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow


def test_the_watcher_is_killed_again_and_again_during_a_rollout(world: World, shop: Shop) -> None:
    world.cluster.set_pace(rollout_seconds=2.0)
    try:
        pull = shop.open()
        world.await_true(lambda: shop.find(pull) and shop.row(pull).namespace in world.cluster.namespaces(), "a start")
        for _ in range(3):
            world.kill("watcher")
        shop.await_status(pull, "ready")
        pull = shop.push(pull)
        world.kill("watcher")
        shop.await_status(pull, "ready")
    finally:
        world.cluster.set_pace(rollout_seconds=0.3)
    assert_converged(shop)


def test_a_removal_is_seen_by_a_watcher_that_was_down_meanwhile(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    namespace = shop.row(pull).namespace
    world.processes.crash("watcher")
    shop.close(pull)
    world.await_true(lambda: namespace not in world.cluster.namespaces(), "the namespace to be gone")
    assert shop.row(pull).status == "destroying"
    world.processes.start("watcher")
    shop.await_status(pull, "destroyed")
    assert_converged(shop)


@pytest.mark.parametrize("action", ["close", "expire", "scramble"])
def test_watches_are_disturbed(world: World, shop: Shop, action: WatchAction) -> None:
    world.cluster.disturb_watches(action)
    pulls = [shop.open() for _ in range(3)]
    shop.await_status(pulls[0], "ready")
    shop.push(pulls[0])
    world.cluster.disturb_watches(action)
    shop.close(pulls[1])
    world.cluster.disturb_watches("restore")
    assert_converged(shop)


def test_the_api_server_is_out_of_order_for_a_while(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    namespace = shop.row(pull).namespace
    world.cluster.add_fault(Fault("status", code=503, times=None))
    world.cluster.disturb_watches("close")
    shop.close(pull)
    world.github.wait_deliveries()
    world.cluster.clear_faults()
    shop.await_status(pull, "destroyed")
    assert namespace not in world.cluster.namespaces()
    assert_converged(shop)
