"""Gone means gone: a removal is over when lists made after the folder left show nothing, and the receipt says so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.environment import Status
from app.domain.health import Health, Phase
from app.domain.teardown import Part, Teardown
from app.errors import Transient
from app.ports import Ring
from app.stages.observe import LIST_EVERY
from app.store import observing
from app.store.engine import Store
from tests.domain.builders import health, pull_request, web
from tests.stages.fakes import Ahead
from tests.stages.house import House
from tests.stages.test_story import FOLDER, NAMESPACE, closed, opened, ready
from tests.stages.test_sweep import swept

OBJECT, SPACE, VOLUME = f"Application/{NAMESPACE}", f"Namespace/{NAMESPACE}", "PersistentVolume/pvc-1"


def left(house: House, *names: str) -> None:
    """Have lists show exactly this of the environment, and the watch nothing."""
    house.cluster.healths.clear()
    house.cluster.unwatched[NAMESPACE] = frozenset(names)
    house.observe()


def teardown(house: House) -> Teardown:
    """The row's removal."""
    found = house.environment().teardown
    assert found is not None
    return found


def is_gone(house: House) -> dict[str, bool]:
    """Part -> it was confirmed gone."""
    return {part.name: part.gone_at is not None for part in teardown(house).parts}


@pytest.fixture
def going(house: House) -> House:
    """Give a house whose one environment ran, and whose pull request was closed."""
    opened(house)
    ready(house)
    closed(house)
    return house


def test_removal_begins_with_what_existed_and_the_commits_that_made_and_removed_it(going: House) -> None:
    begun = teardown(going)
    removed, made = going.git("log", "--format=%H", "main").split()
    assert (begun.made_commit, begun.removed_commit) == (made, removed)
    assert "Deployment/web" in begun.objects
    assert begun.made_at is not None
    assert begun.made_at < begun.removed_at
    assert begun.parts == (Part(OBJECT), Part(SPACE))


def test_every_part_is_confirmed_when_it_is_not_listed_for_the_first_time(going: House) -> None:
    left(going, OBJECT, SPACE, VOLUME)
    assert is_gone(going) == {OBJECT: False, SPACE: False, VOLUME: False}
    left(going, OBJECT, VOLUME)
    assert is_gone(going) == {OBJECT: False, SPACE: True, VOLUME: False}
    [first] = (part for part in teardown(going).parts if part.name == SPACE)
    left(going, VOLUME)
    assert going.environment().status is Status.DESTROYING
    left(going)
    assert first in teardown(going).parts
    assert is_gone(going) == {OBJECT: True, SPACE: True, VOLUME: True}
    assert going.environment().status is Status.DESTROYED
    going.settle()
    [comment] = going.texts.comments.values()
    assert "<summary>Receipt" in comment
    assert VOLUME in comment


def test_what_cannot_be_listed_changes_nothing(going: House) -> None:
    left(going, OBJECT)
    before = going.environment()
    going.cluster.is_blind = True
    left(going)
    after = going.environment()
    assert after.unseen == ("listing namespaces: no answer",)
    assert replace(after, unseen=()) == before


def test_list_that_was_begun_before_the_folder_left_proves_nothing(going: House) -> None:
    """Reopened and closed again while the list is under way: the removal that it was made for is over."""

    def reopen_and_close() -> None:
        going.truth.pull_requests[42] = pull_request()
        going.deliver("d-again", "reopened")
        going.settle()
        going.truth.pull_requests[42] = pull_request(is_open=False)
        going.deliver("d-over", "closed")
        going.settle()

    going.cluster.meanwhile = reopen_and_close
    left(going)
    assert going.environment().status is Status.DESTROYING
    assert not any(is_gone(going).values())
    going.observe()
    assert going.environment().status is Status.DESTROYED


def test_what_the_watch_still_shows_is_not_said_to_be_gone(going: House) -> None:
    """The list is ahead of the watch: said now, the watch would bring the environment back to life."""
    going.cluster.healths[NAMESPACE] = Health(Phase.PARTIAL)
    going.cluster.unwatched[NAMESPACE] = frozenset()
    lagging = replace(going.observer, view=Ahead(going.cluster.healths))
    lagging.step(timedelta())
    assert going.environment().status is Status.DESTROYING
    left(going)
    assert going.environment().status is Status.DESTROYED


