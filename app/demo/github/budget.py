"""GitHub's rate limits: the primary hourly budget, and the secondary limits when they are switched on.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.demo.github.refusals import Refusal

BASE_LIMIT = 5_000
HIGHEST_LIMIT = 12_500
FREE_REPOSITORIES = 20
A_REPOSITORY_MORE = 50
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
POINTS_A_MINUTE = 900
CONTENT_A_MINUTE = 80


@dataclass(slots=True)
class Window:
    """The running hour of one principal."""

    limit: int
    resets_at: datetime
    used: int = 0

    def headers(self) -> dict[str, str]:
        """Return the `x-ratelimit-*` headers."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(0, self.limit - self.used)),
            "x-ratelimit-reset": str(int(self.resets_at.timestamp())),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-resource": "core",
        }


@dataclass(slots=True)
class _Recent:
    """What one principal did in the last minute."""

    points: deque[tuple[datetime, int]] = field(default_factory=deque)
    content: deque[tuple[datetime, int]] = field(default_factory=deque)


class Budget:
    """Counts per principal (`installation 42`, `app`, `anonymous`)."""

    def __init__(self) -> None:
        self.limit_override: int | None = None
        self.enforces_secondary = False
        self._windows: dict[str, Window] = {}
        self._recent: dict[str, _Recent] = {}

    def window(self, principal: str, repositories: int, now: datetime) -> Window:
        """Return the present hour of a principal, a new one when the last is over."""
        window = self._windows.get(principal)
        if window is None or window.resets_at <= now:
            window = self._windows[principal] = Window(0, now + HOUR)
        window.limit = self.limit_override or _limit(repositories)
        return window

    def check(self, principal: str, window: Window, *, is_write: bool, now: datetime) -> None:
        """Raise the refusal GitHub would answer when a limit is used up."""
        if window.used >= window.limit:
            raise primary_limit(principal, window, 403)
        if self.enforces_secondary:
            self._check_secondary(principal, is_write=is_write, now=now)

    def reset(self) -> None:
        """Begin new hours for everyone."""
        self._windows.clear()
        self._recent.clear()

    def _check_secondary(self, principal: str, *, is_write: bool, now: datetime) -> None:
        recent = self._recent.setdefault(principal, _Recent())
        points = 5 if is_write else 1
        if _sum(recent.points, now) + points > POINTS_A_MINUTE:
            raise secondary_limit(_wait(recent.points, now), 403)
        if is_write and _sum(recent.content, now) + 1 > CONTENT_A_MINUTE:
            raise secondary_limit(_wait(recent.content, now), 403)
        recent.points.append((now, points))
        if is_write:
            recent.content.append((now, 1))


def primary_limit(principal: str, window: Window, status: int) -> Refusal:
    """Return the answer to one call too many in an hour."""
    headers = window.headers() | {"x-ratelimit-remaining": "0"}
    return Refusal(status, f"API rate limit exceeded for {principal}.", headers=headers)


def secondary_limit(retry_after: int, status: int) -> Refusal:
    """Return the answer to a burst; `retry_after` in seconds."""
    message = (
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
        "If you reach out to GitHub Support for help, please include the request ID."
    )
    return Refusal(status, message, headers={"retry-after": str(retry_after)})


def _limit(repositories: int) -> int:
    more = max(0, repositories - FREE_REPOSITORIES) * A_REPOSITORY_MORE
    return min(HIGHEST_LIMIT, BASE_LIMIT + more)


def _sum(events: deque[tuple[datetime, int]], now: datetime) -> int:
    while events and events[0][0] <= now - MINUTE:
        events.popleft()
    return sum(weight for _, weight in events)


def _wait(events: deque[tuple[datetime, int]], now: datetime) -> int:
    return max(1, int((events[0][0] + MINUTE - now).total_seconds()) + 1) if events else 60
