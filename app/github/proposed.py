"""Pull requests on the environments repository, as GitHub shows them: where they stand, who decided, what was said.

Shapes: https://docs.github.com/en/rest (pulls, pulls/reviews, issues, issues/comments).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.github import parse
from app.github.exchange import Request
from app.github.fields import Field
from app.ports import NotMerged, Reviewed, Verdict

MAX_WORDS = 2_000
"""Characters that are kept of what somebody said."""

_UNDECIDED = ("COMMENTED", "PENDING")
"""Reviews that leave an earlier one of the same person as it is
(https://docs.github.com/en/rest/pulls/reviews#list-reviews-for-a-pull-request)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A pull request, as its own page and a list show it."""

    repository_id: int
    """Where it is to be merged."""
    number: int
    is_open: bool
    branch: str
    base: str
    head_sha: str
    is_from_fork: bool
    """Its head lies in another repository, or in one that is gone."""
    author: str


@dataclass(frozen=True, slots=True)
class Review:
    """One review, as submitted."""

    by: str
    state: str
    """APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED."""


@dataclass(frozen=True, slots=True)
class Said:
    """Words below a pull request; foreign text."""

    at: datetime
    words: str
    is_by_person: bool


def shown(request: Request, answer: Any) -> Shown:
    """What creating, editing or reading one answers."""
    return _shown(Field(request, answer))


def all_shown(request: Request, page: Any) -> list[Shown]:
    """A page of `GET /repos/{owner}/{repo}/pulls`."""
    return [_shown(item) for item in Field(request, page).items()]


def reviewed(request: Request, answer: Any) -> Reviewed:
    """What `GET /repos/{owner}/{repo}/pulls/{number}` answers; without reviewers and words, which it does not show."""
    found = Field(request, answer)
    seen = _shown(found)
    merged_at, closed_at, merged_by = found.find("merged_at"), found.find("closed_at"), found.find("merged_by")
    mergeable = found.words("mergeable_state") or "unknown"
    if merged_at is not None:
        return Reviewed(
            seen.number,
            Verdict.MERGED,
            seen.branch,
            seen.head_sha,
            mergeable,
            decided_by=parse.author(merged_by).login if merged_by else None,
            decided_at=merged_at.time(),
            merge_commit=_commit(found, "merge_commit_sha"),
        )
    verdict = Verdict.OPEN if seen.is_open else Verdict.CLOSED
    decided_at = closed_at.time() if closed_at and not seen.is_open else None
    return Reviewed(seen.number, verdict, seen.branch, seen.head_sha, mergeable, decided_at=decided_at)


def closed_by(request: Request, answer: Any) -> str | None:
    """The login of who closed it, in what `GET /repos/{owner}/{repo}/issues/{number}` answers; None where that does
    not say."""
    user = Field(request, answer).find("closed_by")
    return parse.author(user).login if user else None


def merged(request: Request, answer: Any) -> str | NotMerged:
    """The commit, in what `PUT /repos/{owner}/{repo}/pulls/{number}/merge` answers."""
    found = Field(request, answer)
    if not found.get("merged").flag():
        return NotMerged(found.words("message") or "GitHub does not say why")
    return found.get("sha").text(parse.SHA)


def reviews(request: Request, page: Any) -> list[Review]:
    """A page of `GET /repos/{owner}/{repo}/pulls/{number}/reviews`, oldest first."""
    return [
        Review(parse.author(item.find("user")).login, item.get("state").text()) for item in Field(request, page).items()
    ]


def approvers(reviews_: Iterable[Review]) -> tuple[str, ...]:
    """Whose latest review that decides anything approves; in the order in which they first decided."""
    latest = {review.by: review.state for review in reviews_ if review.state not in _UNDECIDED}
    return tuple(by for by, state in latest.items() if state == "APPROVED")


def said_in_reviews(request: Request, page: Any) -> list[Said]:
    """What a page of reviews says; those that say nothing, or are not submitted, are left out."""
    submitted = (item for item in Field(request, page).items() if item.find("submitted_at") is not None)
    return [said for item in submitted if (said := _said(item, "submitted_at")) is not None]


def said_in_comments(request: Request, page: Any) -> list[Said]:
    """What a page of `GET /repos/{owner}/{repo}/issues/{number}/comments` says."""
    return [said for item in Field(request, page).items() if (said := _said(item, "created_at")) is not None]


def last_words(said: Iterable[Said]) -> str | None:
    """What a person said last; None where nobody said anything. GitHub's times are to the second: what was said within
    one is taken in the order of `said`."""
    by_people = sorted((each for each in said if each.is_by_person), key=lambda each: each.at)
    return by_people[-1].words if by_people else None


def _shown(found: Field) -> Shown:
    head, base = found.get("head"), found.get("base")
    repository_id = base.get("repo").get("id").number()
    head_repository = head.find("repo")
    return Shown(
        repository_id=repository_id,
        number=found.get("number").number(),
        is_open=found.get("state").text("open|closed") == "open",
        branch=head.get("ref").text(),
        base=base.get("ref").text(),
        head_sha=head.get("sha").text(parse.SHA),
        is_from_fork=head_repository is None or head_repository.get("id").number() != repository_id,
        author=parse.author(found.find("user")).login,
    )


def _commit(found: Field, name: str) -> str | None:
    commit = found.find(name)
    return commit.text(parse.SHA) if commit else None


def _said(found: Field, when: str) -> Said | None:
    words = (found.words("body") or "").strip()
    if not words:
        return None
    user = found.find("user")
    is_bot = found.find("performed_via_github_app") is not None or (user is not None and user.words("type") == "Bot")
    return Said(found.get(when).time(), _plain(words)[:MAX_WORDS], not is_bot)


def _plain(words: str) -> str:
    """JSON can hold what no UTF-8 can, and PostgreSQL keeps no NUL."""
    return words.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
