"""kill -9 of the web process: before its commit nothing was promised, after it nothing is lost."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.demo import product
from app.demo.github.sender import Sending
from tests.fixtures.payloads import example
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Row, Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow

_WAITING = """SELECT pid FROM pg_stat_activity
WHERE application_name = 'ephemera' AND wait_event_type = 'Lock' AND wait_event IN ('tuple', 'transactionid')"""


@pytest.mark.parametrize("commits", [False, True], ids=["nothing was committed", "PostgreSQL still commits"])
def test_web_is_killed_before_it_answers(world: World, shop: Shop, commits: bool) -> None:
    pull = shop.open_until_ready()
    with _locked(world, shop.row(pull)):
        pull = shop.push(pull)
        world.await_true(lambda: world.query(_WAITING), "the webhook's transaction to wait")
        world.kill("web")
        if not commits:
            world.query(f"SELECT pg_terminate_backend(pid) FROM ({_WAITING}) waiting")
    failed = world.last_delivery()
    assert failed.status_code >= 500

    product.await_ready(world.outside.web_url)
    world.redeliver(failed)
    assert world.last_delivery().status_code == (200 if commits else 202)
    shop.await_status(pull, "ready")
    assert_converged(shop)


def test_web_is_killed_right_after_it_answered(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    pull = shop.push(pull, sending=Sending(is_suppressed=True))
    payload = shop.payload(pull, example("pull_request", "synchronize").document)
    payload.pop("installation", None)
    assert world.github.deliver("pull_request", payload).status_code == 202
    world.kill("web")
    shop.await_status(pull, "ready")
    assert_converged(shop)


@contextmanager
def _locked(world: World, row: Row) -> Iterator[None]:
    """Hold a row, so that whoever marks it waits."""
    connection = world.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM environments WHERE id = %s FOR UPDATE", (row.id,))
        yield
    finally:
        connection.close()
