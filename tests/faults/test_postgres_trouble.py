"""PostgreSQL is the memory: without it nothing is promised, and after it came back nothing is missing."""

import pytest

from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow


def test_webhooks_are_refused_while_postgresql_is_down(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    world.outside.postgres.stop()
    try:
        pull = shop.push(pull)
        failed = world.last_delivery()
        assert failed.status_code == 503
        assert world.request("GET", "/readyz").status_code == 503
        assert world.request("GET", "/healthz").status_code == 200
    finally:
        world.outside.postgres.restart()
    world.redeliver(failed)
    assert world.last_delivery().status_code == 202
    shop.await_status(pull, "ready")
    assert_converged(shop)


@pytest.mark.parametrize("is_killed", [False, True], ids=["restarted", "killed"])
def test_postgresql_ends_with_pull_requests_in_flight(world: World, shop: Shop, is_killed: bool) -> None:
    for _ in range(5):
        shop.open()
    world.github.wait_deliveries()
    if is_killed:
        world.outside.postgres.kill()
    world.outside.postgres.restart()
    assert_converged(shop)


def test_connections_that_are_cut_are_made_anew(world: World, shop: Shop) -> None:
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ephemera'"
    for _ in range(3):
        shop.open()
        world.query(cut)
    world.github.wait_deliveries()
    # A webhook whose connection was cut was answered 503; nobody redelivers it here.
    world.reconcile()
    assert_converged(shop)
