"""What is read from a webhook's body."""

import json
from typing import Any

import pytest

from app.store.asking import HIGH, LOW
from app.web.doorbell import ACTIONS, IGNORED, MARKED, QUARANTINED, delivery_id, parse_doorbell

ORDINARY: dict[str, Any] = {
    "action": "opened",
    "number": 42,
    "pull_request": {"number": 42},
    "repository": {"id": 7, "full_name": "Acme/Shop"},
    "installation": {"id": 70},
    "sender": {"login": "ada"},
}


def body(**changes: Any) -> bytes:
    """An ordinary body with some fields replaced; None removes one."""
    changed = ORDINARY | changes
    return json.dumps({name: value for name, value in changed.items() if value is not None}).encode()


def test_pull_request_is_named_by_the_body_alone() -> None:
    receipt = parse_doorbell("d-1", "pull_request", body())
    assert receipt.ask is not None
    assert (receipt.outcome, receipt.event, receipt.action) == (MARKED, "pull_request", "opened")
    repository = receipt.ask.repository
    assert (repository.id, repository.full_name, repository.installation_id) == (7, "Acme/Shop", 70)
    assert (receipt.ask.number, receipt.ask.by, receipt.ask.reason) == (42, "ada", "pull_request.opened")
    assert receipt.ask.delivery == "d-1"


@pytest.mark.parametrize("event", ["ping", "push", "../../etc/passwd", "x" * 101, "naïve", "", None])
def test_event_header_decides_nothing_about_a_good_body(event: str | None) -> None:
    assert parse_doorbell("d-1", event, body()).outcome == MARKED


@pytest.mark.parametrize("event", ["x" * 101, "naïve", "", None, "a\nb"])
def test_unusable_event_header_is_kept_as_unknown(event: str | None) -> None:
    assert parse_doorbell("d-1", event, body()).event == "unknown"


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_closing_goes_to_the_queue_for_cleaning_up_and_everything_else_first(action: str) -> None:
    receipt = parse_doorbell("d-1", "pull_request", body(action=action))
    assert receipt.ask is not None
    assert receipt.ask.queue == (LOW if action == "closed" else HIGH)


def test_installation_may_be_missing() -> None:
    receipt = parse_doorbell("d-1", "pull_request", body(installation=None))
    assert receipt.ask is not None
    assert receipt.ask.repository.installation_id is None


def test_number_is_found_in_the_pull_request_where_the_event_has_none() -> None:
    receipt = parse_doorbell("d-1", "pull_request_review", body(number=None, action="edited"))
    assert receipt.ask is not None
    assert receipt.ask.number == 42


@pytest.mark.parametrize(
    ("sender", "by"),
    [
        ({"login": "dependabot[bot]"}, "dependabot[bot]"),
        ({"login": "ada_corp"}, "ada_corp"),
        ({"login": "ada\n[CRITICAL] forged"}, "unknown"),
        ({"login": 7}, "unknown"),
        ("ada", "unknown"),
        (None, "unknown"),
    ],
)
def test_sender_is_only_believed_where_it_is_a_login(sender: object, by: str) -> None:
    receipt = parse_doorbell("d-1", "pull_request", body(sender=sender))
    assert receipt.ask is not None
    assert receipt.ask.by == by


