"""What else people do with pull requests and repositories."""

import pytest

from tests.scenarios import remote
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow


def test_a_draft_gets_its_environment_when_it_is_ready_for_review(world: World, shop: Shop) -> None:
    pull = shop.open(draft=True)
    row = shop.await_status(pull, "destroyed")
    assert shop.says(pull) == ("neutral", "success")
    assert shop.comments(pull) == []
    assert remote.commits_of(world, row.namespace) == []

    pull = world.github.set_draft(shop.name, pull.number, is_draft=False)
    shop.await_status(pull, "ready")
    world.github.set_draft(shop.name, pull.number, is_draft=True)
    shop.await_status(pull, "destroyed")
    assert "The pull request is a draft." in shop.comment(pull)


@pytest.mark.parametrize("is_deleted", [False, True], ids=["living fork", "deleted fork"])
def test_a_fork_waits_and_nothing_of_it_is_deployed(world: World, shop: Shop, is_deleted: bool) -> None:
    pull = shop.open(fork=True, author="mallory")
    row = shop.await_status(pull, "waiting")
    if is_deleted:
        world.github.delete_fork(shop.name, pull.number)
        pull = world.github.edit(shop.name, pull.number, title="The fork is gone")
    else:
        pull = shop.push(pull)
    shop.await_status(pull, "waiting")
    assert remote.commits_of(world, row.namespace) == []
    assert row.namespace not in world.cluster.namespaces()
    assert_converged(shop)


def test_a_pull_request_that_is_given_another_base_stays_as_it_is(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    world.github.write_files(shop.name, {"CHANGES": "1\n"}, branch="release")
    commits = len(remote.commits(world))
    world.github.edit(shop.name, pull.number, base="release")
    world.await_true(lambda: _was_asked(shop, "pull_request.edited"), "the edit to be looked at")
    shop.await_status(pull, "ready")
    assert len(remote.commits(world)) == commits
    assert_converged(shop)


def test_a_merged_pull_request_loses_its_environment(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    world.github.merge(shop.name, pull.number, by="grace")
    row = shop.await_status(pull, "destroyed")
    assert "The pull request was merged." in shop.comment(pull)
    assert remote.commits_of(world, row.namespace)[-1].trailers["Actor"] == "grace"
    assert_converged(shop)


def test_a_reopened_pull_request_gets_the_same_namespace_again(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    shop.close(pull)
    before = shop.await_status(pull, "destroyed")
    world.github.reopen(shop.name, pull.number)
    after = shop.await_status(pull, "ready")
    assert (after.namespace, after.folder) == (before.namespace, before.folder)
    assert "Preview environment: ready" in shop.comment(pull)
    assert world.cluster.deployment(after.namespace, "web") is not None


def test_a_push_to_a_closed_pull_request_does_not_revive_it(shop: Shop) -> None:
    pull = shop.open_until_ready()
    shop.close(pull)
    shop.await_status(pull, "destroyed")
    shop.push(pull)
    assert_converged(shop)


def test_a_renamed_repository_keeps_namespace_and_folder(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    before = shop.row(pull)
    shop.name = world.github.rename_repository(shop.name, name=f"{shop.name.partition('/')[2]}-renamed").full_name
    pull = shop.push(pull)
    after = shop.await_status(pull, "ready")
    assert (after.id, after.namespace, after.folder) == (before.id, before.namespace, before.folder)
    assert shop.says(pull) == ("success", "success")
    assert pull.head_sha[:7] in shop.comment(pull)
    assert world.query("SELECT full_name FROM repositories WHERE id = %s", shop.id) == [(shop.name,)]


def test_a_deleted_comment_is_made_anew(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    first = shop.comment_id(pull)
    world.github.delete_comment(shop.name, first)
    pull = shop.push(pull)
    shop.await_status(pull, "ready")
    assert pull.head_sha[:7] in shop.comment(pull)
    assert shop.comment_id(pull) != first


def test_a_comment_with_our_marker_by_somebody_else_is_not_touched(world: World, shop: Shop) -> None:
    pull = shop.open_until_ready()
    quoted = world.github.comment(shop.name, pull.number, author="mallory", body=shop.comment(pull))
    world.github.delete_comment(shop.name, shop.comment_id(pull))
    shop.await_status(shop.push(pull), "ready")
    shop.comment(pull)
    theirs = [one for one in world.github.comments(shop.name, pull.number) if one.author == "mallory"]
    assert theirs == [quoted]


def test_two_repositories_whose_names_look_alike_get_two_namespaces(world: World) -> None:
    shops = [Shop.create(world, name) for name in ("acme/x.y", "acme/x_y")]
    rows = [shop.await_status(shop.open(), "ready") for shop in shops]
    assert len({row.namespace for row in rows}) == 2
    assert len({row.folder for row in rows}) == 2
    for shop in shops:
        assert_converged(shop)


def _was_asked(shop: Shop, reason: str) -> bool:
    query = """SELECT 1 FROM events JOIN environments ON environments.id = environment_id
        WHERE repository_id = %s AND message = %s"""
    return bool(shop.world.query(query, shop.id, reason))
