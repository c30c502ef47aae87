"""What goes wrong around Ephemera, made to go wrong for real. In the end everything is as GitHub demands."""

import signal
import time
from collections.abc import Sequence
from functools import partial

import pytest

from app.demo.github.readings import PullRequest
from app.demo.ports import wait_until
from app.demo.processes import Processes
from app.demo.product import PROJECT
from app.demo.real.stack import SYNCER_COMPONENTS
from tests.e2e.history import assert_only_forward, statuses
from tests.e2e.realm import Realm
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop

FINALIZER = "example.com/lock"
TAKEOVER_SECONDS = 15.0


# Removals


@pytest.mark.parametrize("kind", ["ConfigMap", "Deployment"])
def test_a_namespace_stuck_on_a_finalizer_is_said_to_be_and_goes_when_that_is_gone(
    realm: Realm, shop: Shop, kind: str
) -> None:
    pull = shop.open_until_ready()
    name = shop.row(pull).namespace
    held = _hold(realm, kind, name)
    shop.close(pull)
    shop.await_status(pull, "destroying")
    _age(shop, pull)
    comment = shop.world.await_true(lambda: _comment_with(shop, pull, "stuck while being removed"), "the comment")
    shop.world.await_true(lambda: FINALIZER in shop.comment(pull), "the finalizer to be named")
    comment = shop.comment(pull)
    assert " since " in comment
    assert comment.count("```\nkubectl ") == 1
    if kind == "Deployment":
        assert "`Deployment/web` has been waiting for its finalizer" in comment
        assert f"kubectl -n {name} patch deployment web" in comment
    assert shop.row(pull).status == "destroying"
    realm.api.patch(*held, {"metadata": {"finalizers": None}}, name)
    shop.await_status(pull, "destroyed")
    assert "Receipt" in shop.comment(pull)
    assert_converged(shop)


def test_what_may_not_be_listed_is_not_gone(realm: Realm, shop: Shop) -> None:
    pull = shop.open_until_ready()
    name = shop.row(pull).namespace
    with realm.without_rights():
        shop.close(pull)
        realm.api.wait("v1", "Namespace", (None, name), lambda found: found is None, 60)
        problems = shop.world.await_true(lambda: _unseen(shop), "the cluster's row to say what cannot be seen")
        assert any("namespaces" in problem for problem in problems), problems
        assert shop.row(pull).status == "destroying"
        assert "Preview environment: being removed" in shop.comment(pull)
        _age(shop, pull)
        comment = shop.world.await_true(lambda: _comment_with(shop, pull, "stuck while being removed"), "the comment")
        assert "Not all of the cluster can be seen at present" in comment
        assert shop.row(pull).status == "destroying"
    shop.await_status(pull, "destroyed")
    assert "Receipt" in shop.comment(pull)
    assert_converged(shop)
    shop.world.await_true(lambda: not _unseen(shop), "the cluster to be in view again")


def test_a_namespace_deleted_by_hand_is_told_and_comes_back(realm: Realm, shop: Shop) -> None:
    """The syncer is away meanwhile: Argo CD would begin to heal what is on its way out, and be busy for minutes."""
    pull = shop.open_until_ready()
    name = shop.row(pull).namespace
    with realm.without(*SYNCER_COMPONENTS[realm.syncer]):
        realm.api.delete("v1", "Namespace", name)
        shop.await_status(pull, "updating")
        assert shop.says(pull) == ("in_progress", "pending")
        realm.api.wait("v1", "Namespace", (None, name), lambda found: found is None, 60)
        assert shop.row(pull).status == "updating"
    shop.await_status(pull, "ready")
    assert_converged(shop)


# The parts of the cluster die


def test_the_api_server_dies_and_nothing_is_destroyed_on_doubt(realm: Realm, shop: Shop) -> None:
    left, pushed, closed = (shop.open_until_ready() for _ in range(3))
    with realm.without("kube-apiserver"):
        heads = [pushed.head_sha, shop.push(pushed).head_sha]
        shop.close(closed)
        shop.await_status(pushed, "updating")
        shop.await_status(closed, "destroying")
        assert shop.says(shop.now(pushed)) == ("in_progress", None)
    _assert_recovers(shop, pushed, heads)
    shop.await_status(closed, "destroyed")
    assert "Receipt" in shop.comment(closed)
    assert {status for status, _ in statuses(shop, left)} <= {"pending", "provisioning", "ready"}


def test_history_that_is_compacted_away_is_listed_again(realm: Realm, shop: Shop) -> None:
    before = realm.api.request("GET", "/api/v1/namespaces").json()["metadata"]["resourceVersion"]
    pull, closed = shop.open_until_ready(), shop.open_until_ready()
    with realm.without("kube-apiserver"):
        heads = [pull.head_sha, shop.push(pull).head_sha]
        shop.close(closed)
        realm.stack.compact_etcd()
    told = next(realm.api.watch("v1", "Namespace", resourceVersion=before))
    assert (told["type"], told["object"]["code"]) == ("ERROR", 410)
    _assert_recovers(shop, pull, heads)


