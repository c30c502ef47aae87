"""Advisory locks: they end with their transaction or connection, so a killed process never holds one.

Row locks are not used to claim work: a decision waits for GitHub, and a webhook that marks the same row must not wait
with it (https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import IntEnum
from zlib import crc32

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.errors import Transient
from app.store.engine import Store


class Lock(IntEnum):
    """What a lock is for: the first of its two keys."""

    DECIDE = 7001
    REPORT = 7002
    PUBLISH = 7003
    MIGRATE = 7004
    WRITE = 7005
    OBEY = 7006
    PROPOSE = 7007


def try_claim(session: Session, lock: Lock, environment_id: int) -> bool:
    """Claim an environment for the rest of the transaction; False when another transaction has it."""
    claimed = session.execute(
        text("SELECT pg_try_advisory_xact_lock(:lock, :id)"), {"lock": int(lock), "id": environment_id}
    )
    return bool(claimed.scalar_one())


class SessionLock:
    """A lock that lasts as long as its connection."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    def confirm(self) -> None:
        """Raise Transient unless the connection, and so the lock, is still ours."""
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            raise Transient(f"holding the lock of {self._name}: the connection to PostgreSQL was lost") from error


@contextmanager
def only_writer(store: Store, lock: Lock, name: str, wait: timedelta) -> Iterator[SessionLock]:
    """Be the only one who holds this lock for `name`; waits so long for it, then raises Transient."""
    keys = {"lock": int(lock), "name": crc32(name.encode()) - 2**31}
    milliseconds = {"wait": str(int(wait.total_seconds() * 1000))}
    with store.connection() as connection:
        try:
            connection.execute(text("SELECT set_config('lock_timeout', :wait, false)"), milliseconds)
            connection.execute(text("SELECT pg_advisory_lock(:lock, :name)"), keys)
            yield SessionLock(connection, name)
        finally:
            # Closing instead of unlocking: the lock ends with the connection, whatever state that is in.
            connection.invalidate()
