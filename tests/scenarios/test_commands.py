"""What people say and press on GitHub, and what becomes of it in Git and in the cluster."""

from collections.abc import Mapping
from uuid import uuid4

import pytest

from app.demo.github.readings import PullRequest
from app.demo.github.sender import Sending
from app.web.signature import HEADER, sign
from tests.scenarios import remote
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

pytestmark = pytest.mark.slow

WRITER, STRANGER = "wanda", "stanley"


@pytest.fixture
def pull(shop: Shop) -> PullRequest:
    """Give a pull request whose environment is ready, in a repository that one person may write to."""
    shop.world.github.set_permission(shop.name, WRITER, "write")
    return shop.open_until_ready(author="ada")


@pytest.fixture
def forked(shop: Shop) -> PullRequest:
    """Give a pull request from a fork, which waits."""
    shop.world.github.set_permission(shop.name, WRITER, "write")
    pull = shop.open(author="ada", fork="ada")
    shop.await_status(pull, "waiting")
    return pull


def say(shop: Shop, pull: PullRequest, words: str, by: str = WRITER, sending: Sending | None = None) -> int:
    """Write a comment; its id."""
    return shop.world.github.comment(shop.name, pull.number, author=by, body=words, sending=sending).id


def ended(shop: Shop, pull: PullRequest, count: int = 1) -> list[str]:
    """What came of the commands, comments in order and then the rest, once there are so many and all are dealt with."""

    def look() -> list[str] | None:
        query = "SELECT state FROM commands WHERE environment_id = %s ORDER BY comment_id, id"
        found = [state for (state,) in shop.world.query(query, shop.row(pull).id)]
        return found if len(found) >= count and "waiting" not in found else None

    return shop.world.await_true(look, f"{count} commands to be dealt with")


def reactions(shop: Shop, pull: PullRequest, comment_id: int) -> Mapping[str, int]:
    """How often each reaction stands below a comment."""
    listed = shop.world.github.call("GET", f"/repos/{shop.name}/pulls/{pull.number}/comments")
    (found,) = [comment["reactions"] for comment in listed if comment["id"] == comment_id]
    return {name: found[name] for name in ("eyes", "+1", "confused") if found[name]}


def await_reaction(shop: Shop, pull: PullRequest, comment_id: int, name: str) -> None:
    """Wait until a reaction stands below a comment."""
    shop.world.await_true(lambda: reactions(shop, pull, comment_id).get(name), f"the reaction {name}")


def await_answer(shop: Shop, pull: PullRequest, words: str) -> None:
    """Wait until the comment of Ephemera holds the words."""
    shop.world.await_true(lambda: words in "".join(shop.comments(pull)), f"the comment to say {words!r}")


def asked(shop: Shop, pull: PullRequest) -> list[tuple[str, str]]:
    """By whom, and by what, something was asked for on GitHub, oldest first."""
    query = """SELECT actor, message FROM events WHERE environment_id = %s AND kind = 'asked'
        AND split_part(message, '.', 1) IN ('command', 'button', 'rerequest') ORDER BY id"""
    return [(actor, message) for actor, message in shop.world.query(query, shop.row(pull).id)]


def press(shop: Shop, pull: PullRequest, identifier: str, by: str = WRITER) -> None:
    """Press a button of the newest check run at the head, once it shows."""

    def look() -> int | None:
        checks = shop.checks(pull)
        listed = shop.world.github.call("GET", f"/repos/{shop.name}/commits/{pull.head_sha}/check-runs")
        shows = [each["id"] for each in listed if identifier in [button["identifier"] for button in each["actions"]]]
        return checks[-1].id if checks and checks[-1].id in shows else None

    check_run = shop.world.await_true(look, f"the button {identifier}")
    shop.world.github.press(shop.name, check_run, identifier, by=by)


def test_environment_is_destroyed_and_deployed_by_words(world: World, shop: Shop, pull: PullRequest) -> None:
    comment = say(shop, pull, "Not needed for now.\n\n/ephemera destroy")
    shop.await_status(pull, "destroyed")
    await_reaction(shop, pull, comment, "+1")
    assert reactions(shop, pull, comment) == {"eyes": 1, "+1": 1}
    assert shop.row(pull).namespace not in world.cluster.namespaces()
    say(shop, pull, "/ephemera deploy")
    shop.await_status(pull, "ready")
    assert asked(shop, pull) == [(WRITER, "command.destroy"), (WRITER, "command.redeploy")]
    commit = remote.commits_of(world, shop.row(pull).namespace)[-1]
    assert (commit.trailers["Actor"], commit.trailers["Reason"]) == (WRITER, "command.redeploy")


