"""Doing what people say: who may, what comes of it, and what is never done."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.command import CommandBell, Source, parse
from app.domain.pull_request import Author
from app.errors import Stalled, Transient
from app.ports import Comment, Reaction, Ring
from app.stages.obey import MOST_TRIES
from app.store import commands
from app.store.asking import Receipt
from tests.domain.builders import GRACE, OLD_SHA, SHA, SHOP, pull_request
from tests.stages.house import POLICY, House
from tests.store.published import ELDER, published

ADA = Author(1, "ada")
MALLORY = Author(66, "mallory")
FORK = 99

_ids: Iterator[int] = itertools.count(100)


@pytest.fixture
def seen(house: House) -> House:
    """Give a house with a pull request of ada's that was decided; grace may write."""
    house.people.writers = {ADA.id, GRACE.id}
    house.truth.pull_requests[42] = pull_request()
    house.deliver("d-1", "opened")
    house.settle([Ring.DECIDE])
    return house


@pytest.fixture
def fork(house: House) -> House:
    """Give a house with a pull request from a fork of ada's; grace may write, ada may not."""
    house.people.writers = {GRACE.id}
    house.truth.pull_requests[42] = pull_request(head_repository_id=FORK)
    house.deliver("d-1", "opened")
    house.settle([Ring.DECIDE])
    return house


def say(house: House, words: str, by: Author = GRACE) -> int:
    """Write a comment, and have it ring."""
    comment_id = next(_ids)
    house.people.comments[comment_id] = Comment(comment_id, by, is_by_bot=False, body=words, is_edited=False)
    digest, said = str(comment_id).encode(), parse(words)
    assert said is not None
    ring(house, CommandBell(Source.COMMENT, SHOP, by, digest, number=42, comment_id=comment_id, words=said.words))
    return comment_id


def press(house: House, identifier: str, by: Author = GRACE, head_sha: str = SHA) -> None:
    """Press a button."""
    digest, environment = str(next(_ids)).encode(), house.environment().id
    bell = CommandBell(
        Source.BUTTON, SHOP, by, digest, environment_id=environment, head_sha=head_sha, identifier=identifier
    )
    ring(house, bell)


def ring(house: House, bell: CommandBell) -> None:
    """Receive what rang."""
    receipt = Receipt(f"d-{next(_ids)}", "any", None, b"{}", "marked", command=bell)
    with house.store.begin() as session:
        assert commands.receive(session, receipt, POLICY) is not None


def obey(house: House) -> None:
    """Run the job once."""
    house.run(Ring.OBEY)


def states(house: House) -> list[object]:
    """What came of every command, oldest first."""
    return house.values("SELECT state FROM commands ORDER BY id")


def asked(house: House) -> list[object]:
    """Reasons for which somebody asked for a look since it was opened, oldest first."""
    return house.values("SELECT message FROM events WHERE kind = 'asked' ORDER BY id")[1:]


def answer(house: House) -> str:
    """The answer that the pull request shows."""
    shown = house.environment().answer
    assert shown is not None
    return shown.text


def column(house: House, name: str) -> object:
    """A column of the row."""
    [value] = house.values(f"SELECT {name} FROM environments")
    return value


@pytest.mark.parametrize(
    ("words", "reason", "rung"),
    [
        ("deploy", "command.redeploy", Ring.DECIDE),
        ("redeploy", "command.redeploy", Ring.DECIDE),
        ("destroy", "command.destroy", Ring.CLEAN_UP),
        ("recreate", "command.recreate", Ring.DECIDE),
        ("extend 24h", "command.extend", Ring.DECIDE),
        (f"pin {SHA[:7]}", "command.pin", Ring.DECIDE),
    ],
)
def test_command_is_obeyed_noted_rung_for_and_answered(seen: House, words: str, reason: str, rung: Ring) -> None:
    comment = say(seen, f"/ephemera {words}")
    seen.bell.rung.clear()
    obey(seen)
    assert (states(seen), asked(seen)) == (["done"], [reason])
    assert seen.bell.rung == {rung, Ring.REPORT}
    assert seen.people.reactions == [(comment, Reaction.SEEN), (comment, Reaction.DONE)]
    shown = seen.environment().answer
    assert shown is not None
    assert (shown.by, shown.is_refusal) == ("grace", False)
    assert seen.environment().asked.by == "grace"
    assert seen.values("SELECT actor FROM events WHERE kind = 'answered'") == ["grace"]


