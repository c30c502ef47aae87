"""Webhooks that did not arrive are asked for again, on a real database."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

from app.errors import Stalled, Transient
from app.ports import HookDelivery
from app.stages.catch_up import BATCH, INTERVAL, KEPT, PAUSE, SOON, TRIES, CatchUp
from app.store import asking, catching_up
from app.store.asking import Receipt
from app.store.catching_up import Missed
from app.store.engine import Store
from tests.domain.builders import NOW
from tests.stages.house import POLICY

MINUTE = timedelta(minutes=1)


@dataclass
class Hook:
    """GitHub's hook: sends once, lists for three days, repeats on request. `takes` is the web."""

    now: datetime
    takes: Callable[[str], bool]
    attempts: list[HookDelivery] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    listed_since: list[datetime] = field(default_factory=list)
    error: Exception | None = None
    """What befalls the next request to repeat something."""

    def send(self, guid: str, *, is_delivered: bool | None = None) -> None:
        """Attempt a delivery. `is_delivered`: what GitHub makes of the answer, whatever came of it."""
        took = self.takes(guid)
        is_delivered = took if is_delivered is None else is_delivered
        self.attempts.insert(0, HookDelivery(len(self.attempts) + 1, guid, self.now, is_delivered))

    def since(self, then: datetime) -> Sequence[HookDelivery]:
        self.listed_since.append(then)
        return [one for one in self.attempts if one.delivered_at >= then]

    def redeliver(self, delivery_id: int) -> None:
        error, self.error = self.error, None
        if error is not None:
            raise error
        (guid,) = [one.guid for one in self.attempts if one.id == delivery_id]
        self.asked.append(guid)
        self.send(guid)


@dataclass
class World:
    """A web that can be down or refuse something, GitHub's hook, and the clock."""

    store: Store
    is_down: bool = False
    refused: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.hook = Hook(NOW, self._take)
        self.catch_up = CatchUp(self.store, self.hook)

    def _take(self, guid: str) -> bool:
        if self.is_down or guid in self.refused:
            return False
        with self.store.begin() as session:
            asking.receive(session, Receipt(guid, "ping", None, b"{}", "ignored"), POLICY)
        return True

    def look(self) -> timedelta:
        return self.catch_up.look(self.hook.now)

    def look_until_quiet(self) -> None:
        """Look as the clock does until nothing is asked for any more."""
        while (wait := self.look()) == SOON:
            self.hook.now += wait

    def passes(self, time: timedelta) -> None:
        self.hook.now += time

    def arrived(self) -> set[str]:
        with self.store.begin() as session:
            return set(session.scalars(text("SELECT id FROM deliveries")))

    def seen_until(self) -> datetime | None:
        with self.store.begin() as session:
            return catching_up.seen_until(session)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """Give a world of the test's own."""
    store = Store(database_url)
    yield World(store)
    store.close()


def test_everything_that_was_missed_in_an_hour_arrives_within_15_minutes_of_coming_back(
    world: World,
) -> None:
    world.look()
    world.is_down = True
    missed = {f"d-{number}" for number in range(40)}
    for number in range(40):
        world.hook.send(f"d-{number}")
        world.passes(timedelta(seconds=90))
        if number % 4 == 0:
            world.look()
    assert world.arrived() == set()
    world.is_down = False
    came_back = world.hook.now
    world.passes(INTERVAL)
    world.look_until_quiet()
    assert world.arrived() == missed
    assert world.hook.now - came_back <= timedelta(minutes=15)


def test_nothing_is_asked_for_that_arrived(world: World) -> None:
    for number in range(5):
        world.hook.send(f"d-{number}")
    assert world.look() == INTERVAL
    assert world.hook.asked == []


def test_what_was_kept_though_github_had_no_answer_is_not_asked_for(
    world: World,
) -> None:
    world.hook.send("committed, then killed", is_delivered=False)
    assert world.look() == INTERVAL
    assert world.hook.asked == []


def test_what_a_restored_backup_has_forgotten_is_asked_for(world: World) -> None:
    world.hook.send("d-1")
    world.look()
    world.passes(MINUTE)
    world.hook.send("d-2")
    with world.store.begin() as session:
        session.execute(text("DELETE FROM deliveries WHERE id = 'd-2'"))
    world.look()
    assert world.hook.asked == ["d-2"]
    assert world.arrived() == {"d-1", "d-2"}


def test_at_first_only_what_failed_is_asked_for(world: World) -> None:
    world.hook.attempts = [HookDelivery(1, "another database's", NOW - MINUTE, is_delivered=True)]
    world.is_down = True
    world.hook.send("missed")
    world.is_down = False
    world.look()
    assert world.hook.asked == ["missed"]


def test_delivery_is_asked_for_once_however_often_github_tried(world: World) -> None:
    world.is_down = True
    for _ in range(3):
        world.hook.send("d-1")
    world.is_down = False
    world.look()
    assert world.hook.asked == ["d-1"]