def test_environment_is_kept_pinned_and_explained_by_words(shop: Shop, pull: PullRequest) -> None:
    for words in ("extend 3d", f"pin {pull.head_sha[:7]}", "unpin", "explain", "help", "deploi"):
        say(shop, pull, f"/ephemera {words}")
        shop.world.github.wait_deliveries()
    assert ended(shop, pull, 6) == ["done"] * 5 + ["refused"]
    await_answer(shop, pull, "There is no command")
    assert [reason for _, reason in asked(shop, pull)] == ["command.extend", "command.pin", "command.unpin"]
    assert "@" not in shop.comment(pull)


def test_buttons_do_what_they_say(world: World, shop: Shop, pull: PullRequest) -> None:
    press(shop, pull, "extend")
    assert ended(shop, pull) == ["done"]
    press(shop, pull, "destroy")
    shop.await_status(pull, "destroyed")
    press(shop, pull, "redeploy")
    shop.await_status(pull, "ready")
    world.github.rerequest(shop.name, shop.checks(pull)[-1].id, by=WRITER)
    assert ended(shop, pull, 4) == ["done"] * 4
    shop.await_status(pull, "ready")
    reasons = ["button.extend", "button.destroy", "button.redeploy", "rerequest.redeploy"]
    assert asked(shop, pull) == [(WRITER, reason) for reason in reasons]


def test_fork_runs_the_commit_that_was_approved_and_no_other(world: World, shop: Shop, forked: PullRequest) -> None:
    press(shop, forked, "approve")
    shop.await_status(forked, "ready")
    pushed = shop.push(forked)
    shop.await_status(pushed, "waiting")
    say(shop, pushed, f"/ephemera approve {forked.head_sha}")
    say(shop, pushed, f"/ephemera approve {pushed.head_sha[:12]}", by=STRANGER)
    assert ended(shop, pushed, 3) == ["refused", "refused", "done"]
    assert remote.heads(world, f"environments/default/{shop.name}").get(shop.row(pushed).folder) in (
        None,
        forked.head_sha,
    )
    say(shop, pushed, f"/ephemera approve {pushed.head_sha[:12]}")
    shop.await_status(pushed, "ready")
    assert remote.heads(world, f"environments/default/{shop.name}")[shop.row(pushed).folder] == pushed.head_sha


def test_what_was_not_said_by_somebody_who_may_is_not_done(world: World, shop: Shop, pull: PullRequest) -> None:
    say(shop, pull, "> /ephemera destroy")
    say(shop, pull, "```\n/ephemera destroy\n```")
    say(shop, pull, "\u202e/ephemera destroy")
    edited = say(shop, pull, "hello")
    world.github.edit_comment(shop.name, edited, body="/ephemera destroy", by=WRITER)
    world.github.wait_deliveries()
    refused = say(shop, pull, "/ephemera destroy", by=STRANGER)
    await_reaction(shop, pull, refused, "confused")
    await_answer(shop, pull, "permission to write")
    hidden = say(shop, pull, "/ephemera destroy\u202e")
    await_reaction(shop, pull, hidden, "confused")
    assert ended(shop, pull, 2) == ["refused", "refused"]
    assert asked(shop, pull) == []
    assert shop.row(pull).status == "ready"


def test_permission_and_comment_are_looked_at_when_it_is_obeyed(world: World, shop: Shop, pull: PullRequest) -> None:
    world.processes.stop("high")
    gone = say(shop, pull, "/ephemera destroy")
    changed = say(shop, pull, "/ephemera destroy")
    say(shop, pull, "/ephemera destroy")
    world.github.wait_deliveries()
    world.github.delete_comment(shop.name, gone)
    world.github.edit_comment(shop.name, changed, body="/ephemera recreate", by=STRANGER)
    world.github.set_permission(shop.name, WRITER, "none")
    world.processes.start()
    assert ended(shop, pull, 3) == ["void", "void", "refused"]
    assert asked(shop, pull) == []


def test_delivery_that_comes_again_or_under_another_id_is_obeyed_once(
    world: World, shop: Shop, pull: PullRequest
) -> None:
    say(shop, pull, "/ephemera extend 2h", sending=Sending(copies=3))
    assert ended(shop, pull) == ["done"]
    press(shop, pull, "redeploy")
    assert ended(shop, pull, 2) == ["done", "done"]
    rows = world.query("SELECT event, body FROM deliveries WHERE id IN (SELECT delivery_id FROM commands)")
    for event, body in rows:
        secret = world.outside.webhook_secret.encode()
        headers = {HEADER: sign(bytes(body), secret), "X-GitHub-Event": event, "X-GitHub-Delivery": str(uuid4())}
        assert world.request("POST", "/webhooks/github", data=bytes(body), headers=headers).status_code == 202
    assert ended(shop, pull, 2) == ["done", "done"]
    assert [reason for _, reason in asked(shop, pull)] == ["command.extend", "button.redeploy"]