def test_delivery_of_a_command_is_named_by_what_follows(seen: House) -> None:
    say(seen, "/ephemera deploy")
    [delivery] = seen.values("SELECT delivery_id FROM commands")
    obey(seen)
    assert seen.environment().asked.delivery == delivery
    assert seen.values("SELECT delivery_id FROM events WHERE kind = 'answered'") == [delivery]


def test_pin_is_taken_back(seen: House) -> None:
    for words in (f"pin {SHA}", "unpin"):
        say(seen, f"/ephemera {words}")
    obey(seen)
    assert (states(seen), asked(seen)) == (["done", "done"], ["command.pin", "command.unpin"])
    assert column(seen, "pinned_sha") is None


@pytest.mark.parametrize(
    ("identifier", "reason"),
    [
        ("redeploy", "button.redeploy"),
        ("extend", "button.extend"),
        ("destroy", "button.destroy"),
        ("recreate", "button.recreate"),
    ],
)
def test_button_is_obeyed_without_a_reaction(seen: House, identifier: str, reason: str) -> None:
    press(seen, identifier)
    obey(seen)
    assert (states(seen), asked(seen), seen.people.reactions) == (["done"], [reason], [])


def test_check_that_is_asked_for_again_deploys_again(seen: House) -> None:
    environment = seen.environment().id
    ring(seen, CommandBell(Source.REREQUEST, SHOP, GRACE, b"x", environment_id=environment, head_sha=SHA))
    obey(seen)
    assert (states(seen), asked(seen)) == (["done"], ["rerequest.redeploy"])


@pytest.mark.parametrize("words", ["explain", "help"])
def test_anybody_may_ask_for_an_explanation(fork: House, words: str) -> None:
    say(fork, f"/ephemera {words}", MALLORY)
    obey(fork)
    assert (states(fork), asked(fork)) == (["done"], [])
    assert len(answer(fork)) > 40


@pytest.mark.parametrize(
    "words", ["deploy", "destroy", "recreate", "extend 1h", "pin 0123456", "rollback 0123456", "unpin"]
)
@pytest.mark.parametrize("by", [MALLORY, ADA])
def test_who_may_not_write_is_refused_in_one_sentence(fork: House, words: str, by: Author) -> None:
    comment = say(fork, f"/ephemera {words}", by)
    obey(fork)
    assert (states(fork), asked(fork)) == (["refused"], [])
    assert "permission to write to `Acme/Shop`" in answer(fork)
    assert fork.people.reactions == [(comment, Reaction.SEEN), (comment, Reaction.REFUSED)]


def test_button_of_somebody_who_may_not_write_does_nothing(fork: House) -> None:
    press(fork, "destroy", MALLORY)
    obey(fork)
    assert (states(fork), asked(fork)) == (["refused"], [])


def test_button_that_is_not_known_is_refused(seen: House) -> None:
    press(seen, "explode")
    obey(seen)
    assert (states(seen), asked(seen)) == (["refused"], [])


def test_permission_that_is_lost_between_ring_and_act_is_lost(seen: House) -> None:
    say(seen, "/ephemera destroy")
    seen.people.writers.clear()
    obey(seen)
    assert (states(seen), asked(seen)) == (["refused"], [])


def test_permission_is_asked_after_everything_else_was_looked_at(fork: House) -> None:
    say(fork, f"/ephemera approve {SHA[:7]}")
    fork.truth.meanwhile = fork.people.writers.clear
    obey(fork)
    assert (states(fork), fork.values("SELECT count(*) FROM approvals")) == (["refused"], [0])


def change(comment: Comment, **changes: Any) -> Comment:
    """The comment, otherwise."""
    return replace(comment, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"is_edited": True},
        {"is_by_bot": True},
        {"author": MALLORY},
        {"body": "never mind"},
        {"body": "/ephemera recreate"},
        {"body": "> /ephemera destroy"},
        {"body": "```\n/ephemera destroy\n```"},
    ],
)
def test_comment_that_is_another_one_when_it_is_read_is_no_command(seen: House, changes: dict[str, Any]) -> None:
    comment = say(seen, "/ephemera destroy")
    seen.people.comments[comment] = change(seen.people.comments[comment], **changes)
    obey(seen)
    assert (states(seen), asked(seen), seen.people.reactions) == (["void"], [], [])
    assert seen.environment().answer is None
    assert len(seen.values("SELECT id FROM events WHERE kind = 'disregarded'")) == 1


