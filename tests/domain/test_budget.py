"""The budget of writes and reads: what GitHub's limits look like from our side."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.budget import (
    HOUR,
    LONGEST_DOUBLED,
    MINUTE,
    USUAL,
    Limits,
    Past,
    Pause,
    Stock,
    Why,
    Write,
    affordable,
    paused,
    stocked,
    wait,
)
from tests.domain.builders import NOW

SECOND = timedelta(seconds=1)
SMALL = Limits(a_minute=10, an_hour=30)
WRITES = st.builds(Write, is_content=st.booleans(), is_removal=st.booleans())
PAUSES = st.lists(st.floats(0, 100), min_size=1, max_size=150)


def ago(*seconds: float) -> Sequence[Past]:
    """Writes of content so long ago, oldest first."""
    return [Past(NOW - each * SECOND) for each in sorted(seconds, reverse=True)]


@pytest.mark.parametrize(
    ("past", "write", "waits", "why"),
    [
        (ago(), Write(), None, None),
        (ago(1), Write(), None, None),
        (ago(0.25), Write(), 0.75, Why.SPACING),
        (ago(*range(2, 49)), Write(), None, None),
        (ago(*range(2, 50)), Write(), 11, Why.MINUTE),
        (ago(*range(2, 50)), Write(is_removal=True), None, None),
        (ago(*(each * 0.9 + 1 for each in range(60))), Write(is_removal=True), 5.9, Why.MINUTE),
        (ago(*range(2, 50)), Write(is_content=False), None, None),
        (ago(*range(61, 381)), Write(), 3220, Why.HOUR),
        (ago(*range(61, 380)), Write(), None, None),
        (ago(*range(61, 381)), Write(is_removal=True), None, None),
        (ago(*range(61, 461)), Write(is_removal=True), 3140, Why.HOUR),
        (ago(-500), Write(), 1, Why.SPACING),
    ],
)
def test_write_waits_as_long_as_the_limits_say(
    past: Sequence[Past], write: Write, waits: float | None, why: Why | None
) -> None:
    found = wait(past, write, USUAL, None, NOW)
    assert (found and found.why) == why
    assert (found and round((found.until - NOW).total_seconds(), 6)) == waits


def test_pause_holds_every_write_until_it_is_over() -> None:
    pause = Pause(NOW - MINUTE, NOW + 5 * SECOND)
    found = wait(ago(0.5), Write(is_removal=True), USUAL, pause, NOW)
    assert found is not None
    assert (found.until, found.why) == (pause.until, Why.PAUSE)
    assert wait(ago(6), Write(), USUAL, pause, pause.until) is None


@given(st.lists(st.tuples(WRITES, st.floats(0, 30)), max_size=200))
def test_no_window_ever_holds_more_than_the_limits_allow(tries: list[tuple[Write, float]]) -> None:
    past: list[Past] = []
    now = NOW
    for write, pause in tries:
        now += pause * SECOND
        if wait(past, write, SMALL, None, now) is None:
            past.append(Past(now, write.is_content))
    content = [each.at for each in past if each.is_content]
    assert all(later.at - earlier.at >= SMALL.spacing for earlier, later in pairwise(past))
    for first in content:
        assert sum(first <= at < first + MINUTE for at in content) <= SMALL.a_minute
        assert sum(first <= at < first + HOUR for at in content) <= SMALL.an_hour


@given(PAUSES)
def test_whatever_else_was_written_a_removal_finds_a_fifth_of_the_minute_left(pauses: list[float]) -> None:
    past: list[Past] = []
    now = NOW
    for pause in pauses:
        now += pause * SECOND
        if wait(past, Write(), SMALL, None, now) is None:
            past.append(Past(now))
    for _ in range(SMALL.a_minute // 5):
        now += SECOND
        assert wait(past, Write(is_removal=True), SMALL, None, now) is None
        past.append(Past(now))


@given(PAUSES, WRITES)
def test_who_waits_as_long_as_told_is_let_through(pauses: list[float], write: Write) -> None:
    past: list[Past] = []
    now = NOW
    for pause in pauses:
        now += pause * SECOND
        found = wait(past, write, SMALL, None, now)
        if found is not None:
            assert found.until > now
            assert wait(past, write, SMALL, None, found.until - timedelta(microseconds=1)) is not None
            now = found.until
        assert wait(past, write, SMALL, None, now) is None
        past.append(Past(now, write.is_content))


def test_first_refusal_pauses_exactly_as_long_as_github_asks() -> None:
    assert paused(None, 7 * SECOND, NOW) == Pause(NOW, NOW + 7 * SECOND)


def test_refusals_of_calls_that_were_under_way_together_count_as_one() -> None:
    first = paused(None, MINUTE, NOW)
    assert paused(first, MINUTE, NOW + SECOND) == Pause(NOW, NOW + SECOND + MINUTE)
    assert paused(first, SECOND, NOW + SECOND) == first


@pytest.mark.parametrize(
    ("length", "later", "asked", "pauses"),
    [
        (MINUTE, SECOND, MINUTE, 2 * MINUTE),
        (MINUTE, 2 * MINUTE, MINUTE, MINUTE),
        (SECOND, SECOND, SECOND, 2 * SECOND),
        (HOUR, SECOND, MINUTE, LONGEST_DOUBLED),
        (MINUTE, SECOND, HOUR, HOUR),
    ],
)
def test_pause_is_doubled_when_github_refuses_again_soon(
    length: timedelta, later: timedelta, asked: timedelta, pauses: timedelta
) -> None:
    before = Pause(NOW - length, NOW)
    after = paused(before, asked, NOW + later)
    assert after.until - after.begun == pauses


def test_stock_of_reads_fills_up_again_and_never_overflows() -> None:
    assert stocked(None, USUAL, NOW) == Stock(240.0, NOW)
    assert stocked(Stock(10.0, NOW), USUAL, NOW + 2 * SECOND).left == 20.0
    assert stocked(Stock(10.0, NOW), USUAL, NOW + HOUR).left == 240.0
    assert stocked(Stock(10.0, NOW), USUAL, NOW - HOUR).left == 10.0


@pytest.mark.parametrize(("left", "ordinary", "removal"), [(240, 192, 240), (48, 0, 48), (49.5, 1, 49), (0.9, 0, 0)])
def test_fifth_of_the_reads_is_kept_for_removals(left: float, ordinary: int, removal: int) -> None:
    stock = Stock(left, NOW)
    assert affordable(stock, USUAL, is_removal=False) == ordinary
    assert affordable(stock, USUAL, is_removal=True) == removal


def test_minute_of_everything_stays_below_900_points() -> None:
    assert USUAL.reads + 60 * USUAL.reads_a_second + 5 * USUAL.a_minute <= 900
