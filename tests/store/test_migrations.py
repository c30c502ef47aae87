"""Migrations: up, down and up again on a database with rows; models and migrations agree."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from app.demo.postgres import Postgres
from app.store import migrate
from app.store.engine import Store
from app.store.models import Base

ROWS = """
INSERT INTO installations (id, account_login) VALUES (70, 'acme');
INSERT INTO repositories (id, installation_id, full_name) VALUES (7, 70, 'acme/shop');
INSERT INTO environments (repository_id, number, namespace, folder, host, cluster, asked_by, asked_reason)
    VALUES (7, 42, 'pr-42-shop', 'f', 'h', 'default', 'ada', 'r');
INSERT INTO events (environment_id, kind, message, actor) SELECT id, 'asked', 'r', 'ada' FROM environments;
INSERT INTO deliveries (id, event, body, outcome) VALUES ('d', 'pull_request', '\\x00ff', 'marked');
"""


@pytest.fixture
def empty_database(postgres_server: Postgres, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database without any table."""
    name = f"empty_{tmp_path.name}".replace("-", "_")[:60]
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


def test_every_migration_goes_up_down_and_up_again_with_rows_in_place(empty_database: str) -> None:
    store = Store(empty_database)
    assert migrate.current(store) is None
    migrate.upgrade(empty_database)
    with store.begin() as session:
        session.execute(text(ROWS))
    migrate.upgrade(empty_database)
    assert migrate.current(store) == migrate.head()
    migrate.downgrade(empty_database, "base")
    migrate.upgrade(empty_database)
    assert migrate.current(store) == migrate.head()
    store.close()


@pytest.mark.parametrize(("revision", "is_enough"), [(None, False), (migrate.head(), True), ("a-newer-one", True)])
def test_program_works_at_its_own_level_and_at_a_newer_one(revision: str | None, is_enough: bool) -> None:
    assert migrate.suffices(revision) is is_enough


def test_models_and_migrations_describe_the_same_tables(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()
