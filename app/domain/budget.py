"""How much one installation may write to GitHub, and how much it may read: values in, a yes or a time out.

GitHub wants the writes of one App to be serial and a second apart, refuses content beyond about 80 a minute and 500 an
hour, and counts 900 points a minute, 1 for a read and 5 for a write. Whoever goes on after a refusal may be banned
(https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api and
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api). We keep well below that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LONGEST_DOUBLED = timedelta(minutes=15)
"""So far a pause is doubled; where GitHub names a longer one, that is kept to."""


@dataclass(frozen=True, slots=True)
class Write:
    """A write that somebody wants to make."""

    is_content: bool = True
    """GitHub publishes no list of what it counts as content: taken strictly, that is every POST and PATCH."""
    is_removal: bool = False
    """It tells that something goes or is gone, and so may use what is kept for that."""


@dataclass(frozen=True, slots=True)
class Past:
    """A write that was let through."""

    at: datetime
    is_content: bool = True


@dataclass(frozen=True, slots=True)
class Limits:
    """What one installation may use. Writes in any minute and any hour; reads as a stock that fills up again."""

    spacing: timedelta = timedelta(seconds=1)
    a_minute: int = 60
    an_hour: int = 400
    kept_percent: int = 20
    """For removals: what else is written leaves so much of each limit unused."""
    reads: int = 240
    """At once; with as many more as come in a minute, and a minute's writes, still below 900 points."""
    reads_a_second: float = 5.0


USUAL = Limits()
"""Those of github.com."""


class Why(StrEnum):
    """What a write has to wait for."""

    SPACING = "writes are kept apart"
    MINUTE = "the minute's writes are used up"
    HOUR = "the hour's writes are used up"
    PAUSE = "GitHub asked for a pause"


@dataclass(frozen=True, slots=True)
class Wait:
    """Not before then."""

    until: datetime
    why: Why


@dataclass(frozen=True, slots=True)
class Pause:
    """GitHub refused, and wants to be left alone."""

    begun: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Stock:
    """How many reads were left, and when."""

    left: float
    at: datetime


def wait(past: Sequence[Past], write: Write, limits: Limits, pause: Pause | None, now: datetime) -> Wait | None:
    """What the write has to wait for; None where it may be made now. `past`: at least the last hour, oldest first."""
    waits = [*_windows(past, write, limits, now)]
    if pause is not None:
        waits.append(Wait(pause.until, Why.PAUSE))
    last = max(waits, key=lambda each: each.until, default=None)
    return last if last is not None and last.until > now else None


def paused(before: Pause | None, retry_after: timedelta, now: datetime) -> Pause:
    """The pause after GitHub asked for one so long; twice as long as the last where it refuses again soon after."""
    if before is None:
        return Pause(now, now + retry_after)
    if now < before.until:
        return replace(before, until=max(before.until, now + retry_after))
    length = before.until - before.begun
    is_again = now - before.until < max(length, MINUTE)
    return Pause(now, now + max(retry_after, min(length * 2, LONGEST_DOUBLED) if is_again else timedelta()))


def stocked(stock: Stock | None, limits: Limits, now: datetime) -> Stock:
    """The stock of reads as it is now; a full one where none was kept."""
    if stock is None:
        return Stock(float(limits.reads), now)
    come = max(now - stock.at, timedelta()).total_seconds() * limits.reads_a_second
    return Stock(min(stock.left + come, float(limits.reads)), now)


def affordable(stock: Stock, limits: Limits, *, is_removal: bool) -> int:
    """How many reads may be made of it now."""
    kept = 0.0 if is_removal else limits.reads * limits.kept_percent / 100
    return max(int(stock.left - kept), 0)


def _windows(past: Sequence[Past], write: Write, limits: Limits, now: datetime) -> Iterator[Wait]:
    # A clock that was put back must not make anybody wait for what lies in its future.
    everything = [min(each.at, now) for each in past]
    if everything:
        yield Wait(everything[-1] + limits.spacing, Why.SPACING)
    if write.is_content:
        content = [min(each.at, now) for each in past if each.is_content]
        for most, window, why in ((limits.a_minute, MINUTE, Why.MINUTE), (limits.an_hour, HOUR, Why.HOUR)):
            usable = most if write.is_removal else most - most * limits.kept_percent // 100
            if len(content) >= usable:
                yield Wait(content[-usable] + window, why)