def test_comment_that_was_deleted_is_no_command(seen: House) -> None:
    del seen.people.comments[say(seen, "/ephemera destroy")]
    obey(seen)
    assert (states(seen), asked(seen)) == (["void"], [])


@pytest.mark.parametrize("words", ["deploi", "extend 15d", "destroy\u202e", "pin main"])
def test_mistake_is_answered_and_nothing_is_done(seen: House, words: str) -> None:
    comment = say(seen, f"/ephemera {words}")
    obey(seen)
    assert (states(seen), asked(seen)) == (["refused"], [])
    assert (comment, Reaction.REFUSED) in seen.people.reactions
    shown = seen.environment().answer
    assert shown is not None
    assert shown.is_refusal
    assert shown.text.isascii()


def test_first_of_several_commands_is_obeyed_and_that_is_said(seen: House) -> None:
    say(seen, "/ephemera extend 2h\n/ephemera destroy")
    obey(seen)
    assert asked(seen) == ["command.extend"]
    assert "Only the first command of a comment counts." in answer(seen)


def test_commit_that_nothing_is_recorded_of_is_not_rolled_back_to(seen: House) -> None:
    say(seen, f"/ephemera rollback {OLD_SHA}")
    obey(seen)
    assert (states(seen), asked(seen), column(seen, "rollback")) == (["refused"], [], None)


def test_rollback_is_obeyed_and_says_what_runs(seen: House) -> None:
    published(seen.store, seen.environment().id, ELDER)
    say(seen, f"/ephemera rollback {ELDER[:9]}")
    obey(seen)
    assert (states(seen), asked(seen)) == (["done"], ["command.rollback"])
    assert f"commit `{SHA[:12]}`, the newest of this pull request, as commit `{ELDER[:12]}`" in answer(seen)


def test_commit_that_nobody_knows_cannot_be_pinned(seen: House) -> None:
    say(seen, f"/ephemera pin {OLD_SHA}")
    obey(seen)
    assert (states(seen), column(seen, "pinned_sha")) == (["refused"], None)
    assert SHA[:12] in answer(seen)


# Approvals


@pytest.mark.parametrize("words", [SHA, SHA[:7], SHA[:12].upper()])
def test_head_of_a_fork_is_approved_in_full(fork: House, words: str) -> None:
    say(fork, f"/ephemera approve {words}")
    obey(fork)
    assert states(fork) == ["done"]
    assert fork.values("SELECT commit_sha FROM approvals") == [SHA]
    assert fork.values("SELECT approver_id FROM approvals") == [GRACE.id]


def test_button_approves_the_commit_that_it_stands_on(fork: House) -> None:
    press(fork, "approve")
    obey(fork)
    assert fork.values("SELECT commit_sha FROM approvals") == [SHA]
    assert fork.values("SELECT source FROM approvals") == ["button"]


@pytest.mark.parametrize(
    ("words", "works"),
    [
        ("approve", f"`/ephemera approve {SHA[:12]}`"),
        (f"approve {OLD_SHA}", f"`/ephemera approve {SHA[:12]}`"),
        (f"approve {OLD_SHA[:7]}", f"`/ephemera approve {SHA[:12]}`"),
    ],
)
def test_approval_of_anything_but_the_head_is_refused_naming_the_head(fork: House, words: str, works: str) -> None:
    say(fork, f"/ephemera {words}")
    obey(fork)
    assert (states(fork), fork.values("SELECT count(*) FROM approvals")) == (["refused"], [0])
    assert works in answer(fork)


def test_push_between_comment_and_act_is_not_approved(fork: House) -> None:
    say(fork, f"/ephemera approve {SHA[:12]}")
    fork.truth.pull_requests[42] = pull_request(head_repository_id=FORK, head_sha=OLD_SHA)
    obey(fork)
    assert (states(fork), fork.values("SELECT count(*) FROM approvals")) == (["refused"], [0])


