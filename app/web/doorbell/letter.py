"""One delivery while it is read: its payload's fields, each checked before it is used, and the receipt it gets."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.command import CommandBell
from app.domain.pull_request import Author, RepositoryRef
from app.errors import shown
from app.store.asking import Ask, Receipt

MARKED = "marked"
IGNORED = "ignored"
QUARANTINED = "quarantined"

MAX_ID = 2**63 - 1
MAX_NUMBER = 2**31 - 1

_ADVICE = "Nothing was done. Correct what sends it, then deliver it again"
_ACTION = re.compile(r"[a-z_]{1,50}")
# Accounts: alphanumeric with hyphens, and underscores where an enterprise manages them. Repositories: at most 100
# characters (https://docs.github.com/en/rest/repos/repos#create-an-organization-repository).
_FULL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?")
# SHA-1, or SHA-256 in repositories made so (https://git-scm.com/docs/hash-function-transition).
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


class Odd(Exception):
    """The body cannot be used; says which field, its value and what to do."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery that was read as JSON."""

    delivery: str
    event: str
    """What an unsigned header calls it."""
    action: str | None
    payload: Mapping[str, Any]
    body: bytes

    def is_about(self, *names: str) -> bool:
        """The payload has an object under each name."""
        return all(isinstance(self.payload.get(name), dict) for name in names)

    def asks(self, ask: Ask) -> Receipt:
        """The receipt of one that marks a pull request."""
        return Receipt(self.delivery, self.event, self.action, self.body, MARKED, ask=ask)

    def commands(self, bell: CommandBell) -> Receipt:
        """The receipt of one by which somebody asks for something."""
        return Receipt(self.delivery, self.event, self.action, self.body, MARKED, command=bell)

    def ignored(self, reason: str) -> Receipt:
        """The receipt of one that asks for nothing, with the reason."""
        return Receipt(self.delivery, self.event, self.action, self.body, IGNORED, reason)


def payload_of(body: bytes) -> Mapping[str, Any]:
    """The body as an object. Raises Odd."""
    if body.startswith(b"payload="):
        raise Odd("body is form-encoded; set the webhook's content type to application/json and deliver it again")
    try:
        payload = json.loads(body.decode())
    except UnicodeDecodeError as error:
        raise Odd(f"body is not UTF-8 at byte {error.start}: {shown(body[error.start :][:40])}; {_ADVICE}") from error
    except RecursionError as error:
        raise Odd(f"body is nested too deep: {shown(body[:80])}; {_ADVICE}") from error
    except ValueError as error:
        raise Odd(f"body is not JSON, {str(error)[:200]}: {shown(body[:80])}; {_ADVICE}") from error
    if not isinstance(payload, dict):
        raise wrong("body", payload, "an object")
    return payload


def action_of(payload: Mapping[str, Any]) -> str | None:
    """The payload's action; None where it has none that could be GitHub's."""
    action = payload.get("action")
    return action if isinstance(action, str) and _ACTION.fullmatch(action) else None


def repository_of(payload: Mapping[str, Any]) -> RepositoryRef:
    """The repository that it is about, with the installation where one is named. Raises Odd."""
    repository = inner(payload, "repository")
    full_name = repository.get("full_name")
    if not isinstance(full_name, str) or not _FULL_NAME.fullmatch(full_name):
        raise wrong("repository.full_name", full_name, "owner/name, as GitHub allows them")
    installation = None
    if payload.get("installation") is not None:
        installation = integer("installation.id", inner(payload, "installation").get("id"))
    return RepositoryRef(integer("repository.id", repository.get("id")), full_name, installation)


def sender_of(payload: Mapping[str, Any]) -> str:
    """The login of whoever caused it; `unknown` where that is none."""
    sender = payload.get("sender")
    login = sender.get("login") if isinstance(sender, dict) else None
    return login if isinstance(login, str) and _LOGIN.fullmatch(login) else "unknown"


def account(name: str, value: object) -> Author:
    """The account as id and login. Raises Odd."""
    if not isinstance(value, dict):
        raise wrong(name, value, "an object")
    login = value.get("login")
    if not isinstance(login, str) or not _LOGIN.fullmatch(login):
        raise wrong(f"{name}.login", login, "a login, as GitHub allows them")
    return Author(integer(f"{name}.id", value.get("id")), login)


def sha(name: str, value: object) -> str:
    """The value, where it is the id of a commit. Raises Odd."""
    if isinstance(value, str) and _SHA.fullmatch(value):
        return value
    raise wrong(name, value, "the id of a commit")


def inner(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object under the name. Raises Odd."""
    value = payload.get(name)
    if not isinstance(value, dict):
        raise wrong(name, value, "an object")
    return value


def integer(name: str, value: object, highest: int = MAX_ID) -> int:
    """The value, where it is an integer from 1. Raises Odd."""
    # bool is an int in Python, not in JSON.
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= highest:
        return value
    raise wrong(name, value, f"an integer from 1 to {highest}")


def wrong(name: str, value: object, wanted: str) -> Odd:
    """The error that says what is wrong with a field."""
    return Odd(f"{name} is {shown(value)}; it must be {wanted}. {_ADVICE}")
