"""Locks: one writer at a time, and a lock that was lost is noticed before anything is pushed."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.errors import Transient
from app.store.engine import Store
from app.store.locks import Lock, only_writer, try_claim

SHORT = timedelta(milliseconds=50)


def test_second_writer_waits_and_then_gives_up(database_url: str) -> None:
    store = Store(database_url)
    with (
        only_writer(store, Lock.PUBLISH, "a", SHORT),
        only_writer(store, Lock.PUBLISH, "b", SHORT),
        pytest.raises(Transient),
        only_writer(store, Lock.PUBLISH, "a", SHORT),
    ):
        raise AssertionError("there were two writers")
    with only_writer(store, Lock.PUBLISH, "a", SHORT) as lock:
        lock.confirm()
    store.close()


def test_writer_whose_connection_ended_may_not_push(database_url: str) -> None:
    store = Store(database_url)
    with only_writer(store, Lock.PUBLISH, "a", SHORT) as lock:
        with store.begin() as session:
            session.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = :lock"),
                {"lock": int(Lock.PUBLISH)},
            )
        with pytest.raises(Transient, match="was lost"):
            lock.confirm()
        with only_writer(store, Lock.PUBLISH, "a", SHORT) as other:
            other.confirm()
    store.close()


def test_claim_ends_with_its_transaction(database_url: str) -> None:
    store = Store(database_url)
    with store.begin() as first, store.begin() as second:
        assert try_claim(first, Lock.DECIDE, 1)
        assert not try_claim(second, Lock.DECIDE, 1)
        assert try_claim(second, Lock.DECIDE, 2)
    with store.begin() as third:
        assert try_claim(third, Lock.DECIDE, 1)
    store.close()
