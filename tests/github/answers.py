"""GitHub's JSON, as small as the product needs it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.permissions import EVENTS, needed
from app.domain.pull_request import RepositoryRef
from app.github.permissions import speaking
from app.github.tokens import Scope
from tests.github.scripted import Reply

SHA = "0123456789abcdef0123456789abcdef01234567"
SHOP = RepositoryRef(7, "acme/shop", 5)
IN_SHOP = Scope(5, 7, speaking(sets_statuses=True), "acme/shop")
"""The token with which acme/shop is read and written to."""


def token_reply(token: str, life: timedelta = timedelta(hours=1)) -> Reply:
    """A new installation token."""
    expires_at = (datetime.now(UTC) + life).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Reply(201, {"token": token, "expires_at": expires_at})


def repository(**changes: Any) -> dict[str, Any]:
    """Repository acme/shop."""
    return {"id": 7, "full_name": "acme/shop", **changes}


def pull_request(number: int = 42, **changes: Any) -> dict[str, Any]:
    """An open pull request of acme/shop."""
    return {
        "number": number,
        "title": "Sell more 😀",
        "user": {"id": 3, "login": "ada"},
        "state": "open",
        "merged_at": None,
        "draft": False,
        "base": {"ref": "main", "repo": repository()},
        "head": {"sha": SHA, "ref": "sell", "repo": {"id": 7}},
        **changes,
    }


def installation(number: int = 5, **changes: Any) -> dict[str, Any]:
    """The App on account acme, with all that is needed."""
    permissions = needed()
    return {"id": number, "account": {"login": "acme"}, "suspended_at": None, "permissions": permissions, **changes}


def app(**changes: Any) -> dict[str, Any]:
    """The App."""
    permissions = installation()["permissions"]
    known = {"id": 1, "slug": "ephemera-test", "name": "Ephemera test", "events": [event.name for event in EVENTS]}
    return {**known, "permissions": permissions, **changes}
