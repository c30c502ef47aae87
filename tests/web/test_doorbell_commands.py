"""What is read from the webhooks by which people say something: comments, buttons, checks asked for again."""

import hashlib
import json
from typing import Any

import pytest

from app.domain.command import Source
from app.domain.pull_request import Author
from app.store.asking import Receipt
from app.web.doorbell import IGNORED, MARKED, QUARANTINED, parse_doorbell

APP = "4711"
HEAD = "d6fde92930d4715a2b49857d24b940956b26d2d3"
REPOSITORY = {"id": 7, "full_name": "Acme/Shop"}
ADA = {"login": "ada", "id": 1, "type": "User"}

COMMENT: dict[str, Any] = {
    "action": "created",
    "issue": {"number": 42, "pull_request": {"url": "https://api.github.com/x"}},
    "comment": {"id": 99, "body": "/ephemera destroy", "user": ADA},
    "repository": REPOSITORY,
    "installation": {"id": 70},
    "sender": ADA,
}
RUN: dict[str, Any] = {
    "action": "requested_action",
    "check_run": {"id": 5, "name": "ephemera", "external_id": "3", "head_sha": HEAD, "app": {"id": int(APP)}},
    "requested_action": {"identifier": "extend"},
    "repository": REPOSITORY,
    "sender": ADA,
}
SUITE: dict[str, Any] = {
    "action": "rerequested",
    "check_suite": {"id": 6, "head_sha": HEAD, "app": {"id": int(APP)}},
    "repository": REPOSITORY,
    "sender": ADA,
}


def read(payload: dict[str, Any], event: str = "any") -> Receipt:
    """The receipt of a delivery."""
    return parse_doorbell("d-1", event, json.dumps(payload).encode(), APP)


def changed(payload: dict[str, Any], part: str, **changes: Any) -> dict[str, Any]:
    """The payload with some fields of one of its objects replaced."""
    return payload | {part: payload[part] | changes}


def test_command_below_a_pull_request_names_the_comment_and_who_wrote_it() -> None:
    receipt = read(COMMENT)
    bell = receipt.command
    assert bell is not None
    assert (receipt.outcome, receipt.ask) == (MARKED, None)
    assert (bell.source, bell.actor, bell.number, bell.comment_id) == (Source.COMMENT, Author(1, "ada"), 42, 99)
    assert (bell.repository.id, bell.repository.installation_id) == (7, 70)
    assert bell.digest == hashlib.sha256(b"comment:99").digest()


@pytest.mark.parametrize("event", ["issue_comment", "pull_request", "push", "../x", "installation"])
@pytest.mark.parametrize("payload", [COMMENT, RUN, SUITE])
def test_event_header_decides_nothing_about_what_people_say(payload: dict[str, Any], event: str) -> None:
    assert read(payload, event).command == read(payload).command is not None


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (COMMENT | {"action": "edited"}, "only a new comment can hold a command"),
        (COMMENT | {"action": "deleted"}, "only a new comment can hold a command"),
        (COMMENT | {"action": None}, "only a new comment can hold a command"),
        (COMMENT | {"issue": {"number": 42}}, "the comment is not on a pull request"),
        (changed(COMMENT, "comment", body="> /ephemera destroy"), "the comment holds no command"),
        (changed(COMMENT, "comment", body="see `/ephemera help`"), "the comment holds no command"),
        (changed(COMMENT, "comment", body=None), "the comment holds no command"),
        (changed(COMMENT, "comment", user=ADA | {"type": "Bot"}), "the comment was not written by a person"),
        (changed(COMMENT, "comment", user=None), "the comment was not written by a person"),
        (RUN | {"action": "created"}, "created of a check run asks for nothing"),
        (RUN | {"action": "completed"}, "completed of a check run asks for nothing"),
        (changed(RUN, "check_run", app={"id": 1}), "the check run is another's"),
        (changed(RUN, "check_run", app=None), "the check run is another's"),
        (changed(RUN, "check_run", name="tests"), "the check run is another's"),
        (SUITE | {"action": "requested"}, "requested of a check suite asks for nothing"),
        (changed(SUITE, "check_suite", app={"id": 1}), "the check suite is another's"),
    ],
)
def test_what_asks_for_nothing_is_ignored_with_the_reason(payload: dict[str, Any], reason: str) -> None:
    receipt = read(payload)
    assert (receipt.outcome, receipt.reason, receipt.command) == (IGNORED, reason, None)


def test_button_names_the_environment_the_commit_and_which_it_was() -> None:
    receipt = read(RUN)
    bell = receipt.command
    assert bell is not None
    assert (bell.source, bell.environment_id, bell.head_sha, bell.identifier) == (Source.BUTTON, 3, HEAD, "extend")
    assert bell.digest == hashlib.sha256(receipt.body).digest()


def test_app_is_known_by_its_client_id_as_well() -> None:
    body = json.dumps(changed(RUN, "check_run", app={"id": 9, "client_id": "Iv1.0123"})).encode()
    assert parse_doorbell("d-1", "check_run", body, "Iv1.0123").outcome == MARKED
    assert parse_doorbell("d-1", "check_run", body, APP).outcome == IGNORED


def test_check_run_that_is_asked_for_again_names_the_environment() -> None:
    bell = read(RUN | {"action": "rerequested"}).command
    assert bell is not None
    assert (bell.source, bell.environment_id, bell.identifier) == (Source.REREQUEST, 3, None)


def test_check_suite_that_is_asked_for_again_names_the_commit_alone() -> None:
    bell = read(SUITE).command
    assert bell is not None
    assert (bell.source, bell.environment_id, bell.number, bell.head_sha) == (Source.REREQUEST, None, None, HEAD)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (changed(COMMENT, "comment", id="99"), "comment.id is '99'"),
        (changed(COMMENT, "comment", user=ADA | {"login": "a\nb"}), "comment.user.login is 'a\\nb'"),
        (changed(COMMENT, "comment", user=ADA | {"id": 0}), "comment.user.id is 0"),
        (changed(COMMENT, "issue", number=-1), "issue.number is -1"),
        (COMMENT | {"repository": None}, "repository is None"),
        (changed(RUN, "check_run", external_id="3; DROP"), "check_run.external_id is '3; DROP'"),
        (changed(RUN, "check_run", external_id=""), "check_run.external_id is ''"),
        (changed(RUN, "check_run", external_id="9999999999"), "check_run.external_id is 9999999999"),
        (changed(RUN, "check_run", head_sha="main"), "check_run.head_sha is 'main'"),
        (RUN | {"requested_action": None}, "requested_action is None"),
        (RUN | {"requested_action": {"identifier": "Ext end"}}, "requested_action.identifier is 'Ext end'"),
        (RUN | {"sender": None}, "sender is None"),
        (changed(SUITE, "check_suite", head_sha=None), "check_suite.head_sha is None"),
    ],
)
def test_wrong_shape_is_quarantined_naming_the_field(payload: dict[str, Any], field: str) -> None:
    receipt = read(payload)
    assert (receipt.outcome, receipt.command) == (QUARANTINED, None)
    assert receipt.reason is not None
    assert receipt.reason.startswith(field)


@pytest.mark.parametrize("event", ["issue_comment", "check_run", "check_suite"])
def test_broken_payload_is_told_from_one_about_something_else(event: str) -> None:
    action = {"issue_comment": "created", "check_run": "rerequested", "check_suite": "rerequested"}[event]
    assert read({"action": action}, event).outcome == QUARANTINED
    assert read({"action": action}, "push").outcome == IGNORED
