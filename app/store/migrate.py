"""Migrations: whether the database is at this program's level, and bringing it there."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from app.store.engine import Store
from app.store.locks import Lock

_SCRIPTS = Path(__file__).parent / "migrations"


@cache
def head() -> str:
    """The revision that this program was written for."""
    revision = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    assert revision is not None
    return revision


def suffices(revision: str | None) -> bool:
    """Whether this program can work at the database's revision: its own, or one that it does not know.

    That one is newer, made by a program that is being rolled out beside this one; migrations are additive first.
    """
    return revision is not None and (revision == head() or revision not in _known())


def current(store: Store) -> str | None:
    """The database's revision; None when it was never migrated. Raises Transient when it cannot be asked."""
    with store.connection() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to a revision. Several programs may do so at once: one works, the others wait."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Take the database back to an earlier revision."""
    _run(url, lambda config: command.downgrade(config, revision))


@cache
def _known() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory(str(_SCRIPTS)).walk_revisions())


def _run(url: str, act: Callable[[Config], None]) -> None:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": int(Lock.MIGRATE)})
            config = Config()
            config.set_main_option("script_location", str(_SCRIPTS))
            config.attributes["connection"] = connection
            act(config)
    finally:
        engine.dispose()
