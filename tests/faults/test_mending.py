"""What one test breaks does not fail the tests after it, or fails them at once and with the reason."""

from dataclasses import replace

import pytest
import requests

from app.demo.github.client import SimulatedGitHub
from app.demo.ports import free_port
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow


def test_servers_that_a_test_left_down_are_brought_back(world: World, shop: Shop) -> None:
    world.outside.postgres.kill()
    world.outside.valkey.kill()
    world.mend()
    shop.open_until_ready()
    assert_converged(shop)


def test_world_that_cannot_be_mended_fails_the_tests_after_it_at_once_with_the_reason(world: World) -> None:
    gone = SimulatedGitHub(f"http://127.0.0.1:{free_port()}")
    ruined = replace(world, outside=replace(world.outside, github=gone))
    with pytest.raises(requests.ConnectionError):
        ruined.mend()
    with pytest.raises(AssertionError, match="could not be mended after an earlier test: ConnectionError"):
        Shop.create(ruined)
