"""What one test did to the database is not there for the next."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg2
import pytest
from sqlalchemy import create_engine, text

from app.demo.postgres import Postgres
from app.store.engine import Store
from tests.emptied import EmptiedDatabase
from tests.moved import DatabaseClock

# An event without its environment: what is emptied need not be in order.
TELL = """
INSERT INTO events (environment_id, kind, message, actor) VALUES (1, 'told', '', 'ada') RETURNING id
"""


@pytest.fixture(scope="module")
def database(postgres_server: Postgres, migrated_template: str) -> Iterator[EmptiedDatabase]:
    """Give such a database to these tests alone."""
    yield EmptiedDatabase(postgres_server, "emptied_by_hand", migrated_template)
    postgres_server.drop_database("emptied_by_hand")


def execute(url: str, *statements: str) -> object:
    """Run them in one transaction as a replica does, and return the first value of the last, if it has one."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        results = [connection.execute(text(statement)) for statement in statements]
        answer = results[-1].scalar() if results[-1].returns_rows else None
    engine.dispose()
    return answer


def test_rows_numbers_and_connections_are_gone(database: EmptiedDatabase) -> None:
    assert execute(database.url(), TELL) == 1
    left_open = psycopg2.connect(database.url().replace("+psycopg2", ""))
    assert execute(database.server.url(database.name), TELL) == 1
    left_open.cursor().execute("LOCK TABLE events")
    assert execute(database.url(), "SELECT count(*) FROM events") == 0
    assert execute(database.server.url(database.name), TELL) == 1
    with pytest.raises(psycopg2.OperationalError):
        left_open.cursor().execute("SELECT 1")


def test_time_goes_as_before(database: EmptiedDatabase) -> None:
    store = Store(database.url())
    DatabaseClock.install(store).move(timedelta(days=365))
    store.close()
    assert execute(database.url(), "SELECT now() = pg_catalog.now()")


@pytest.mark.parametrize(
    "change",
    [
        "DROP TRIGGER events_are_append_only ON events",
        "ALTER TABLE events DISABLE TRIGGER events_are_append_only",
        "ALTER TABLE troubles DROP CONSTRAINT ck_troubles_stage",
        "ALTER TABLE deliveries RENAME TO others",
        "ALTER TABLE events ALTER COLUMN kind DROP NOT NULL",
        "UPDATE alembic_version SET version_num = '0001'",
    ],
)
def test_tables_that_were_changed_are_as_migrated(database: EmptiedDatabase, change: str) -> None:
    before = execute(database.url(), "SELECT oid FROM pg_database WHERE datname = current_database()")
    execute(database.url(), change)
    after = execute(database.url(), "SELECT oid FROM pg_database WHERE datname = current_database()")
    assert before != after
