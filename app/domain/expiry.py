"""How long environments live: while somebody does something about them, and not for ever even then."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

_LENGTH = re.compile(r"([1-9][0-9]{0,5})([mhd])", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Limits:
    """The operator's choices."""

    idle: timedelta = timedelta(hours=72)
    """So long after somebody last did something about it."""
    most: timedelta = timedelta(days=14)
    """So long at the most, however busy; also as far ahead as it can be extended."""
    fork: timedelta = timedelta(hours=24)
    """So long after its commit was approved, where that comes from a fork; only another approval makes it longer."""


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of an environment's days. A time that is None is not known yet, and counts from now on."""

    wanted_since: datetime | None = None
    """Since when it has been wanted without a break."""
    active_at: datetime | None = None
    """When somebody last did something about it."""
    extended_until: datetime | None = None
    """Until when somebody asked to keep it."""
    seen_sha: str | None = None
    """The pull request's head, as the last look saw it."""
    is_counting: bool = False
    """It was wanted until now, or its time has run out. Else its time begins anew when it is wanted."""

    def at(self, head_sha: str, limits: Limits, now: datetime) -> "Life":
        """The same at `now`, when the head is `head_sha`: a push is somebody who did something."""
        if not self.is_counting or self.active_at is None or self.wanted_since is None:
            return replace(self, wanted_since=now, active_at=now, seen_sha=head_sha, is_counting=True)
        if head_sha == self.seen_sha:
            return self
        is_over = self.ends_at(limits, now) <= now
        since = now if is_over else self.wanted_since
        return replace(self, wanted_since=since, active_at=now, seen_sha=head_sha)

    def ends_at(self, limits: Limits, now: datetime) -> datetime:
        """When it goes by itself, if nobody does anything. What somebody asked for counts beyond the longest life."""
        active_at, since = self.active_at or now, self.wanted_since or now
        usual = min(active_at + limits.idle, since + limits.most)
        if self.extended_until is None:
            return usual
        return max(usual, min(self.extended_until, active_at + limits.most))


def why_over(life: Life, limits: Limits, now: datetime) -> str | None:
    """Why an environment goes at `now`, for its author; None while it may stay."""
    if now < life.ends_at(limits, now):
        return None
    is_old = life.wanted_since is not None and life.wanted_since + limits.most <= now
    what = f"It has existed for {words(limits.most)}" if is_old else f"It was not used for {words(limits.idle)}"
    return f"{what}. `/ephemera deploy` or a push brings it back."


def words(length: timedelta) -> str:
    """`72 hours`, `14 days`, `90 minutes`: in hours up to four days, as people say it of environments."""
    seconds = int(length.total_seconds())
    for size, unit, least in ((86_400, "day", 5), (3_600, "hour", 1), (60, "minute", 1)):
        count, rest = divmod(seconds, size)
        if rest == 0 and count >= least:
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def length_of(text: str) -> timedelta:
    """The length that `72h`, `14d` or `90m` means. Raises ValueError, saying what would do."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise ValueError("give a number and a unit, such as 90m, 72h or 14d")
    return int(found[1]) * _UNITS[found[2]]
