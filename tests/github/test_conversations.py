"""What people say, and what they may do, at this moment."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.demo.github.faults import Fault
from app.domain.pull_request import Author, Missing
from app.errors import EphemeraError, Stalled, Transient
from app.github.connect import GitHub
from app.ports import Comment, Reaction
from tests.github import answers
from tests.github.answers import SHOP
from tests.github.conftest import Shop
from tests.github.scripted import Reply, Scripted

COMMENT = "GET /repos/acme/shop/issues/comments/9"
REACTIONS = "POST /repos/acme/shop/issues/comments/9/reactions"
PERMISSION = "GET /repos/acme/shop/collaborators/ada/permission"
REPOSITORY = "GET /repos/acme/shop"
ADA = Author(3, "ada")
NOON = "2030-01-01T12:00:00Z"


def _comment(**changes: Any) -> dict[str, Any]:
    known = {"id": 9, "user": {"id": 3, "login": "ada", "type": "User"}, "body": "/ephemera deploy"}
    return {**known, "created_at": NOON, "updated_at": NOON, "performed_via_github_app": None, **changes}


def _permission(level: str = "write", **user: Any) -> Reply:
    return Reply(body={"permission": level, "user": {"id": 3, "login": "ada", "type": "User", **user}})


# Comments


def test_comment_is_read_as_it_is(github: GitHub, script: Scripted) -> None:
    script.on(COMMENT, Reply(body=_comment()))
    assert github.conversations.comment(SHOP, 9) == Comment(9, ADA, False, "/ephemera deploy", False)


@pytest.mark.parametrize(
    ("changes", "is_by_bot", "is_edited"),
    [
        ({"user": {"id": 3, "login": "ada[bot]", "type": "Bot"}}, True, False),
        ({"performed_via_github_app": {"id": 4}}, True, False),
        ({"user": None}, False, False),
        ({"updated_at": "2030-01-01T12:00:01Z"}, False, True),
        ({"body": None}, False, False),
    ],
)
def test_comment_tells_bots_and_edits(
    github: GitHub, script: Scripted, changes: dict[str, Any], is_by_bot: bool, is_edited: bool
) -> None:
    script.on(COMMENT, Reply(body=_comment(**changes)))
    found = github.conversations.comment(SHOP, 9)
    assert isinstance(found, Comment)
    assert (found.is_by_bot, found.is_edited) == (is_by_bot, is_edited)


def test_comment_of_a_person_is_followed_to_its_end(connected: GitHub, shop: Shop) -> None:
    made = shop.people.comment(shop.name, shop.number, author="ada", body="/ephemera deploy")
    found = connected.conversations.comment(shop.repository, made.id)
    assert isinstance(found, Comment)
    assert (found.id, found.author.login, found.body, found.is_by_bot) == (made.id, "ada", made.body, False)
    shop.people.shift_clock(60)
    shop.people.edit_comment(shop.name, made.id, body="/ephemera destroy", by="ada")
    edited = connected.conversations.comment(shop.repository, made.id)
    assert isinstance(edited, Comment)
    assert (edited.body, edited.is_edited) == ("/ephemera destroy", True)
    shop.people.delete_comment(shop.name, made.id)
    assert connected.conversations.comment(shop.repository, made.id) == Missing()


def test_comment_of_ours_is_a_bots(connected: GitHub, shop: Shop) -> None:
    made = connected.reports.put_comment(shop.repository, shop.number, "<!-- m -->", "<!-- m -->", None)
    found = connected.conversations.comment(shop.repository, made)
    assert isinstance(found, Comment)
    assert found.is_by_bot


def test_comment_out_of_sight_is_not_missing(connected: GitHub, shop: Shop) -> None:
    made = shop.people.comment(shop.name, shop.number, author="ada", body="/ephemera deploy")
    assert isinstance(connected.conversations.comment(shop.repository, made.id), Comment)
    assert shop.repository.installation_id is not None
    shop.people.change_installation(shop.repository.installation_id, repositories=[])
    with pytest.raises(Stalled, match="the App does not see"):
        connected.conversations.comment(shop.repository, made.id)


# Reactions


def test_reaction_is_there_once_however_often_it_is_made(connected: GitHub, shop: Shop) -> None:
    made = shop.people.comment(shop.name, shop.number, author="ada", body="/ephemera deploy")
    for reaction in (Reaction.SEEN, Reaction.SEEN, Reaction.DONE):
        connected.conversations.react(shop.repository, made.id, reaction)
    posts = [entry.status for entry in shop.people.ledger() if entry.target.endswith("/reactions")]
    assert posts == [201, 200, 201]


def test_reaction_names_its_kind(github: GitHub, script: Scripted) -> None:
    script.on(REACTIONS, Reply(201, {"id": 1}))
    for reaction in Reaction:
        github.conversations.react(SHOP, 9, reaction)
    assert [seen.body for seen in script.asked(REACTIONS)] == [
        {"content": "eyes"},
        {"content": "+1"},
        {"content": "confused"},
    ]


def test_reaction_to_a_comment_that_is_gone_is_nobodys_concern(connected: GitHub, shop: Shop) -> None:
    connected.conversations.react(shop.repository, 999_999, Reaction.SEEN)
    assert shop.people.comments(shop.name, shop.number) == []


def test_reaction_that_was_refused_for_its_permission_stalls(connected: GitHub, shop: Shop) -> None:
    made = shop.people.comment(shop.name, shop.number, author="ada", body="/ephemera deploy")
    assert shop.repository.installation_id is not None
    some = {"metadata": "read", "pull_requests": "read"}
    shop.people.change_installation(shop.repository.installation_id, permissions=some)
    with pytest.raises(Stalled, match=r"does not grant the App .*issues: write"):
        connected.conversations.react(shop.repository, made.id, Reaction.SEEN)


# Permission


@pytest.mark.parametrize(
    ("role", "expected"),
    [("admin", True), ("maintain", True), ("write", True), ("triage", False), ("read", False), ("none", False)],
)
def test_whoever_may_push_may_write(connected: GitHub, shop: Shop, role: str, expected: bool) -> None:
    account = _grant(connected, shop, "grace", role)
    assert connected.conversations.may_write(shop.repository, account) is expected


def test_permission_is_that_of_the_moment(connected: GitHub, shop: Shop) -> None:
    account = _grant(connected, shop, "grace", "write")
    assert connected.conversations.may_write(shop.repository, account)
    shop.people.set_permission(shop.name, "grace", "none")
    assert not connected.conversations.may_write(shop.repository, account)


def test_login_that_somebody_else_took_may_not_write(connected: GitHub, shop: Shop) -> None:
    account = _grant(connected, shop, "grace", "write")
    assert not connected.conversations.may_write(shop.repository, replace(account, id=account.id + 1))


def test_stranger_may_not_write(connected: GitHub, shop: Shop) -> None:
    assert not connected.conversations.may_write(shop.repository, Author(77, "nobody-knows"))


@pytest.mark.parametrize(
    "reply",
    [
        _permission("admin", type="Bot"),
        _permission("write", type="Organization"),
        _permission("write", type=None),
        _permission("write", id=4),
        _permission("read"),
        _permission("none"),
        _permission("push"),
        Reply(body={"permission": "admin", "user": None}),
        Reply(404, {"message": "ada is not a user"}),
    ],
)
def test_whoever_is_not_shown_to_may_not_write(github: GitHub, script: Scripted, reply: Reply) -> None:
    script.on(REPOSITORY, Reply(body=answers.repository()))
    script.on(PERMISSION, reply)
    assert github.conversations.may_write(SHOP, ADA) is False


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(403, {"message": "Resource not accessible by integration"}), Stalled),
        (Reply(401, {"message": "Bad credentials"}), Stalled),
        (Reply(429, {}), Transient),
        (Reply(502), Transient),
        (Reply(body={"user": {"id": 3}}), Transient),
        (Reply(fault="cut"), Transient),
    ],
)
def test_permission_that_cannot_be_asked_for_is_no_answer(
    github: GitHub, script: Scripted, reply: Reply, kind: type[EphemeraError]
) -> None:
    script.on(REPOSITORY, Reply(body=answers.repository()))
    script.on(PERMISSION, reply)
    with pytest.raises(kind, match="asking what ada may do in acme/shop"):
        github.conversations.may_write(SHOP, ADA)


def test_permission_in_another_repository_of_that_name_does_not_count(github: GitHub, script: Scripted) -> None:
    script.on(REPOSITORY, Reply(body=answers.repository(id=8)))
    script.on(PERMISSION, _permission("admin"))
    with pytest.raises(Stalled, match="is now the repository with id 8"):
        github.conversations.may_write(SHOP, ADA)


@pytest.mark.parametrize("login", ["", "..", "../../user", "ada/permission?x=", "ephemera[bot]", "ada%2f", "ådå"])
def test_login_that_is_no_persons_may_not_write_and_is_not_asked_for(
    github: GitHub, script: Scripted, login: str
) -> None:
    assert github.conversations.may_write(SHOP, Author(3, login)) is False
    assert script.seen == []


def test_permission_is_asked_for_again_after_an_outage(connected: GitHub, shop: Shop) -> None:
    account = _grant(connected, shop, "grace", "write")
    shop.people.fault(Fault("secondary_limit", path=".*/permission", status=403, seconds=5))
    with pytest.raises(Transient) as caught:
        connected.conversations.may_write(shop.repository, account)
    assert caught.value.retry_after == timedelta(seconds=5)
    assert connected.conversations.may_write(shop.repository, account)


def _grant(connected: GitHub, shop: Shop, login: str, role: str) -> Author:
    """A person with that role, as GitHub names them in a comment."""
    shop.people.set_permission(shop.name, login, role)
    made = shop.people.comment(shop.name, shop.number, author=login, body="hello")
    found = connected.conversations.comment(shop.repository, made.id)
    assert isinstance(found, Comment)
    return found.author
