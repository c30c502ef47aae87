"""Whether PostgreSQL answers, asked quickly and without waiting for a place in the pool."""

from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from app.errors import Transient
from app.store.engine import Store, first_line

_OPTIONS = {
    # The shortest that libpq takes seriously: https://www.postgresql.org/docs/current/libpq-connect.html
    "connect_timeout": 2,
    "options": "-c statement_timeout=2s",
    "application_name": "ephemera probe",
}


def revision(store: Store) -> str | None:
    """The migration that the database is at; None when it was never migrated. Raises Transient within seconds."""
    engine = create_engine(store.engine.url, poolclass=NullPool, connect_args=_OPTIONS)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise Transient(f"asking PostgreSQL: {first_line(error)}") from error
