"""Who is poked again, and when: a poke that is lost or comes too early costs seconds, not a poll of minutes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.health import Health, Holding, Phase, Sync
from app.errors import Transient
from app.ports import Poke
from app.stages.wake import PATIENCE, Waker, extra_patience
from tests.domain.builders import health, web
from tests.stages.house import House
from tests.stages.test_story import NAMESPACE, closed, opened

OBJECT = f"Application/{NAMESPACE}"


class Clock:
    """Time that passes when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def waker(house: House, clock: Clock) -> Waker:
    """One that waits for nobody the first time."""
    return Waker(house.store, house.destinations, timedelta(), clock)


def shown(house: House, sync: Sync | None, phase: Phase = Phase.ACTIVE, *, is_going: bool = False) -> None:
    """Have the cluster show an older commit running, and this of the syncer."""
    holding = (Holding(OBJECT, ("resources-finalizer",), "2026-11-24T12:00:00Z"),) if is_going else ()
    seen = health(web(sha="e" * 40)) if phase is Phase.ACTIVE else Health(phase)
    house.cluster.healths[NAMESPACE] = replace(seen, sync=sync, holding=holding)
    house.observe()
    house.settle()
    house.syncer.pokes.clear()


def commit(house: House) -> str | None:
    """What was published last."""
    return house.environment().published.commit


@pytest.mark.parametrize(
    ("applied", "tried", "is_exact", "is_poked"),
    [
        ("older", "older", True, True),
        (None, None, True, True),
        ("older", "wanted", True, False),
        ("wanted", "wanted", True, False),
        ("older", "older", False, False),
    ],
)
def test_a_syncer_is_poked_again_until_it_turns_to_the_commit(
    house: House, applied: str | None, tried: str | None, is_exact: bool, is_poked: bool
) -> None:
    opened(house)
    named = {"wanted": commit(house), "older": "d" * 40, None: None}
    shown(house, Sync(OBJECT, named[applied], named[tried], is_exact=is_exact))
    waker(house, Clock()).wake()
    assert house.syncer.pokes == ([Poke((NAMESPACE,), came_or_went=False, is_again=True)] if is_poked else [])


@pytest.mark.parametrize("phase", [Phase.ACTIVE, Phase.PARTIAL])
def test_what_makes_the_objects_is_poked_while_there_is_none(house: House, phase: Phase) -> None:
    opened(house)
    shown(house, None, phase)
    waker(house, Clock()).wake()
    assert house.syncer.pokes == [Poke((NAMESPACE,), came_or_went=True, is_again=True)]


@pytest.mark.parametrize(("phase", "is_poked"), [(Phase.PARTIAL, True), (Phase.TERMINATING, False)])
def test_a_syncer_that_does_not_see_the_loss_of_a_namespace_is_poked(
    house: House, phase: Phase, is_poked: bool
) -> None:
    opened(house)
    shown(house, Sync(OBJECT, commit(house), commit(house), is_exact=True), phase)
    waker(house, Clock()).wake()
    assert bool(house.syncer.pokes) is is_poked


@pytest.mark.parametrize(
    ("phase", "is_going", "is_poked"),
    [(Phase.ACTIVE, False, True), (Phase.ACTIVE, True, False), (Phase.TERMINATING, False, False)],
)
def test_a_removal_is_poked_for_until_the_object_is_going(
    house: House, phase: Phase, is_going: bool, is_poked: bool
) -> None:
    opened(house)
    closed(house)
    shown(house, Sync(OBJECT, "d" * 40, "d" * 40, is_exact=True), phase, is_going=is_going)
    waker(house, Clock()).wake()
    assert house.syncer.pokes == ([Poke((NAMESPACE,), came_or_went=True, is_again=True)] if is_poked else [])


def test_nobody_is_poked_before_time(house: House) -> None:
    opened(house)
    house.syncer.pokes.clear()
    Waker(house.store, house.destinations, timedelta(minutes=1), Clock()).wake()
    assert house.syncer.pokes == []


@pytest.mark.parametrize(("waiting", "times"), [(1, 0), (9, 0), (10, 1), (200, 20)])
def test_a_crowd_is_given_longer(waiting: int, times: int) -> None:
    assert extra_patience(PATIENCE, waiting) == PATIENCE * times


def test_pokes_come_less_and_less_often(house: House) -> None:
    opened(house)
    shown(house, None)
    clock = Clock()
    with house.store.begin() as session:
        session.execute(text("UPDATE environments SET published_at = now() - interval '1 minute'"))
    again = Waker(house.store, house.destinations, timedelta(seconds=4), clock)
    counted = []
    for clock.now in (0.0, 2.0, 4.0, 8.0, 12.0, 20.0, 28.0):
        again.wake()
        counted.append(len(house.syncer.pokes))
    assert counted == [1, 1, 2, 2, 3, 3, 4]


def test_a_poke_that_fails_is_made_again_at_once(house: House) -> None:
    opened(house)
    shown(house, None)
    again = waker(house, Clock())
    house.syncer.error = Transient("poking: no answer")
    again.wake()
    house.syncer.error = None
    again.wake()
    assert len(house.syncer.pokes) == 1


def test_a_cluster_that_is_declared_no_more_holds_nobody_up(house: House) -> None:
    opened(house)
    shown(house, None)
    Waker(house.store, {}, timedelta(), Clock()).wake()
    assert house.syncer.pokes == []