@pytest.mark.parametrize(
    ("event", "content", "reason"),
    [
        ("pull_request", body(action="assigned"), "assigned changes nothing about an environment"),
        ("push", b'{"ref": "refs/heads/main"}', "it is not about one pull request"),
        ("ping", b"{}", "it is not about one pull request"),
        ("ping", body(pull_request=7), "it is not about one pull request"),
        ("something", body(action=None), "it names no action"),
    ],
)
def test_what_changes_nothing_is_ignored_with_the_reason(event: str, content: bytes, reason: str) -> None:
    receipt = parse_doorbell("d-1", event, content)
    assert (receipt.outcome, receipt.reason, receipt.ask) == (IGNORED, reason, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"action": None}, "action is None"),
        ({"action": ["opened"]}, "action is ['opened']"),
        ({"action": "Opened\x00"}, "action is 'Opened\\x00'"),
        ({"pull_request": None}, "pull_request is None"),
        ({"pull_request": [1]}, "pull_request is [1]"),
        ({"number": "42"}, "number is '42'"),
        ({"number": 0}, "number is 0"),
        ({"number": -1}, "number is -1"),
        ({"number": 2**31}, "number is 2147483648"),
        ({"number": 42.0}, "number is 42.0"),
        ({"number": True}, "number is True"),
        ({"repository": None}, "repository is None"),
        ({"repository": {"id": 7}}, "repository.full_name is None"),
        ({"repository": {"id": "7", "full_name": "a/b"}}, "repository.id is '7'"),
        ({"repository": {"id": 2**63, "full_name": "a/b"}}, "repository.id is 9223372036854775808"),
        ({"repository": {"id": 7, "full_name": "a"}}, "repository.full_name is 'a'"),
        ({"repository": {"id": 7, "full_name": "a/b/c"}}, "repository.full_name is 'a/b/c'"),
        ({"repository": {"id": 7, "full_name": "a/.."}}, "repository.full_name is 'a/..'"),
        ({"repository": {"id": 7, "full_name": "a/b\n"}}, "repository.full_name is 'a/b\\n'"),
        ({"repository": {"id": 7, "full_name": "a/b\x00"}}, "repository.full_name is 'a/b\\x00'"),
        ({"repository": {"id": 7, "full_name": "a/\ud800"}}, "repository.full_name is 'a/\\ud800'"),
        ({"repository": {"id": 7, "full_name": "--upload-pack=x/y"}}, "repository.full_name is '--upload-pack=x/y'"),
        ({"installation": 7}, "installation is 7"),
        ({"installation": {"id": "7"}}, "installation.id is '7'"),
    ],
)
def test_wrong_shape_is_quarantined_naming_the_field_and_its_value(changes: dict[str, Any], field: str) -> None:
    receipt = parse_doorbell("d-1", "pull_request", body(**changes))
    assert receipt.outcome == QUARANTINED
    assert receipt.reason is not None
    assert receipt.reason.startswith(field)
    assert "deliver it again" in receipt.reason
    assert receipt.ask is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "body is not JSON"),
        (b"{", "body is not JSON"),
        (b"payload=%7B%7D", "body is form-encoded; set the webhook's content type to application/json"),
        (b"\xff\xfe", "body is not UTF-8 at byte 0"),
        ('{"action": "opened"}'.encode("utf-16"), "body is not UTF-8"),
        ("\ufeff{}".encode(), "body is not JSON"),
        (b'{"a": "\x00"}', "body is not JSON"),
        (b"[" * 100_000, "body is nested too deep"),
        (b'{"a":' * 100_000, "body is nested too deep"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "body is not JSON"),
        (b"[]", "body is []; it must be an object"),
        (b"null", "body is None; it must be an object"),
    ],
)
@pytest.mark.parametrize("event", ["pull_request", "ping"])
def test_unreadable_body_is_quarantined_whatever_the_header_says(event: str, content: bytes, reason: str) -> None:
    receipt = parse_doorbell("d-1", event, content)
    assert (receipt.outcome, receipt.body) == (QUARANTINED, content)
    assert receipt.reason is not None
    assert receipt.reason.startswith(reason)
    assert len(receipt.reason) < 700


def test_long_value_is_cut_in_the_reason() -> None:
    receipt = parse_doorbell("d-1", "pull_request", body(number="x" * 10_000))
    assert receipt.reason is not None
    assert len(receipt.reason) < 400


@pytest.mark.parametrize("header", ["72d3162e-cc78-11e3-81ab-4c9367dc0958", "x", "~" * 100])
def test_delivery_is_called_what_github_calls_it(header: str) -> None:
    assert delivery_id(header, b"{}") == header


@pytest.mark.parametrize("header", [None, "", "x" * 101, "é", "a\x00b", "a\nb"])
def test_delivery_without_a_usable_id_is_called_after_its_body(header: str | None) -> None:
    assert delivery_id(header, b"{}") == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