def test_the_syncer_dies_and_does_afterwards_what_it_missed(realm: Realm, shop: Shop) -> None:
    pull, closed = shop.open_until_ready(), shop.open_until_ready()
    with realm.without(*SYNCER_COMPONENTS[realm.syncer]):
        heads = [pull.head_sha, shop.push(pull).head_sha]
        shop.close(closed)
        opened = shop.open()
        shop.await_status(pull, "updating")
        shop.await_status(closed, "destroying")
        shop.await_status(opened, "provisioning")
    _assert_recovers(shop, pull, heads)


# The watcher dies


def test_a_watcher_killed_every_two_seconds_tells_the_truth_in_the_end(shop: Shop) -> None:
    pulls: list[PullRequest] = []
    heads: dict[int, list[str]] = {}
    for step in range(10):
        due = time.monotonic() + 2
        if step < 4:
            pulls.append(shop.open())
            heads[pulls[-1].number] = [pulls[-1].head_sha]
        elif step < 8:
            pushed = shop.push(pulls[step % 3])
            heads[pushed.number].append(pushed.head_sha)
        else:
            shop.close(pulls[-1 if step == 8 else 0])
        shop.world.processes.crash("watcher")
        shop.world.processes.start("watcher")
        wait_until(partial(_is_past, due), 5, "two seconds to pass")
    assert_converged(shop)
    for pull in pulls:
        assert_only_forward(shop, pull, heads[pull.number])


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_another_watcher_takes_over(shop: Shop, end: signal.Signals) -> None:
    world = shop.world
    pull = shop.open_until_ready()
    heads, first = [pull.head_sha], world.processes.pid("watcher")
    world.await_true(lambda: _leader(shop) == first, "the watcher to lead")
    commands = {"second": "ephemera watch"}
    with Processes(commands, world.outside.settings(), world.logs, directory=PROJECT) as others:
        second = others.pid("second")
        for _ in range(2):
            heads.append(shop.push(pull).head_sha)
            shop.await_status(pull, "ready")
        assert _leader(shop) == first
        _end(shop, end)
        wait_until(lambda: _leader(shop) == second, TAKEOVER_SECONDS, "the second watcher to lead")
        heads.append(shop.push(pull).head_sha)
        shop.await_status(pull, "ready")
        if end == signal.SIGSTOP:
            world.processes.kill("watcher", signal.SIGCONT)
        world.processes.start("watcher")
        assert_converged(shop)
        assert _leader(shop) == second
    world.await_true(lambda: _leader(shop) == world.processes.pid("watcher"), "the first to lead again")
    assert_only_forward(shop, pull, heads)


def _assert_recovers(shop: Shop, pull: PullRequest, heads: Sequence[str]) -> None:
    shop.await_status(pull, "ready")
    assert_converged(shop)
    assert_only_forward(shop, pull, heads)
    assert not {"destroying", "destroyed", "failed"} & {status for status, _ in statuses(shop, pull)}


def _hold(realm: Realm, kind: str, name: str) -> tuple[str, str, str]:
    """Put the finalizer on an object of that kind; return what `patch` is told of it."""
    if kind == "Deployment":
        realm.api.patch("apps/v1", kind, "web", {"metadata": {"finalizers": [FINALIZER]}}, name)
        return "apps/v1", kind, "web"
    metadata = {"name": "lock", "namespace": name, "finalizers": [FINALIZER]}
    realm.api.create({"apiVersion": "v1", "kind": kind, "metadata": metadata})
    return "v1", kind, "lock"


def _age(shop: Shop, pull: PullRequest) -> None:
    """Let the removal have been wanted for longer than one may take."""
    statement = """UPDATE environments SET desired_at = desired_at - interval '11 minutes'
        WHERE repository_id = %s AND number = %s RETURNING id"""
    assert shop.world.query(statement, shop.id, pull.number)


def _comment_with(shop: Shop, pull: PullRequest, words: str) -> str | None:
    comment = shop.comment(pull)
    return comment if words in comment else None


def _unseen(shop: Shop) -> Sequence[str]:
    ((problems,),) = shop.world.query("SELECT problems FROM clusters")
    return list(problems)


def _is_past(due: float) -> bool:
    return time.monotonic() >= due


def _leader(shop: Shop) -> int | None:
    """The process id of the watcher that leads by the cluster's row; None while that says nobody."""
    ((leader,),) = shop.world.query("SELECT leader FROM clusters")
    return int(leader.partition("#")[0].rpartition("/")[2]) if leader else None


def _end(shop: Shop, how: signal.Signals) -> None:
    if how == signal.SIGKILL:
        shop.world.processes.crash("watcher")
    else:
        shop.world.processes.kill("watcher", how)
