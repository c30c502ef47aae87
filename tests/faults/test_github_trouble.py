"""GitHub answers badly, not at all, or only its answer is lost: a POST is repeated only after looking."""

import pytest

from app.demo.github.faults import Fault, FaultKind
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow

WRITES = [
    ("POST", ".*/check-runs"),
    ("PATCH", ".*/check-runs/.*"),
    ("POST", ".*/statuses/.*"),
    ("POST", ".*/issues/1/comments"),
    ("PATCH", ".*/issues/comments/.*"),
    ("POST", ".*/deployments"),
    ("POST", ".*/deployments/.*/statuses"),
]


@pytest.mark.parametrize(
    ("kind", "method", "path"), [*(("lost_answer", *write) for write in WRITES), ("half_body", *WRITES[0])]
)
def test_the_answer_to_a_write_is_lost(world: World, shop: Shop, kind: FaultKind, method: str, path: str) -> None:
    world.github.fault(Fault(kind, method, path))
    pull = shop.push(shop.open_until_ready())
    shop.await_status(pull, "ready")
    assert world.has_met_its_faults()
    assert_converged(shop)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=500, times=2),
        Fault("status", "POST", status=502, times=2),
        Fault("secondary_limit", status=429, seconds=1, times=2),
        Fault("primary_limit", status=403, seconds=1),
        Fault("status", status=401, times=1),
        Fault("half_body", "GET", times=2),
        Fault("lost_answer", "POST", ".*/access_tokens"),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
def test_github_is_out_of_order_for_a_while(world: World, shop: Shop, fault: Fault) -> None:
    pull = shop.open_until_ready()
    if fault.path.endswith("access_tokens"):
        world.restart("high")
    world.github.fault(fault)
    pull = shop.push(pull)
    world.await_true(world.has_met_its_faults, "the fault to be met")
    shop.await_status(pull, "ready")
    assert_converged(shop)


def test_nothing_is_removed_when_github_shows_nothing_any_more(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    world.github.fault(Fault("status", "GET", f"/repos/{shop.name}.*", status=404, times=1000))
    shop.push(pull)
    query = "SELECT is_stalled FROM troubles WHERE environment_id = %s AND stage = 'decide'"
    world.await_true(lambda: world.query(query, shop.row(pull).id), "the trouble")
    assert world.cluster.deployment(shop.row(pull).namespace, "web") is not None
    world.github.clear_faults()
    shop.push(pull)
    shop.await_status(pull, "ready")
    assert_converged(shop)
