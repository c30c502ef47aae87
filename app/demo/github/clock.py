"""The simulator's clock, which a test may shift to let tokens expire."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Wall time plus a shift."""

    def __init__(self) -> None:
        self._shift = timedelta()

    def now(self) -> datetime:
        """Return the simulated time, aware and in UTC."""
        return datetime.now(UTC) + self._shift

    def shift_to(self, shift: timedelta) -> None:
        """Replace the shift; zero returns to wall time."""
        self._shift = shift


def stamp(moment: datetime) -> str:
    """Return `moment` as GitHub writes it: UTC, whole seconds, `2026-01-31T12:00:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_or_none(moment: datetime | None) -> str | None:
    """Return `stamp(moment)`, or None for what has not happened."""
    return stamp(moment) if moment else None


def moment_of(text: str) -> datetime:
    """Return the aware time written as ISO 8601. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
