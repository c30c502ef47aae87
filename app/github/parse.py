"""GitHub's JSON as values: the App, its installations, repositories, pull requests.

Shapes: https://docs.github.com/en/rest (pulls, apps). Besides this module only `written` and `heard` look into an
answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.pull_request import Author, PullRequest, RepositoryRef
from app.github.exchange import Request
from app.github.fields import Field

GHOST = Author(10137, "ghost")
"""Who GitHub shows in place of a deleted account (https://github.com/ghost)."""

_FULL_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._-]*/(?!\.\.?$)[A-Za-z0-9._-]+"
SHA = r"[0-9a-f]{40}|[0-9a-f]{64}"
"""Of a commit."""
_VISIBLE = r"[\x21-\x7e]+"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An installation token as issued."""

    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class App:
    """The registered App."""

    id: int
    slug: str
    name: str
    permissions: Mapping[str, str]
    events: frozenset[str]

    @property
    def bot_login(self) -> str:
        """Who our comments are by (https://docs.github.com/en/apps, "bot" accounts)."""
        return f"{self.slug}[bot]"


@dataclass(frozen=True, slots=True)
class Installation:
    """The App on one account, with what that account granted."""

    id: int
    account: str
    is_suspended: bool
    permissions: Mapping[str, str]


def access_token(request: Request, answer: Any) -> AccessToken:
    """What `POST /app/installations/{id}/access_tokens` answers."""
    issued = Field(request, answer, is_secret=True)
    return AccessToken(issued.get("token").text(_VISIBLE), issued.get("expires_at").time())


def pull_request(request: Request, answer: Any, installation_id: int) -> PullRequest:
    """What `GET /repos/{owner}/{repo}/pulls/{number}` answers, or one element of the list."""
    return _pull_request(Field(request, answer), installation_id)


def pull_requests(request: Request, page: Any, installation_id: int) -> list[PullRequest]:
    """A page of `GET /repos/{owner}/{repo}/pulls`."""
    return [_pull_request(item, installation_id) for item in Field(request, page).items()]


def repository(request: Request, answer: Any, installation_id: int) -> RepositoryRef:
    """What `GET /repos/{owner}/{repo}` answers."""
    return _repository(Field(request, answer), installation_id)


def repositories(request: Request, page: Any, installation_id: int) -> list[RepositoryRef]:
    """A page of `GET /installation/repositories`."""
    found = Field(request, page).get("repositories").items()
    return [_repository(item, installation_id) for item in found]


def app(request: Request, answer: Any) -> App:
    """What `GET /app` answers."""
    found = Field(request, answer)
    events = found.find("events")
    return App(
        found.get("id").number(),
        found.get("slug").text(),
        (found.find("name") or found.get("slug")).text(),
        _permissions(found),
        frozenset(event.text() for event in events.items()) if events else frozenset(),
    )


def installation(request: Request, answer: Any) -> Installation:
    """What `GET /repos/{owner}/{repo}/installation` and `GET /app/installations/{id}` answer."""
    return _installation(Field(request, answer))


def installations(request: Request, page: Any) -> list[Installation]:
    """A page of `GET /app/installations`."""
    return [_installation(item) for item in Field(request, page).items()]


def author(user: Field | None) -> Author:
    """An account; a deleted one is GitHub's ghost."""
    return Author(user.get("id").number(), user.get("login").text()) if user else GHOST


def _pull_request(found: Field, installation_id: int) -> PullRequest:
    head, base = found.get("head"), found.get("base")
    head_repository = head.find("repo")
    return PullRequest(
        repository=_repository(base.get("repo"), installation_id),
        number=found.get("number").number(),
        title=found.get("title").text(),
        author=author(found.find("user")),
        is_open=found.get("state").text("open|closed") == "open",
        is_merged=found.find("merged_at") is not None,
        is_draft=_is_draft(found),
        base_ref=base.get("ref").text(),
        head_sha=head.get("sha").text(SHA),
        head_repository_id=head_repository.get("id").number() if head_repository else None,
    )


def _is_draft(found: Field) -> bool:
    draft = found.find("draft")
    return draft is not None and draft.flag()


def _repository(found: Field, installation_id: int) -> RepositoryRef:
    return RepositoryRef(found.get("id").number(), found.get("full_name").text(_FULL_NAME), installation_id)


def _installation(found: Field) -> Installation:
    account = found.find("account")
    # An enterprise has no login but a slug.
    name = (account.find("login") or account.get("slug")).text() if account else "a deleted account"
    return Installation(found.get("id").number(), name, found.find("suspended_at") is not None, _permissions(found))


def _permissions(found: Field) -> dict[str, str]:
    """None where they are not told: nobody reads them who could not go on without."""
    permissions = found.find("permissions")
    return permissions.names() if permissions else {}
