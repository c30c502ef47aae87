"""What people do with pull requests. `assert_converged` asks GitHub, Git, PostgreSQL and the real cluster."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.history import assert_only_forward, assert_superseded, statuses
from tests.e2e.realm import Realm
from tests.scenarios import remote
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop

AT_ONCE = 50


def test_opened_pushed_closed(shop: Shop) -> None:
    pull = shop.open_until_ready()
    assert_converged(shop)
    pull = shop.push(pull)
    shop.await_status(pull, "ready")
    assert_converged(shop)
    shop.close(pull)
    shop.await_status(pull, "destroyed")
    assert_converged(shop)
    assert "Receipt" in shop.comment(pull)


def test_what_is_pushed_while_the_syncer_is_at_work_takes_the_place_of_what_was(shop: Shop) -> None:
    pull = shop.open()
    shop.world.await_true(lambda: shop.find(pull), "the row")
    heads = [pull.head_sha, *(shop.push(pull).head_sha for _ in range(2))]
    shop.await_status(pull, "ready")
    for _ in range(2):
        heads += [shop.push(pull).head_sha for _ in range(2)]
        shop.await_status(pull, "ready")
    assert_converged(shop)
    assert_only_forward(shop, pull, heads)
    assert_superseded(shop, heads)


def test_the_next_push_comes_while_the_one_before_rolls_out(shop: Shop) -> None:
    pull = shop.open_until_ready()
    heads = [pull.head_sha]
    for _ in range(3):
        heads.append(shop.push(pull).head_sha)
        shop.world.await_true(lambda: shop.row(pull).published_commit in _tips(shop, heads[-1]), "the commit")
    shop.await_status(pull, "ready")
    assert_converged(shop)
    assert_only_forward(shop, pull, heads)
    assert_superseded(shop, heads)


def test_reopened_it_lives_again_in_the_same_namespace(shop: Shop) -> None:
    pull = shop.open_until_ready()
    namespace = shop.row(pull).namespace
    shop.close(pull)
    shop.await_status(pull, "destroyed")
    shop.world.github.reopen(shop.name, pull.number)
    assert shop.await_status(pull, "ready").namespace == namespace
    assert_converged(shop)
    shop.close(pull)
    shop.await_status(pull, "destroyed")
    assert_converged(shop)


def test_reopened_while_it_goes_it_lives_again(realm: Realm, shop: Shop) -> None:
    pull = shop.open_until_ready()
    namespace = shop.row(pull).namespace
    shop.close(pull)
    realm.world.await_true(lambda: _is_terminating(realm, namespace), "the namespace to be on its way out")
    realm.world.github.reopen(shop.name, pull.number)
    shop.await_status(pull, "ready")
    assert_converged(shop)


def test_closed_as_soon_as_its_namespace_appears_it_goes_and_leaves_a_receipt(realm: Realm, shop: Shop) -> None:
    pull = shop.open()
    namespace = realm.world.await_true(lambda: shop.find(pull), "the row").namespace
    realm.world.await_true(lambda: realm.api.get("v1", "Namespace", namespace), "the namespace")
    shop.close(pull)
    shop.await_status(pull, "destroyed")
    assert_converged(shop)
    assert "Receipt" in shop.comment(pull)


def test_closed_before_anything_is_there_nothing_is_left(shop: Shop) -> None:
    pull = shop.open()
    shop.close(pull)
    shop.world.await_true(lambda: shop.find(pull), "the row")
    shop.await_status(pull, "destroyed")
    assert_converged(shop)


def test_a_force_push_replaces_what_runs(shop: Shop) -> None:
    first = shop.open_until_ready()
    second = shop.push(first)
    shop.await_status(second, "ready")
    forced = shop.push(second, onto=first.head_sha)
    shop.await_status(forced, "ready")
    assert_converged(shop)
    heads = [pull.head_sha for pull in (first, second, forced)]
    assert_only_forward(shop, forced, heads)
    assert_superseded(shop, heads)


def test_redeployed_through_the_api_the_same_commit_is_rolled_out_again(realm: Realm, shop: Shop) -> None:
    pull = shop.open_until_ready()
    row = shop.row(pull)
    before = realm.cluster.inside.deployment(row.namespace, "web")
    token = realm.world.ephemera("token", "create", "--scope", "act", "--name", shop.name).stdout.strip()
    path, headers = f"/api/v1/environments/{row.id}/redeploy", {"Authorization": f"Bearer {token}"}
    assert realm.world.request("POST", path, headers=headers).status_code == 202
    realm.world.await_true(lambda: len(remote.commits_of(realm.world, row.namespace)) == 2, "the commit")
    shop.await_status(pull, "ready")
    after = realm.cluster.inside.deployment(row.namespace, "web")
    assert before is not None
    assert after is not None
    assert after["metadata"]["generation"] > before["metadata"]["generation"]
    assert_converged(shop)


@pytest.mark.last
def test_fifty_at_once_become_ready_and_go(shop: Shop) -> None:
    with ThreadPoolExecutor(8) as people:
        pulls = list(people.map(lambda _: shop.open(), range(AT_ONCE)))
    for pull in pulls:
        shop.await_status(pull, "ready")
    assert_converged(shop)
    with ThreadPoolExecutor(8) as people:
        list(people.map(shop.close, pulls))
    for pull in pulls:
        shop.await_status(pull, "destroyed")
    assert_converged(shop)
    for pull in pulls:
        assert "Receipt" in shop.comment(pull)
        assert [status for status, _ in statuses(shop, pull)][-3:] == ["ready", "destroying", "destroyed"]


def _tips(shop: Shop, head_sha: str) -> set[str]:
    """The commits of the environments repository that bring this head."""
    return {commit.sha for commit in remote.commits(shop.world) if commit.trailers["Head-SHA"] == head_sha}


def _is_terminating(realm: Realm, namespace: str) -> bool:
    found = realm.api.get("v1", "Namespace", namespace)
    return found is None or "deletionTimestamp" in found["metadata"]
