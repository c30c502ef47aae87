"""The environments repository is down, or its answer is lost."""

import pytest

from app.demo.git_faults import Fault, Service
from tests.scenarios import remote
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow

_TROUBLE = "SELECT message FROM troubles WHERE environment_id = %s AND stage = 'publish'"


@pytest.mark.parametrize(
    ("service", "discovery"),
    [("git-receive-pack", False), ("git-receive-pack", True)],
    ids=["refuses pushes", "does not list its references"],
)
def test_the_remote_is_down_for_a_while(world: World, shop: Shop, service: Service, discovery: bool) -> None:
    world.outside.git.fail(Fault("refuse", service, discovery=discovery))
    world.outside.git.fail(Fault("refuse", "git-upload-pack", discovery=True))
    pull = shop.open()
    world.await_true(lambda: shop.find(pull) and world.query(_TROUBLE, shop.row(pull).id), "the trouble")
    assert remote.commits_of(world, shop.row(pull).namespace) == []
    world.outside.git.heal()
    shop.await_status(pull, "ready")
    assert_converged(shop)


def test_the_answer_to_an_accepted_push_is_lost(world: World, shop: Shop) -> None:
    world.outside.git.fail(Fault("drop_answer", times=1))
    pull = shop.open()
    shop.await_status(pull, "ready")
    assert len(remote.commits_of(world, shop.row(pull).namespace)) == 1
    assert_converged(shop)


def test_a_slow_remote_is_waited_for(world: World, shop: Shop) -> None:
    world.outside.git.fail(Fault("throttle", bytes_per_second=2_000))
    shop.await_status(shop.open(), "ready")
    assert_converged(shop)
