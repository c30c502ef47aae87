"""GitHub's primary rate limit: a budget an hour for every principal; the secondary limits are beside it.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.demo.github.refusals import Limited
from app.demo.github.secondary import Demand, Secondary

BASE_LIMIT = 5_000
HIGHEST_LIMIT = 12_500
FREE_REPOSITORIES = 20
A_REPOSITORY_MORE = 50
HOUR = timedelta(hours=1)


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


class Budget:
    """Counts per principal (`installation ID 42`, `app`, `anonymous`)."""

    def __init__(self) -> None:
        self.limit_override: int | None = None
        self.secondary = Secondary()
        self._windows: dict[str, Window] = {}

    def window(self, principal: str, repositories: int, now: datetime) -> Window:
        """Return the present hour of a principal, a new one when the last is over."""
        window = self._windows.get(principal)
        if window is None or window.resets_at <= now:
            window = self._windows[principal] = Window(0, now + HOUR)
        window.limit = self.limit_override or _limit(repositories)
        return window

    def check(self, principal: str, window: Window, demand: Demand, now: datetime) -> None:
        """Raise the refusal GitHub would answer when a limit is used up."""
        if window.used >= window.limit:
            raise primary_limit(principal, window, 403)
        self.secondary.check(principal, demand, now)

    def begin_anew(self) -> None:
        """Begin new hours for everyone; what is enforced stays."""
        self._windows.clear()
        self.secondary.forget()

    def reset(self) -> None:
        """Return to GitHub's own limits, the primary one alone, and begin new hours."""
        self.limit_override = None
        self.secondary.reset()
        self.begin_anew()


def primary_limit(principal: str, window: Window, status: int) -> Limited:
    """Return the answer to one call too many in an hour."""
    headers = window.headers() | {"x-ratelimit-remaining": "0"}
    return Limited(status, f"API rate limit exceeded for {principal}.", limit="primary", headers=headers)


def _limit(repositories: int) -> int:
    more = max(0, repositories - FREE_REPOSITORIES) * A_REPOSITORY_MORE
    return min(HIGHEST_LIMIT, BASE_LIMIT + more)
