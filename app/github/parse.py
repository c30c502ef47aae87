"""GitHub's JSON as values. Nothing else in this package looks into an answer.

Shapes: https://docs.github.com/en/rest (pulls, apps, checks, issues, commits).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.domain.pull_request import Author, PullRequest, RepositoryRef
from app.github.exchange import Request
from app.github.fields import Field

GHOST = Author(10137, "ghost")
"""Who GitHub shows in place of a deleted account (https://github.com/ghost)."""

_FULL_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._-]*/(?!\.\.?$)[A-Za-z0-9._-]+"
_SHA = r"[0-9a-f]{40}|[0-9a-f]{64}"
_VISIBLE = r"[\x21-\x7e]+"
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"


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


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A check run that GitHub has."""

    id: int
    name: str
    external_id: str | None
    app_id: int | None
    status: str
    conclusion: str | None


@dataclass(frozen=True, slots=True)
class KnownStatus:
    """The newest commit status of a context."""

    context: str
    state: str
    description: str | None
    target_url: str | None


@dataclass(frozen=True, slots=True)
class KnownComment:
    """A comment on a pull request."""

    id: int
    first_line: str
    login: str
    app_id: int | None
    """The App that wrote it; None for people, and where GitHub does not say."""


def access_token(request: Request, answer: Any) -> AccessToken:
    """What `POST /app/installations/{id}/access_tokens` answers."""
    issued = Field(request, answer, is_secret=True)
    expires_at = datetime.fromisoformat(issued.get("expires_at").text(_TIME))
    return AccessToken(issued.get("token").text(_VISIBLE), expires_at.astimezone(UTC))


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
    """What `GET /repos/{owner}/{repo}/installation` answers."""
    return _installation(Field(request, answer))


def installations(request: Request, page: Any) -> list[Installation]:
    """A page of `GET /app/installations`."""
    return [_installation(item) for item in Field(request, page).items()]


def check_run(request: Request, answer: Any) -> KnownRun:
    """What creating or updating a check run answers."""
    return _check_run(Field(request, answer))


def check_runs(request: Request, page: Any) -> list[KnownRun]:
    """A page of `GET /repos/{owner}/{repo}/commits/{ref}/check-runs`."""
    return [_check_run(item) for item in Field(request, page).get("check_runs").items()]


def statuses(request: Request, page: Any) -> list[KnownStatus]:
    """A page of `GET /repos/{owner}/{repo}/commits/{ref}/status`: the newest of every context."""
    return [_status(item) for item in Field(request, page).get("statuses").items()]


def comments(request: Request, page: Any) -> list[KnownComment]:
    """A page of `GET /repos/{owner}/{repo}/issues/{number}/comments`."""
    return [_comment(item) for item in Field(request, page).items()]


def comment_id(request: Request, answer: Any) -> int:
    """The id in what creating or editing a comment answers."""
    return Field(request, answer).get("id").number()


def _pull_request(found: Field, installation_id: int) -> PullRequest:
    head, base = found.get("head"), found.get("base")
    head_repository = head.find("repo")
    return PullRequest(
        repository=_repository(base.get("repo"), installation_id),
        number=found.get("number").number(),
        title=found.get("title").text(),
        author=_author(found.find("user")),
        is_open=found.get("state").text("open|closed") == "open",
        is_merged=found.find("merged_at") is not None,
        is_draft=_is_draft(found),
        base_ref=base.get("ref").text(),
        head_sha=head.get("sha").text(_SHA),
        head_repository_id=head_repository.get("id").number() if head_repository else None,
    )


def _is_draft(found: Field) -> bool:
    draft = found.find("draft")
    return draft is not None and draft.flag()


def _author(user: Field | None) -> Author:
    return Author(user.get("id").number(), user.get("login").text()) if user else GHOST


def _repository(found: Field, installation_id: int) -> RepositoryRef:
    return RepositoryRef(found.get("id").number(), found.get("full_name").text(_FULL_NAME), installation_id)


def _installation(found: Field) -> Installation:
    account = found.find("account")
    # An enterprise has no login but a slug.
    name = (account.find("login") or account.get("slug")).text() if account else "a deleted account"
    return Installation(found.get("id").number(), name, found.find("suspended_at") is not None, _permissions(found))


def _permissions(found: Field) -> dict[str, str]:
    """Only `ephemera check` looks at them, so nothing stops where they are not told."""
    permissions = found.find("permissions")
    return permissions.names() if permissions else {}


def _check_run(found: Field) -> KnownRun:
    return KnownRun(
        found.get("id").number(),
        found.get("name").text(),
        _optional_text(found, "external_id"),
        _app_id(found.find("app")),
        found.get("status").text(),
        _optional_text(found, "conclusion"),
    )


def _status(found: Field) -> KnownStatus:
    return KnownStatus(
        found.get("context").text(),
        found.get("state").text(),
        _optional_text(found, "description"),
        _optional_text(found, "target_url"),
    )


def _comment(found: Field) -> KnownComment:
    lines = (_optional_text(found, "body") or "").splitlines()
    app_id = _app_id(found.find("performed_via_github_app"))
    return KnownComment(found.get("id").number(), lines[0] if lines else "", _author(found.find("user")).login, app_id)


def _app_id(found: Field | None) -> int | None:
    return found.get("id").number() if found else None


def _optional_text(found: Field, name: str) -> str | None:
    value = found.find(name)
    return value.text() if value else None
