"""kill -9 of each worker in the middle of what it does: it is done once more, and nothing is there twice."""

import psutil
import pytest

from app.demo.git_faults import Fault as GitFault
from app.demo.git_faults import What
from app.demo.github.faults import Fault
from tests.scenarios import remote
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow

CREATES = [
    ("POST", ".*/check-runs"),
    ("POST", ".*/statuses/.*"),
    ("POST", ".*/issues/1/comments"),
    ("POST", ".*/deployments"),
]
CHANGES = [("PATCH", ".*/check-runs/.*"), ("PATCH", ".*/issues/comments/.*")]


def test_high_is_killed_while_github_is_slow_to_tell(world: World, shop: Shop) -> None:
    world.github.fault(Fault("stall", "GET", f"/repos/{shop.name}/pulls/1", seconds=300))
    pull = shop.open()
    world.await_true(world.has_met_its_faults, "the read that stalls")
    world.kill("high")
    shop.await_status(pull, "ready")
    assert_converged(shop)


def test_low_is_killed_while_github_is_slow_to_tell(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    world.github.fault(Fault("stall", "GET", f"/repos/{shop.name}/pulls/1", seconds=300))
    shop.close(pull)
    world.await_true(world.has_met_its_faults, "the read that stalls")
    world.kill("low")
    shop.await_status(pull, "destroyed")
    assert_converged(shop)


@pytest.mark.parametrize("what", ["hold_before", "hold_after"])
@pytest.mark.parametrize("git_survives", [False, True], ids=["git dies too", "git lives on"])
def test_the_publisher_is_killed_around_its_push(world: World, shop: Shop, what: What, git_survives: bool) -> None:
    world.outside.git.fail(GitFault(what, times=1))
    pull = shop.open()
    world.await_true(lambda: world.outside.git.state().held, "the push to be under way")
    children = psutil.Process(world.processes.pid("high")).children(recursive=True)
    world.kill("high")
    if not git_survives:
        for child in children:
            child.kill()
        world.outside.git.heal()
    shop.await_status(pull, "ready")
    world.outside.git.heal()
    assert len(remote.commits_of(world, shop.row(pull).namespace)) == 1
    assert_converged(shop)


@pytest.mark.parametrize("lands", [False, True], ids=["it never lands", "it lands"])
@pytest.mark.parametrize(("method", "path"), CREATES, ids=["check run", "status", "comment", "deployment"])
def test_default_is_killed_while_it_creates(world: World, shop: Shop, method: str, path: str, lands: bool) -> None:
    world.github.fault(Fault("stall", method, path, seconds=300))
    pull = shop.open()
    _kill_in_the_middle(world, lands)
    shop.await_status(pull, "ready")
    assert_converged(shop)


@pytest.mark.parametrize(("method", "path"), CHANGES, ids=["check run", "comment"])
def test_default_is_killed_while_it_changes(world: World, shop: Shop, method: str, path: str) -> None:
    pull = shop.open_until_ready()
    world.github.fault(Fault("stall", method, path, seconds=300))
    pull = shop.push(pull)
    _kill_in_the_middle(world, lands=True)
    shop.await_status(pull, "ready")
    assert_converged(shop)


@pytest.mark.parametrize("name", ["high", "default", "web", "clock"])
def test_anything_is_killed_while_many_are_under_way(world: World, shop: Shop, name: str) -> None:
    pulls = [shop.open() for _ in range(4)]
    world.kill(name)
    shop.push(pulls[0])
    shop.close(pulls[1])
    world.kill(name)
    world.github.wait_deliveries()
    if name == "web":
        # What failed is GitHub's to redeliver, or the reconciliation's to find.
        world.reconcile()
    assert_converged(shop)


def _kill_in_the_middle(world: World, lands: bool) -> None:
    """Kill the reporter while a write of its is under way, which GitHub then carries out, or does not."""
    world.await_true(world.has_met_its_faults, "the write that stalls")
    world.kill("default")
    if lands:
        world.github.clear_faults()
