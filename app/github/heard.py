"""What GitHub tells about people and its own deliveries: comments, permissions, attempts to deliver.

Shapes: https://docs.github.com/en/rest (issues/comments, collaborators, apps/webhooks).
"""

from dataclasses import dataclass
from typing import Any

from app.domain.pull_request import Author
from app.github import parse
from app.github.exchange import Request
from app.github.fields import Field
from app.ports import Comment, HookDelivery


@dataclass(frozen=True, slots=True)
class Permission:
    """What an account may do in a repository."""

    level: str
    """`admin`, `write`, `read` or `none`; maintain counts as write, triage as read."""
    account: Author | None
    """Whose it is; None where GitHub does not say."""
    kind: str | None
    """`User`, `Bot`, `Organization`, `Mannequin`."""


def comment(request: Request, answer: Any) -> Comment:
    """What `GET /repos/{owner}/{repo}/issues/comments/{id}` answers.

    REST tells of an edit only by the times, to the second: an edit within the second of its creation is not seen.
    """
    found = Field(request, answer)
    user = found.find("user")
    return Comment(
        id=found.get("id").number(),
        author=parse.author(user),
        is_by_bot=found.find("performed_via_github_app") is not None or (user is not None and _kind(user) == "Bot"),
        body=found.words("body") or "",
        is_edited=found.get("updated_at").time() != found.get("created_at").time(),
    )


def permission(request: Request, answer: Any) -> Permission:
    """What `GET /repos/{owner}/{repo}/collaborators/{username}/permission` answers."""
    found = Field(request, answer)
    user = found.find("user")
    return Permission(found.get("permission").text(), parse.author(user) if user else None, _kind(user))


def deliveries(request: Request, page: Any) -> list[HookDelivery]:
    """A page of `GET /app/hook/deliveries`."""
    return [_delivery(item) for item in Field(request, page).items()]


def _delivery(found: Field) -> HookDelivery:
    status = found.get("status_code").number()
    return HookDelivery(
        id=found.get("id").number(),
        guid=found.get("guid").text(),
        delivered_at=found.get("delivered_at").time(),
        is_delivered=200 <= status < 300,
    )


def _kind(user: Field | None) -> str | None:
    return user.words("type") if user else None
