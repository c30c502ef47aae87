"""The oracle has to be able to say no, or its yes is worth nothing."""

import pytest

from app.demo.github.sender import Sending
from tests.scenarios.oracle import problems
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow

UNSEEN = Sending(is_suppressed=True)


def test_a_push_that_nobody_has_heard_of_is_missing_everywhere(shop: Shop) -> None:
    pull = shop.push(shop.open_until_ready(), sending=UNSEEN)
    found = "\n".join(problems(shop, [pull]))
    for words in ("0 check runs", "the comment does not name", "the cluster runs", "the remote holds"):
        assert words in found


def test_a_closing_that_nobody_has_heard_of_leaves_too_much(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    closed = world.github.close_pull_request(shop.name, pull.number, sending=UNSEEN)
    found = "\n".join(problems(shop, [closed]))
    for words in ("is still there", "not 'Preview environment: gone'", "the remote holds"):
        assert words in found


def test_what_was_deleted_by_hand_is_missed(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    assert list(problems(shop, [pull])) == []
    world.github.delete_comment(shop.name, shop.comment_id(pull))
    (found,) = problems(shop, [pull])
    assert "0 comments" in found
