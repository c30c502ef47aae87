"""GitHub's secondary limits, enforced when a test switches them on.

Points, requests at once and content a minute and an hour are from
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits; a second
between writes is from https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api. GitHub
does not say what makes content; here every POST, PATCH and PUT about a repository does, the strictest reading.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.demo.github.refusals import Limited

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
APART = timedelta(seconds=1)
POINTS_A_MINUTE = 900
POINTS_TO_READ = 1
POINTS_TO_WRITE = 5
CONTENT_A_MINUTE = 80
CONTENT_AN_HOUR = 500
MOST_AT_ONCE = 100
MESSAGE = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
    "If you reach out to GitHub Support for help, please include the request ID."
)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one request asks of the limits."""

    is_write: bool
    is_content: bool
    at_once: int = 1
    """How many requests of the same principal are under way, this one included."""

    @property
    def points(self) -> int:
        """What it weighs."""
        return POINTS_TO_WRITE if self.is_write else POINTS_TO_READ


@dataclass(slots=True)
class _Recent:
    """What one principal did in the last hour, oldest first."""

    points: deque[tuple[datetime, int]] = field(default_factory=deque)
    content: deque[datetime] = field(default_factory=deque)
    written_at: datetime | None = None


class Secondary:
    """The limits of every principal, and whether they count."""

    def __init__(self) -> None:
        self.status = 403
        """What a refusal answers: 403 or 429."""
        self.is_enforced = False
        self.is_spacing_enforced = False
        """Whether two writes of a principal have to be a second apart: GitHub's advice, not its rule."""
        self._recent: dict[str, _Recent] = {}

    def reset(self) -> None:
        """Enforce nothing, and forget what was done."""
        self.status, self.is_enforced, self.is_spacing_enforced = 403, False, False
        self.forget()

    def forget(self) -> None:
        """Forget what was done."""
        self._recent.clear()

    def check(self, principal: str, demand: Demand, now: datetime) -> None:
        """Count a request. Raises the refusal when it is one too many, which then does not count."""
        if not self.is_enforced:
            return
        recent = self._recent.setdefault(principal, _Recent())
        self._check_concurrency(demand)
        self._check_points(recent, demand, now)
        if demand.is_content:
            self._check_content(recent, now)
        if demand.is_write and self.is_spacing_enforced:
            self._check_spacing(recent, now)
        _count(recent, demand, now)

    def _check_concurrency(self, demand: Demand) -> None:
        if demand.at_once > MOST_AT_ONCE:
            raise self._refusal("concurrency", 1)

    def _check_points(self, recent: _Recent, demand: Demand, now: datetime) -> None:
        while recent.points and recent.points[0][0] <= now - MINUTE:
            recent.points.popleft()
        if sum(points for _, points in recent.points) + demand.points > POINTS_A_MINUTE:
            raise self._refusal("points", _seconds_until(recent.points[0][0] + MINUTE, now))

    def _check_content(self, recent: _Recent, now: datetime) -> None:
        while recent.content and recent.content[0] <= now - HOUR:
            recent.content.popleft()
        if len(recent.content) >= CONTENT_AN_HOUR:
            raise self._refusal("content_hour", _seconds_until(recent.content[-CONTENT_AN_HOUR] + HOUR, now))
        if len(recent.content) >= CONTENT_A_MINUTE and recent.content[-CONTENT_A_MINUTE] > now - MINUTE:
            raise self._refusal("content_minute", _seconds_until(recent.content[-CONTENT_A_MINUTE] + MINUTE, now))

    def _check_spacing(self, recent: _Recent, now: datetime) -> None:
        if recent.written_at is not None and now - recent.written_at < APART:
            raise self._refusal("spacing", 1)

    def _refusal(self, limit: str, retry_after: int) -> Limited:
        return secondary_limit(retry_after, self.status, limit)


def secondary_limit(retry_after: int, status: int, limit: str = "demanded") -> Limited:
    """Return the answer to a burst; `retry_after` in seconds, 0 for an answer that does not say when."""
    headers = {"retry-after": str(retry_after)} if retry_after else {}
    return Limited(status, MESSAGE, limit=limit, headers=headers)


def _count(recent: _Recent, demand: Demand, now: datetime) -> None:
    recent.points.append((now, demand.points))
    if demand.is_content:
        recent.content.append(now)
    if demand.is_write:
        recent.written_at = now


def _seconds_until(moment: datetime, now: datetime) -> int:
    return max(1, int((moment - now).total_seconds()) + 1)
