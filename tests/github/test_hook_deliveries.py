"""GitHub's list of what it tried to deliver."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.demo.github.sender import Sending
from app.errors import Stalled, Transient
from app.github.connect import GitHub
from app.ports import HookDelivery
from tests.github.conftest import MovedClock, Shop
from tests.github.scripted import Reply, Scripted

LIST = "GET /app/hook/deliveries"
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
PING = {"zen": "Anything added dilutes everything else."}


def _delivery(number: int, seconds: int = 0, status_code: int = 200) -> dict[str, Any]:
    delivered_at = (NOON + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.123Z")
    return {"id": number, "guid": f"guid-{number}", "delivered_at": delivered_at, "status_code": status_code}


def test_delivery_is_read_as_it_is(github: GitHub, script: Scripted) -> None:
    script.on(LIST, Reply(body=[_delivery(1)]))
    moment = NOON + timedelta(milliseconds=123)
    assert github.hook_deliveries.since(NOON) == [HookDelivery(1, "guid-1", moment, True)]
    assert script.asked(LIST)[0].path.endswith("?per_page=100")


@pytest.mark.parametrize(
    ("status_code", "expected"), [(200, True), (202, True), (0, False), (302, False), (404, False), (502, False)]
)
def test_only_what_was_answered_2xx_is_delivered(
    github: GitHub, script: Scripted, status_code: int, expected: bool
) -> None:
    script.on(LIST, Reply(body=[_delivery(1, status_code=status_code)]))
    assert [found.is_delivered for found in github.hook_deliveries.since(NOON)] == [expected]


def test_pages_are_read_until_one_ends_before_the_time_asked_for(github: GitHub, script: Scripted) -> None:
    pages = {"": [_delivery(6, 9), _delivery(5, 8)], "b": [_delivery(4, 7), _delivery(3, -1)], "c": [_delivery(2, -2)]}
    for cursor, following in (("", "b"), ("b", "c"), ("c", "d")):
        link = f'<{script.url}/app/hook/deliveries?per_page=100&cursor={following}>; rel="next"'
        path = f"{LIST}?cursor={cursor}&per_page=100" if cursor else f"{LIST}?per_page=100"
        script.on(path, Reply(body=pages[cursor], headers={"Link": link}))
    assert [found.id for found in github.hook_deliveries.since(NOON)] == [6, 5, 4]
    assert len(script.asked(LIST)) == 2


def test_time_asked_for_counts_from_the_beginning_of_its_second(github: GitHub, script: Scripted) -> None:
    script.on(LIST, Reply(body=[_delivery(1)]))
    assert github.hook_deliveries.since(NOON + timedelta(milliseconds=900))
    assert not github.hook_deliveries.since(NOON + timedelta(seconds=1))


def test_list_that_cannot_be_read_to_its_end_is_not_given_at_all(github: GitHub, script: Scripted) -> None:
    link = f'<{script.url}/app/hook/deliveries?cursor=b>; rel="next"'
    script.on(LIST, Reply(body=[_delivery(2)], headers={"Link": link}), Reply(502))
    with pytest.raises(Transient, match="listing the App's webhook deliveries"):
        github.hook_deliveries.since(NOON)


def test_delivery_is_asked_for_again(github: GitHub, script: Scripted) -> None:
    script.on("POST /app/hook/deliveries/7/attempts", Reply(202, {}))
    github.hook_deliveries.redeliver(7)
    assert len(script.asked("POST /app/hook/deliveries/7/attempts")) == 1


def test_empty_answer_to_that_is_enough(github: GitHub, script: Scripted) -> None:
    script.on("POST /app/hook/deliveries/7/attempts", Reply(202, b""))
    github.hook_deliveries.redeliver(7)
    assert len(script.seen) == 1


def test_delivery_that_github_forgot_is_nobodys_concern(github: GitHub, script: Scripted) -> None:
    github.hook_deliveries.redeliver(7)
    assert len(script.seen) == 1


def test_delivery_that_github_will_not_repeat_stalls(github: GitHub, script: Scripted) -> None:
    script.on("POST /app/hook/deliveries/7/attempts", Reply(422, {"message": "too old"}))
    with pytest.raises(Stalled, match=r"asking GitHub for delivery 7 again: .*too old"):
        github.hook_deliveries.redeliver(7)


@pytest.fixture
def undeliverable(shop: Shop) -> Iterator[Shop]:
    """Give a shop whose webhooks leave, and find nobody."""
    shop.people.set_sending(Sending())
    yield shop
    shop.people.wait_deliveries()
    shop.people.set_sending(Sending(is_suppressed=True))


def test_missed_deliveries_are_found_over_all_pages_and_asked_for_again(
    connected: GitHub, undeliverable: Shop, clock: MovedClock
) -> None:
    shop = undeliverable
    begin = clock() - timedelta(seconds=2)
    for number in range(101):
        shop.people.add_label(shop.name, shop.number, f"label-{number}")
    shop.people.wait_deliveries()
    missed = [found for found in connected.hook_deliveries.since(begin) if not found.is_delivered]
    sent = [one for one in shop.people.deliveries() if one.id in {found.id for found in missed}]
    assert len(sent) == len(missed) >= 101
    assert [found.id for found in missed] == sorted((found.id for found in missed), reverse=True)

    connected.hook_deliveries.redeliver(missed[0].id)
    shop.people.wait_deliveries()
    newest, *_ = connected.hook_deliveries.since(begin)
    assert (newest.guid, newest.id > missed[0].id) == (missed[0].guid, True)
