"""The connection pool of one process, and transactions on it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from app.errors import Transient

__all__ = ["Session", "Store", "first_line"]

STATEMENT_TIMEOUT = "30s"
LOCK_TIMEOUT = "10s"
IDLE_TIMEOUT = "120s"
"""Of a transaction: a look at GitHub is waited for inside one, a stopped process is not."""


class Store:
    """PostgreSQL as this process sees it. Safe to share between threads; made once per process, after any fork."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            pool_timeout=10,
            hide_parameters=True,
            connect_args={
                "connect_timeout": 5,
                "options": _options(),
                "application_name": "ephemera",
            },
        )
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A transaction: committed at the end, rolled back when anything is raised.

        Raises Transient when PostgreSQL cannot be reached, takes too long, or breaks off; what was asked of it may
        or may not have been done then.
        """
        try:
            with self._sessions.begin() as session:
                yield session
        except (OperationalError, PoolTimeout) as error:
            raise Transient(f"asking PostgreSQL: {first_line(error)}") from error
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            raise Transient(f"asking PostgreSQL: the connection broke: {first_line(error)}") from error

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection of its own that commits each statement; session locks live on it."""
        try:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                yield connection
        except (OperationalError, PoolTimeout) as error:
            raise Transient(f"asking PostgreSQL: {first_line(error)}") from error

    def close(self) -> None:
        """Return every connection to the server."""
        self.engine.dispose()


def _options() -> str:
    settings = {
        "statement_timeout": STATEMENT_TIMEOUT,
        "lock_timeout": LOCK_TIMEOUT,
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT,
        "timezone": "UTC",
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def first_line(error: Exception) -> str:
    """What PostgreSQL or its driver said, without the statement and its values; at most 200 characters."""
    origin = getattr(error, "orig", None) or error
    return (str(origin).strip().splitlines() or [type(origin).__name__])[0][:200]
