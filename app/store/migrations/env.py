"""Alembic's entry: runs the migrations on the connection that `app.store.migrate` opened and holds the lock on."""

from alembic import context

from app.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_server_default=True,
)
context.run_migrations()