def test_while_nothing_comes_through_one_is_asked_for_at_a_time(world: World) -> None:
    world.is_down = True
    for number in range(30):
        world.hook.send(f"d-{number}")
    world.look()
    world.look()
    assert world.hook.asked == ["d-0", "d-1"]


@pytest.mark.slow
def test_an_outage_of_two_days_uses_up_no_tries(world: World) -> None:
    world.look()
    world.is_down = True
    world.hook.send("d-1")
    world.hook.send("d-2")
    for _ in range(2 * 24 * 12):
        world.passes(INTERVAL)
        world.look()
    world.is_down = False
    world.passes(INTERVAL)
    world.look_until_quiet()
    assert world.arrived() == {"d-1", "d-2"}


def test_what_is_refused_again_and_again_is_left_alone_after_a_few_tries(
    world: World,
) -> None:
    world.refused = frozenset({"too large"})
    world.hook.send("too large")
    for number in range(200):
        world.passes(INTERVAL)
        world.hook.send(f"d-{number}")
        world.look()
    assert world.hook.asked == ["too large"] * TRIES


def test_tries_are_further_apart_each_time(world: World) -> None:
    world.refused = frozenset({"too large"})
    world.hook.send("too large")
    asked_at: list[datetime] = []
    for number in range(200):
        world.passes(MINUTE)
        world.hook.send(f"d-{number}")
        before = len(world.hook.asked)
        world.look()
        asked_at += [world.hook.now] * (len(world.hook.asked) - before)
    apart = [later - earlier for earlier, later in pairwise(asked_at)]
    assert apart == [PAUSE, 2 * PAUSE, 4 * PAUSE, 8 * PAUSE]


def test_what_github_keeps_no_longer_is_given_up(world: World) -> None:
    world.is_down = True
    world.hook.send("d-1")
    world.look()
    world.passes(KEPT + MINUTE)
    world.look()
    assert world.hook.asked == ["d-1"]
    with world.store.begin() as session:
        assert session.scalar(text("SELECT count(*) FROM missed_deliveries")) == 0


def test_list_is_read_from_where_it_was_left_and_never_further_back_than_three_days(
    world: World,
) -> None:
    world.look()
    world.hook.send("d-1")
    world.look()
    world.passes(timedelta(hours=1))
    world.look()
    world.passes(timedelta(days=9))
    world.look()
    first, _, third, last = world.hook.listed_since
    assert (first, last) == (NOW - KEPT, world.hook.now - KEPT)
    assert NOW - timedelta(hours=1) < third < NOW


def test_list_that_cannot_be_read_moves_nothing_on(world: World) -> None:
    world.hook.send("d-1")
    world.look()
    before = world.seen_until()
    world.is_down = True
    world.passes(MINUTE)
    world.hook.send("d-2")
    broken = CatchUp(world.store, _Broken())
    with pytest.raises(Transient):
        broken.look(world.hook.now)
    assert world.seen_until() == before
    world.is_down = False
    world.look()
    assert world.arrived() == {"d-1", "d-2"}


@pytest.mark.parametrize("error", [Transient("502"), Stalled("422")])
def test_request_that_fails_takes_nothing_else_with_it(world: World, error: Exception) -> None:
    world.is_down = True
    for number in range(3):
        world.hook.send(f"d-{number}")
    world.is_down = False
    world.hook.send("up")
    world.hook.error = error
    if isinstance(error, Transient):
        with pytest.raises(Transient):
            world.look()
    else:
        world.look()
    world.passes(PAUSE)
    world.look_until_quiet()
    assert world.arrived() == {"d-0", "d-1", "d-2", "up"}


def test_many_are_asked_for_in_batches_the_oldest_first(world: World) -> None:
    world.is_down = True
    for number in range(BATCH + 5):
        world.hook.send(f"d-{number}")
        world.passes(timedelta(seconds=1))
    world.is_down = False
    world.hook.send("up")
    assert world.look() == SOON
    assert world.hook.asked == [f"d-{number}" for number in range(BATCH)]
    world.passes(SOON)
    world.look_until_quiet()
    assert len(world.arrived()) == BATCH + 6


def test_what_one_process_has_taken_another_leaves_alone(world: World) -> None:
    missed = [Missed(f"d-{number}", number, NOW, 0) for number in range(3)]
    with world.store.begin() as session:
        catching_up.remember(session, missed, NOW)
    with world.store.begin() as first, world.store.begin() as second:
        taken = catching_up.take(first, NOW, at_most=2, max_tries=TRIES)
        left = catching_up.take(second, NOW, at_most=3, max_tries=TRIES)
    assert ([one.guid for one in taken], [one.guid for one in left]) == (["d-0", "d-1"], ["d-2"])


class _Broken:
    def since(self, then: datetime) -> Sequence[HookDelivery]:
        raise Transient("listing the App's deliveries: GitHub answered 502")

    def redeliver(self, delivery_id: int) -> None:
        raise Transient("no answer")
