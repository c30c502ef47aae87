"""A webhook's body as a doorbell: it names a pull request to look at, and nothing else is believed.

The signature covers the body alone (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries).
The headers with the event's name and the delivery's id are unsigned: they label what is kept and decide nothing.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from app.domain.pull_request import RepositoryRef
from app.errors import shown
from app.store.asking import HIGH, LOW, Ask, Receipt

MARKED = "marked"
IGNORED = "ignored"
QUARANTINED = "quarantined"

ACTIONS = frozenset(
    {
        "opened",
        "reopened",
        "synchronize",
        "closed",
        "labeled",
        "unlabeled",
        "edited",
        "ready_for_review",
        "converted_to_draft",
    }
)
"""What can change whether an environment should exist, or which commit it runs."""

_MAX_ID = 2**63 - 1
_MAX_NUMBER = 2**31 - 1
_ADVICE = "Nothing was done. Correct what sends it, then deliver it again"
_PRINTABLE = re.compile(r"[ -~]{1,100}")
_ACTION = re.compile(r"[a-z_]{1,50}")
# Accounts: alphanumeric with hyphens, and underscores where an enterprise manages them. Repositories: at most 100
# characters (https://docs.github.com/en/rest/repos/repos#create-an-organization-repository).
_FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?")


class _Odd(Exception):
    """The body cannot be used; says which field, its value and what to do."""


def delivery_id(header: str | None, body: bytes) -> str:
    """What GitHub calls the delivery; where that is missing or unusable, a name made of the body itself."""
    if header is not None and _PRINTABLE.fullmatch(header):
        return header
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def parse_doorbell(delivery: str, event_header: str | None, body: bytes) -> Receipt:
    """What to keep of a delivery, with the mark it asks for where it names a pull request.

    Raises nothing: a body that cannot be used is quarantined with the reason. The event's name only tells a
    pull request's payload that is broken from one that was never about a pull request.
    """
    event = event_header if event_header and _PRINTABLE.fullmatch(event_header) else "unknown"
    action: str | None = None
    try:
        payload = _payload(body)
        action = _action(payload)
        if (reason := _why_ignored(event, payload, action)) is not None:
            return Receipt(delivery, event, action, body, IGNORED, reason)
        return Receipt(delivery, event, action, body, MARKED, ask=_ask(delivery, payload, action))
    except _Odd as odd:
        return Receipt(delivery, event, action, body, QUARANTINED, str(odd))


def _payload(body: bytes) -> Mapping[str, Any]:
    if body.startswith(b"payload="):
        raise _Odd("body is form-encoded; set the webhook's content type to application/json and deliver it again")
    try:
        payload = json.loads(body.decode())
    except UnicodeDecodeError as error:
        raise _Odd(f"body is not UTF-8 at byte {error.start}: {shown(body[error.start :][:40])}; {_ADVICE}") from error
    except RecursionError as error:
        raise _Odd(f"body is nested too deep: {shown(body[:80])}; {_ADVICE}") from error
    except ValueError as error:
        raise _Odd(f"body is not JSON, {str(error)[:200]}: {shown(body[:80])}; {_ADVICE}") from error
    if not isinstance(payload, dict):
        raise _wrong("body", payload, "an object")
    return payload


def _action(payload: Mapping[str, Any]) -> str | None:
    action = payload.get("action")
    return action if isinstance(action, str) and _ACTION.fullmatch(action) else None


def _why_ignored(event: str, payload: Mapping[str, Any], action: str | None) -> str | None:
    if event != "pull_request" and not isinstance(payload.get("pull_request"), dict):
        return "it is not about one pull request"
    if action is not None and action not in ACTIONS:
        return f"{action} changes nothing about an environment"
    return None if event == "pull_request" or action is not None else "it names no action"


def _ask(delivery: str, payload: Mapping[str, Any], action: str | None) -> Ask:
    if action is None:
        raise _wrong("action", payload.get("action"), "one of GitHub's actions of a pull_request event")
    pull_request = _object(payload, "pull_request")
    number = payload.get("number", pull_request.get("number"))
    return Ask(
        repository=_repository(payload),
        number=_integer("number", number, _MAX_NUMBER),
        by=_sender(payload),
        reason=f"pull_request.{action}",
        queue=LOW if action == "closed" else HIGH,
        delivery=delivery,
    )


def _repository(payload: Mapping[str, Any]) -> RepositoryRef:
    repository = _object(payload, "repository")
    full_name = repository.get("full_name")
    if not isinstance(full_name, str) or not _FULL_NAME.fullmatch(full_name):
        raise _wrong("repository.full_name", full_name, "owner/name, as GitHub allows them")
    installation = None
    if payload.get("installation") is not None:
        installation = _integer("installation.id", _object(payload, "installation").get("id"), _MAX_ID)
    return RepositoryRef(_integer("repository.id", repository.get("id"), _MAX_ID), full_name, installation)


def _sender(payload: Mapping[str, Any]) -> str:
    sender = payload.get("sender")
    login = sender.get("login") if isinstance(sender, dict) else None
    return login if isinstance(login, str) and _LOGIN.fullmatch(login) else "unknown"


def _object(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = payload.get(name)
    if not isinstance(value, dict):
        raise _wrong(name, value, "an object")
    return value


def _integer(name: str, value: object, highest: int) -> int:
    # bool is an int in Python, not in JSON.
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= highest:
        return value
    raise _wrong(name, value, f"an integer from 1 to {highest}")


def _wrong(name: str, value: object, wanted: str) -> _Odd:
    return _Odd(f"{name} is {shown(value)}; it must be {wanted}. {_ADVICE}")