def test_button_of_an_older_commit_does_not_approve_the_head(fork: House) -> None:
    fork.truth.pull_requests[42] = pull_request(head_repository_id=FORK, head_sha=OLD_SHA)
    press(fork, "approve", head_sha=SHA)
    obey(fork)
    assert (states(fork), fork.values("SELECT count(*) FROM approvals")) == (["refused"], [0])


def test_commit_that_begins_like_one_seen_before_is_not_taken_for_it(fork: House) -> None:
    twin = SHA[:12] + "b" * 28
    fork.truth.pull_requests[42] = pull_request(head_repository_id=FORK, head_sha=twin)
    fork.deliver("d-2", "synchronize")
    fork.deliver("d-3", "edited")
    fork.settle([Ring.DECIDE])
    say(fork, f"/ephemera approve {SHA[:12]}")
    obey(fork)
    assert (states(fork), fork.values("SELECT count(*) FROM approvals")) == (["refused"], [0])
    assert "say the whole id" in answer(fork)
    say(fork, f"/ephemera approve {twin}")
    obey(fork)
    assert fork.values("SELECT commit_sha FROM approvals") == [twin]


def test_author_of_a_fork_may_not_approve_even_who_may_write(fork: House) -> None:
    fork.people.writers.add(ADA.id)
    say(fork, f"/ephemera approve {SHA}", ADA)
    obey(fork)
    assert (states(fork), fork.values("SELECT count(*) FROM approvals")) == (["refused"], [0])


def test_commit_of_the_repository_itself_needs_no_approval(seen: House) -> None:
    say(seen, f"/ephemera approve {SHA}")
    obey(seen)
    assert (states(seen), seen.values("SELECT count(*) FROM approvals")) == (["refused"], [0])


# GitHub that cannot be asked


def test_what_cannot_be_found_out_is_tried_again_and_not_done(seen: House) -> None:
    say(seen, "/ephemera destroy")
    seen.people.error = Transient("asking: GitHub answered 502", timedelta(minutes=2))
    obey(seen)
    assert (states(seen), asked(seen)) == (["waiting"], [])
    assert seen.values("SELECT retry_at > now() + interval '1 minute' FROM commands") == [True]
    seen.people.error = None
    obey(seen)
    assert states(seen) == ["waiting"]
    again(seen)
    obey(seen)
    assert (states(seen), asked(seen)) == (["done"], ["command.destroy"])


@pytest.mark.parametrize("error", [Transient("GitHub answered 502"), Stalled("the App lacks issues: read")])
def test_what_can_never_be_found_out_is_refused_in_the_end(seen: House, error: Transient | Stalled) -> None:
    say(seen, "/ephemera destroy")
    seen.people.error = error
    for _ in range(MOST_TRIES):
        again(seen)
        obey(seen)
    assert (states(seen), asked(seen)) == (["refused"], [])
    assert "say it again" in answer(seen)


def test_reaction_that_fails_holds_up_nothing(seen: House) -> None:
    seen.people.react_error = Transient("reacting: GitHub answered 502")
    say(seen, "/ephemera destroy")
    obey(seen)
    assert (states(seen), asked(seen)) == (["done"], ["command.destroy"])


def test_waiting_command_is_rung_for_by_the_sweep(seen: House) -> None:
    say(seen, "/ephemera destroy")
    seen.bell.rung.clear()
    seen.sweeper.ring_for_what_is_behind()
    assert Ring.OBEY in seen.bell.rung


def test_command_is_obeyed_once_however_often_the_job_runs(seen: House) -> None:
    say(seen, "/ephemera redeploy")
    for _ in range(3):
        obey(seen)
    assert column(seen, "redeploys") == 1


def test_removal_and_return_by_words_ends_in_git(seen: House) -> None:
    seen.settle()
    folder = seen.environment().place.folder
    assert seen.has(folder)
    for words, is_there in (("destroy", False), ("deploy", True)):
        say(seen, f"/ephemera {words}")
        obey(seen)
        seen.settle()
        assert seen.has(folder) == is_there


def again(house: House) -> None:
    """Let the time come for what was put off."""
    with house.store.begin() as session:
        session.execute(text("UPDATE commands SET retry_at = NULL WHERE state = 'waiting'"))
