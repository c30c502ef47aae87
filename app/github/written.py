"""What was written to pull requests, as GitHub shows it: check runs, commit statuses, comments, deployments.

Shapes: https://docs.github.com/en/rest (checks, commits, issues, deployments).
"""

import json
from dataclasses import dataclass
from typing import Any

from app.github import parse
from app.github.exchange import Request
from app.github.fields import Field


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote it."""

    login: str
    app_id: int | None
    """The App that did; None for people, and where GitHub does not say."""


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A check run."""

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
    writer: Writer


@dataclass(frozen=True, slots=True)
class KnownDeployment:
    """A deployment."""

    id: int
    payload: Any
    """As it was given."""
    writer: Writer


def identifier(request: Request, answer: Any) -> int:
    """The id in what creating or editing something answers."""
    return Field(request, answer).get("id").number()


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


def deployments(request: Request, page: Any) -> list[KnownDeployment]:
    """A page of `GET /repos/{owner}/{repo}/deployments`."""
    return [_deployment(item) for item in Field(request, page).items()]


def _check_run(found: Field) -> KnownRun:
    app = found.find("app")
    return KnownRun(
        found.get("id").number(),
        found.get("name").text(),
        found.words("external_id"),
        app.get("id").number() if app else None,
        found.get("status").text(),
        found.words("conclusion"),
    )


def _status(found: Field) -> KnownStatus:
    return KnownStatus(
        found.get("context").text(),
        found.get("state").text(),
        found.words("description"),
        found.words("target_url"),
    )


def _comment(found: Field) -> KnownComment:
    lines = (found.words("body") or "").splitlines()
    return KnownComment(found.get("id").number(), lines[0] if lines else "", _writer(found, "user"))


def _deployment(found: Field) -> KnownDeployment:
    payload = found.find("payload")
    return KnownDeployment(
        found.get("id").number(), _unpacked(payload.value) if payload else None, _writer(found, "creator")
    )


def _unpacked(payload: Any) -> Any:
    """An object that GitHub may give back as the text it was sent as."""
    try:
        return json.loads(payload) if isinstance(payload, str) else payload
    except (ValueError, RecursionError):
        return None


def _writer(found: Field, who: str) -> Writer:
    app = found.find("performed_via_github_app")
    return Writer(parse.author(found.find(who)).login, app.get("id").number() if app else None)