def test_namespace_that_shows_again_has_to_go_again(going: House) -> None:
    left(going)
    assert going.environment().status is Status.DESTROYED
    going.cluster.healths[NAMESPACE] = health(web())
    going.observe()
    assert going.environment().status is Status.DESTROYING
    assert is_gone(going) == {OBJECT: True, SPACE: False}
    left(going)
    assert going.environment().status is Status.DESTROYED


def test_closed_pull_request_that_is_asked_about_again_keeps_its_receipt(going: House) -> None:
    left(going)
    before = teardown(going)
    going.deliver("d-again", "closed")
    going.settle()
    assert teardown(going) == before
    assert going.environment().status is Status.DESTROYED


def test_second_life_has_a_receipt_of_its_own(going: House) -> None:
    left(going)
    first = teardown(going)
    going.truth.pull_requests[42] = pull_request()
    going.deliver("d-3", "reopened")
    going.settle()
    ready(going)
    going.truth.pull_requests[42] = pull_request(is_open=False)
    going.deliver("d-4", "closed")
    going.settle()
    left(going)
    second = teardown(going)
    assert second.made_commit not in (None, first.made_commit)
    assert second.removed_commit not in (None, first.removed_commit)
    assert going.environment().status is Status.DESTROYED


def test_stuck_removal_stays_destroying_and_says_so(going: House) -> None:
    left(going, SPACE)
    with going.store.begin() as session:
        session.connection().exec_driver_sql("UPDATE environments SET desired_at = desired_at - interval '11 minutes'")
    swept(going)
    assert going.environment().status is Status.DESTROYING
    [comment] = going.texts.comments.values()
    assert f"Still there: `{SPACE}`" in comment
    assert "kubectl" in comment


def test_namespaces_of_another_cluster_are_not_ours(house: House) -> None:
    opened(house)
    with house.store.begin() as session:
        assert not observing.record(session, "elsewhere", NAMESPACE, health(web())).is_news
    assert house.environment().health is None


def test_nothing_is_listed_for_nothing(house: House) -> None:
    now = [0.0]
    observer = replace(house.observer, clock=lambda: now[0], list_every=LIST_EVERY)
    opened(house)
    ready(house)
    house.cluster.listings = 0
    observer.step(timedelta())
    assert house.cluster.listings == 0
    closed(house)
    for _ in range(5):
        observer.step(timedelta())
    assert house.cluster.listings == 1
    now[0] += LIST_EVERY.total_seconds()
    observer.step(timedelta())
    assert house.cluster.listings == 2
    house.cluster.healths.clear()
    observer.step(timedelta())
    assert house.cluster.listings == 3
    assert house.environment().status is Status.DESTROYED
    now[0] += LIST_EVERY.total_seconds()
    observer.step(timedelta())
    assert house.cluster.listings == 3


def test_what_was_seen_in_an_outage_is_not_lost_when_another_list_fails(going: House) -> None:
    away = Store("postgresql+psycopg2://nobody@127.0.0.1:1/nowhere")
    going.cluster.healths[NAMESPACE] = Health(Phase.TERMINATING)
    with pytest.raises(Transient):
        replace(going.observer, store=away).step(timedelta())
    going.cluster.is_quiet = going.cluster.is_blind = True
    going.observe()
    found = going.environment().health
    assert found is not None
    assert found.phase is Phase.TERMINATING
    assert going.values("SELECT problems FROM clusters") == [["listing namespaces: no answer"]]


def test_a_list_that_is_refused_is_told_though_the_watches_still_go_on(going: House) -> None:
    going.cluster.healths[NAMESPACE] = Health(Phase.TERMINATING)
    going.cluster.is_unlisted = True
    going.observe()
    assert going.values("SELECT problems FROM clusters") == [["listing namespaces: no answer"]]
    assert going.environment().status is Status.DESTROYING
    going.cluster.is_unlisted = False
    going.observe()
    assert going.values("SELECT problems FROM clusters") == [[]]


def test_cluster_says_when_it_was_last_wholly_in_view(house: House) -> None:
    house.observe()
    [seen_at] = house.values("SELECT seen_at FROM clusters")
    assert seen_at is not None
    house.observe()
    assert house.values("SELECT seen_at FROM clusters") == [seen_at]


def test_environment_that_was_never_published_is_gone_after_one_look(house: House) -> None:
    house.truth.pull_requests[42] = pull_request(is_draft=True)
    house.deliver("d-1", "opened")
    house.settle()
    house.observe()
    house.settle()
    assert house.environment().status is Status.DESTROYED
    assert not house.has(FOLDER)
    assert Ring.REPORT not in house.bell.rung
