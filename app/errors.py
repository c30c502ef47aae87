"""The two kinds of failure that Ephemera expects. Anything else is a bug and is left to rise.

Foreign exceptions are translated into one of these where they enter, with `from`.
"""

from datetime import timedelta


class EphemeraError(Exception):
    """Says what was being done, then why it stopped: `reading acme/shop#42: GitHub answered 503`."""


class Stalled(EphemeraError):
    """A person must change something first; trying again by itself would change nothing."""


class Transient(EphemeraError):
    """Worth another try later, not before `retry_after` where the other side named a time."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Transient):
    """The other side refused it, carried nothing out, and wants to hear nothing of the kind before `retry_after`."""

    retry_after: timedelta

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message, retry_after)


def shown(value: object, limit: int = 200) -> str:
    """The value as an error message may quote it: its repr, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
