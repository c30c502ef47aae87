"""A database whose clock a test moves: what asks it for the time is told the time plus a shift.

PostgreSQL looks for a function in `pg_catalog` first, unless the search path names it elsewhere
(https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-CATALOG).
"""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import text

from app.store.engine import Store

_INSTALL = """
CREATE SCHEMA moved;
CREATE TABLE moved.clock (ahead interval NOT NULL);
INSERT INTO moved.clock VALUES ('0');
CREATE FUNCTION moved.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT pg_catalog.now() + ahead FROM moved.clock';
CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM moved.clock';
"""
_USE = "ALTER DATABASE {name} SET search_path = moved, public, pg_catalog"


@dataclass
class DatabaseClock:
    """The clock of one test's database; install it before anything else is asked of the store."""

    store: Store
    ahead: timedelta = field(default_factory=timedelta)

    @classmethod
    def install(cls, store: Store) -> "DatabaseClock":
        """Have every connection from now on see it."""
        with store.begin() as session:
            session.execute(text(_INSTALL))
            name = session.execute(text("SELECT current_database()")).scalar_one()
            session.execute(text(_USE.format(name=name)))
        store.close()
        return cls(store)

    def move(self, by: timedelta) -> None:
        """Let so much time pass."""
        self.ahead += by
        with self.store.begin() as session:
            session.execute(text("UPDATE moved.clock SET ahead = :ahead"), {"ahead": self.ahead})

    def seconds(self) -> float:
        """How far it was moved; for what only wants to know how much time has passed."""
        return self.ahead.total_seconds()

    def wait(self, seconds: float) -> None:
        """Wait without waiting."""
        self.move(timedelta(seconds=seconds))
