"""The budget that all processes share: real PostgreSQL, whose clock the test moves."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.budget import Limits, Why, Write
from app.store import budget, reporting
from app.store.engine import Store
from tests.moved import DatabaseClock

SECOND = timedelta(seconds=1)
ORDINARY, REMOVAL = Write(), Write(is_removal=True)
SLOW = Limits(spacing=60 * SECOND)
ROWS = """
INSERT INTO installations (id, account_login) VALUES (70, 'acme'), (80, 'other');
INSERT INTO repositories (id, installation_id, full_name) VALUES (7, 70, 'acme/shop'), (8, 80, 'other/shop'),
    (9, NULL, 'new/shop');
INSERT INTO environments (repository_id, number, namespace, folder, host, cluster, asked_by, asked_reason, status,
    report_wanted)
    SELECT repository, number, 'pr-' || number || '-' || repository, repository || '/' || number,
        number || '.' || repository, 'default', 'ada', 'r', 'ready', 'said'
    FROM generate_series(7, 9) AS repository, generate_series(1, 300) AS number;
"""


@dataclass
class Bank:
    """Three installations, one of them unnamed, with 300 environments each."""

    store: Store
    clock: DatabaseClock

    def take(self, write: Write = ORDINARY, installation_id: int | None = 70, limits: Limits | None = None) -> float:
        """How long the write has to wait, in seconds; 0 where it was let through."""
        with self.store.begin() as session:
            found = budget.take(session, installation_id, write, limits or Limits())
        return round(found.total_seconds(), 1) if found else 0

    def pause(self, seconds: float, installation_id: int | None = 70) -> float:
        """GitHub refuses."""
        with self.store.begin() as session:
            return budget.pause(session, installation_id, seconds * SECOND, "refused").total_seconds()

    def environments(self, repository_id: int) -> list[int]:
        """The ids of a repository's environments."""
        with self.store.begin() as session:
            query = text(f"SELECT id FROM environments WHERE repository_id = {repository_id} ORDER BY id")
            return list(session.scalars(query))

    def affordable(self, ids: list[int], *, is_removal: bool = False) -> int:
        """How many of them may be read; those that come first."""
        with self.store.begin() as session:
            afforded = budget.affordable(session, ids, is_removal=is_removal)
        assert list(afforded) == [each for each in ids if each in set(afforded)]
        return len(afforded)


@pytest.fixture
def bank(database_url: str) -> Iterator[Bank]:
    """Give the installations, and nothing spent."""
    store = Store(database_url)
    clock = DatabaseClock.install(store)
    with store.begin() as session:
        session.execute(text(ROWS))
    yield Bank(store, clock)
    store.close()


def test_writes_of_one_installation_are_kept_apart_and_others_do_not_wait(bank: Bank) -> None:
    for key in (70, 80, None):
        assert bank.take(installation_id=key, limits=SLOW) == 0
        assert 0 < bank.take(installation_id=key, limits=SLOW) <= 60
    bank.clock.move(60 * SECOND)
    assert bank.take(limits=SLOW) == 0


def test_what_was_refused_is_not_counted(bank: Bank) -> None:
    for _ in range(20):
        bank.take(limits=SLOW)
    with bank.store.begin() as session:
        assert session.execute(text("SELECT count(*) FROM github_writes")).scalar_one() == 1


def test_of_many_processes_that_want_the_same_moment_one_gets_it(bank: Bank) -> None:
    with ThreadPoolExecutor(8) as processes:
        waits = list(processes.map(lambda _: bank.take(limits=SLOW), range(40)))
    assert waits.count(0) == 1


def test_minute_and_hour_are_kept_to_and_old_writes_are_forgotten(bank: Bank) -> None:
    for _ in range(48):
        assert bank.take() == 0
        bank.clock.move(SECOND)
    assert 0 < bank.take() <= 12
    assert bank.take(REMOVAL) == 0
    bank.clock.move(timedelta(hours=1))
    assert bank.take() == 0
    with bank.store.begin() as session:
        assert session.execute(text("SELECT count(*) FROM github_writes")).scalar_one() == 1


def test_installation_is_left_alone_while_github_asked_for_a_pause(bank: Bank) -> None:
    assert bank.pause(40) == 40
    assert 30 <= bank.take(REMOVAL) <= 40
    assert bank.affordable(bank.environments(7)) == 0
    assert bank.take(installation_id=80) == 0
    bank.clock.move(41 * SECOND)
    assert bank.take() == 0
    assert bank.pause(40) == 80


def test_pause_is_kept_to_where_nothing_is_counted(bank: Bank) -> None:
    with bank.store.begin() as session:
        assert [budget.take(session, 70, ORDINARY, None) for _ in range(500)] == [None] * 500
        budget.pause(session, 70, SECOND, "refused")
        assert budget.take(session, 70, ORDINARY, None) is not None


def test_no_more_is_read_at_once_than_may_be_and_the_rest_comes_in_time(bank: Bank) -> None:
    shop, other = bank.environments(7), bank.environments(8)
    assert bank.affordable(shop) == 192
    assert bank.affordable(shop) < 60
    assert bank.affordable([*shop[:5], *other[:100]]) in range(100, 106)
    assert bank.affordable(shop, is_removal=True) >= 40
    bank.clock.move(60 * SECOND)
    assert bank.affordable(shop) == 192


def test_what_waits_is_shown_with_its_reason(bank: Bank) -> None:
    bank.take(limits=SLOW)
    bank.pause(30, 80)
    with bank.store.begin() as session:
        queues = {queue.installation_id: queue for queue in reporting.waiting(session, SLOW)}
        assert reporting.has_due(session)
    assert {key: queue.reports for key, queue in queues.items()} == {70: 300, 80: 300, None: 300}
    reasons = {key: queue.wait and queue.wait.why for key, queue in queues.items()}
    assert reasons == {70: Why.SPACING, 80: Why.PAUSE, None: None}


def test_nothing_is_rung_for_while_every_installation_waits(bank: Bank) -> None:
    for key in (70, 80, None):
        bank.pause(30, key)
    with bank.store.begin() as session:
        assert not reporting.has_due(session)
        assert len(reporting.due(session)) == 900
    bank.clock.move(31 * SECOND)
    with bank.store.begin() as session:
        assert reporting.has_due(session)
