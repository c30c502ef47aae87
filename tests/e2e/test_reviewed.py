"""Where everything needs review, with the real syncer following the environments repository on GitHub."""

from collections.abc import Iterator

import pytest

from tests.e2e import options
from tests.e2e.realm import Realm
from tests.scenarios import remote
from tests.scenarios.board import Board, main_head, waits
from tests.scenarios.shop import Shop

pytestmark = pytest.mark.last


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """Give the product beside a real cluster, with every change reviewed."""
    with Realm.running(tmp_path_factory.mktemp("reviewed"), options.syncer(), review="always") as running:
        yield running


def test_proposed_merged_refused_asked_again_gone_and_proven(reviewed: Realm) -> None:
    world, board = reviewed.world, Board(reviewed.world)
    shop = Shop.create(world)
    before = main_head(world)
    pull = shop.open(author="ada")
    number = board.proposed(shop, pull)
    world.await_true(lambda: waits(shop, pull), "the check run to say that it waits for review")
    namespace = shop.row(pull).namespace
    assert main_head(world) == before
    assert reviewed.api.get("v1", "Namespace", namespace) is None, "nothing reaches the cluster before it is merged"

    board.accept(number)
    shop.await_status(pull, "ready")
    assert reviewed.api.get("apps/v1", "Deployment", "web", namespace) is not None

    first = pull.head_sha
    pull = shop.push(pull)
    number = board.proposed(shop, pull)
    board.refuse(number, "Not on a Friday.")
    shop.await_status(pull, "failed")
    assert list(remote.heads(world, f"environments/default/{shop.name}").values()) == [first], "what ran runs on"

    world.github.set_permission(shop.name, "ada", "write")
    world.github.comment(shop.name, pull.number, author="ada", body="/ephemera deploy")
    board.accept(board.proposed(shop, pull), "squash")
    shop.await_status(pull, "ready")

    shop.close(pull)
    shop.await_status(pull, "destroyed")
    assert reviewed.api.get("v1", "Namespace", namespace) is None
    verdict = board.audit()
    assert verdict["findings"] == [], verdict
