"""Everything ends by itself: after a while without anybody who cares, and after a longer one in any case."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.expiry import Life, Limits, length_of, why_over, words
from tests.domain.builders import NOW, OLD_SHA, SHA

LIMITS = Limits()
HOUR = timedelta(hours=1)


def ago(hours: int) -> datetime:
    """So many hours before now."""
    return NOW - hours * HOUR


def life(since: int, active: int, extended_until: datetime | None = None) -> Life:
    """Wanted since, and active, so many hours ago."""
    return Life(ago(since), ago(active), extended_until, SHA, is_counting=True)


@pytest.mark.parametrize(
    ("lived", "hours_left"),
    [
        (life(0, 0), 72),
        (life(100, 10), 62),
        (life(13 * 24, 0), 24),
        (life(14 * 24, 0), 0),
        (life(71, 71, NOW + 24 * HOUR), 24),
        (life(1, 1, NOW + 24 * HOUR), 71),
        (life(14 * 24, 0, NOW + 24 * HOUR), 24),
        (life(0, 0, NOW + 400 * HOUR), 14 * 24),
        (life(1, 1, ago(1)), 71),
    ],
    ids=[
        "new",
        "idle",
        "nearly as old as may be",
        "as old as may be",
        "extended",
        "extended by less than it has",
        "extended beyond its longest life",
        "extended by more than may be",
        "extension that is over",
    ],
)
def test_end_is_the_first_limit_unless_somebody_asked_for_more(lived: Life, hours_left: int) -> None:
    assert lived.ends_at(LIMITS, NOW) == NOW + hours_left * HOUR


@pytest.mark.parametrize(
    ("lived", "says"),
    [
        (life(72, 72), "It was not used for 72 hours. `/ephemera deploy` or a push brings it back."),
        (life(14 * 24, 1), "It has existed for 14 days. `/ephemera deploy` or a push brings it back."),
        (life(71, 71), None),
    ],
)
def test_author_is_told_why_it_is_over(lived: Life, says: str | None) -> None:
    assert why_over(lived, LIMITS, NOW) == says


def test_row_of_which_nothing_is_known_counts_from_now() -> None:
    known = Life(seen_sha=SHA, is_counting=True).at(SHA, LIMITS, NOW)
    assert (known.wanted_since, known.active_at) == (NOW, NOW)
    assert why_over(known, LIMITS, NOW) is None


def test_look_that_finds_nothing_new_is_nobody_who_cares() -> None:
    lived = life(60, 50)
    assert lived.at(SHA, LIMITS, NOW) == lived


def test_push_keeps_it_but_not_beyond_its_longest_life() -> None:
    pushed = life(13 * 24, 50).at(OLD_SHA, LIMITS, NOW)
    assert pushed.active_at == NOW
    assert pushed.ends_at(LIMITS, NOW) == NOW + 24 * HOUR


def test_push_brings_back_what_had_ended_for_a_whole_life() -> None:
    for ended in (life(100, 73), life(15 * 24, 1)):
        assert why_over(ended.at(SHA, LIMITS, NOW), LIMITS, NOW) is not None
        assert ended.at(OLD_SHA, LIMITS, NOW).ends_at(LIMITS, NOW) == NOW + LIMITS.idle


def test_time_does_not_count_while_it_is_not_wanted() -> None:
    """A draft of three weeks, ready for review now."""
    draft = Life(ago(500), ago(500), None, SHA, is_counting=False)
    assert draft.at(SHA, LIMITS, NOW).ends_at(LIMITS, NOW) == NOW + LIMITS.idle


@given(
    since=st.integers(0, 2000),
    active=st.integers(0, 2000),
    extended=st.none() | st.integers(-500, 500),
    push=st.booleans(),
)
def test_nothing_lives_longer_than_the_longest_life_from_when_somebody_last_cared(
    since: int, active: int, extended: int | None, push: bool
) -> None:
    until = None if extended is None else NOW + extended * HOUR
    lived = life(since, active, until).at(OLD_SHA if push else SHA, LIMITS, NOW)
    assert lived.active_at is not None
    assert lived.ends_at(LIMITS, NOW) <= lived.active_at + LIMITS.most


@pytest.mark.parametrize(
    ("text", "length"),
    [("72h", 72 * HOUR), ("14d", timedelta(days=14)), ("90m", timedelta(minutes=90)), (" 1h ", HOUR)],
)
def test_lengths_are_read_as_people_write_them(text: str, length: timedelta) -> None:
    assert length_of(text) == length


@pytest.mark.parametrize("text", ["", "72", "h", "0h", "-1h", "1.5h", "1w", "1h30m", "\uff19h", "9999999d"])
def test_other_lengths_are_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="such as 90m, 72h or 14d"):
        length_of(text)


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (HOUR, "1 hour"),
        (72 * HOUR, "72 hours"),
        (timedelta(days=14), "14 days"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=61), "61 seconds"),
    ],
)
def test_lengths_are_said_as_people_say_them(length: timedelta, said: str) -> None:
    assert words(length) == said
