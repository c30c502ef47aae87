"""What the cluster shows is told on the pull request, and what heals becomes ready by itself."""

import pytest

from app.demo.kubernetes.apiserver.kinds import NAMESPACE
from app.demo.kubernetes.workloads.failures import FailureKind
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("kind", "heading", "advice"),
    [
        ("image-pull", "**Image not found**", "The registry has no such image."),
        ("crash-loop", "**Crash loop**", "The program starts and fails, again and again."),
        ("quota", "**Quota**", "What the environment may use is used up."),
    ],
)
def test_a_failure_is_explained_and_healed(
    world: World, shop: Shop, kind: FailureKind, heading: str, advice: str
) -> None:
    world.cluster.fail("pr-1-*", kind)
    pull = shop.open()
    shop.await_status(pull, "failed")
    assert shop.says(pull) == ("failure", "failure")
    assert heading in shop.comment(pull)
    assert advice in shop.comment(pull)
    assert f"Commit `{pull.head_sha[:7]}` does not run." in shop.comment(pull)

    world.cluster.heal()
    shop.await_status(pull, "ready")
    assert heading not in shop.comment(pull)
    assert_converged(shop)


def test_a_failing_push_says_so_though_the_old_commit_still_runs(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    world.cluster.fail("pr-1-*", "image-pull")
    pull = shop.push(pull)
    shop.await_status(pull, "failed")
    assert shop.says(pull) == ("failure", "failure")
    world.cluster.heal()
    shop.await_status(pull, "ready")
    assert_converged(shop)


def test_a_namespace_deleted_by_hand_is_noticed(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    namespace = shop.row(pull).namespace
    world.cluster.pause_syncer()
    world.cluster.delete(NAMESPACE, "", namespace)
    world.await_true(lambda: shop.row(pull).status != "ready", "the loss to be noticed")
    world.await_true(lambda: shop.row(pull).is_settled, "the report")
    assert shop.says(pull) == ("in_progress", "pending")
    # The simulated Argo CD does not heal by itself and syncs a commit once; the next commit brings everything back.
    world.await_true(lambda: namespace not in world.cluster.namespaces(), "the namespace to be gone")
    world.cluster.resume_syncer()
    pull = shop.push(pull)
    shop.await_status(pull, "ready")
    assert_converged(shop)


def test_ready_means_that_this_commit_runs(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    world.cluster.pause_syncer()
    pull = shop.push(pull)
    shop.await_status(pull, "updating")
    assert world.cluster.deployment(shop.row(pull).namespace, "web") is not None
    assert shop.says(pull) == ("in_progress", None)
    world.cluster.resume_syncer()
    shop.await_status(pull, "ready")
