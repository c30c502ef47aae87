"""The secondary limits' arithmetic; time is passed in."""

from datetime import UTC, datetime, timedelta

import pytest

from app.demo.github.refusals import Limited
from app.demo.github.secondary import Demand, Secondary

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
READ = Demand(is_write=False, is_content=False)
CONTENT = Demand(is_write=True, is_content=True)
REMOVAL = Demand(is_write=True, is_content=False)


def _enforced(*, spacing: bool = False) -> Secondary:
    limits = Secondary()
    limits.is_enforced, limits.is_spacing_enforced = True, spacing
    return limits


def _refusal(limits: Secondary, demand: Demand, at: float, principal: str = "installation ID 1") -> tuple[str, int]:
    """Return which limit refuses a request `at` so many seconds, and how long it says to wait."""
    with pytest.raises(Limited) as refused:
        limits.check(principal, demand, START + timedelta(seconds=at))
    return refused.value.limit, int(refused.value.headers["retry-after"])


def _allow(limits: Secondary, demand: Demand, *moments: float, principal: str = "installation ID 1") -> None:
    for moment in moments:
        limits.check(principal, demand, START + timedelta(seconds=moment))


def test_nothing_is_limited_until_it_is_switched_on() -> None:
    _allow(Secondary(), CONTENT, *[0.0] * 1_000)


def test_content_is_limited_to_eighty_a_minute() -> None:
    limits = _enforced()
    _allow(limits, CONTENT, *[0.5 * number for number in range(80)])
    assert _refusal(limits, CONTENT, 40) == ("content_minute", 21)
    _allow(limits, REMOVAL, 40)
    _allow(limits, CONTENT, 60)
    assert _refusal(limits, CONTENT, 60)[0] == "content_minute"


def test_content_is_limited_to_five_hundred_an_hour() -> None:
    limits = _enforced()
    _allow(limits, CONTENT, *range(500))
    assert _refusal(limits, CONTENT, 1_000) == ("content_hour", 2_601)
    _allow(limits, CONTENT, 3_600)
    assert _refusal(limits, CONTENT, 3_600.5)[0] == "content_hour"


def test_points_are_limited_to_nine_hundred_a_minute() -> None:
    limits = _enforced()
    _allow(limits, REMOVAL, *[0.0] * 100)
    _allow(limits, READ, *[1.0] * 400)
    assert _refusal(limits, READ, 2) == ("points", 59)
    _allow(limits, REMOVAL, 60)


def test_a_refused_request_does_not_count() -> None:
    limits = _enforced()
    _allow(limits, CONTENT, *[0.0] * 80)
    for _ in range(50):
        _refusal(limits, CONTENT, 30)
    _allow(limits, CONTENT, *[60.0] * 80)


def test_each_principal_has_limits_of_its_own() -> None:
    limits = _enforced()
    _allow(limits, CONTENT, *[0.0] * 80)
    _allow(limits, CONTENT, 0, principal="installation ID 2")


@pytest.mark.parametrize(("apart", "is_refused"), [(0.9, True), (1.0, False)])
def test_writes_can_have_to_be_a_second_apart(apart: float, is_refused: bool) -> None:
    limits = _enforced(spacing=True)
    _allow(limits, CONTENT, 0)
    _allow(limits, READ, 0.1)
    if is_refused:
        assert _refusal(limits, REMOVAL, apart) == ("spacing", 1)
    else:
        _allow(limits, REMOVAL, apart)


def test_a_hundred_requests_at_once_are_allowed_and_no_more() -> None:
    limits = _enforced()
    _allow(limits, Demand(is_write=False, is_content=False, at_once=100), 0)
    assert _refusal(limits, Demand(is_write=False, is_content=False, at_once=101), 0) == ("concurrency", 1)
