"""One migrated database that is emptied for each test: ten times as quick as making one for each."""

from dataclasses import dataclass

import psycopg2
import psycopg2.extensions

from app.demo.ports import wait_until
from app.demo.postgres import Postgres

_DISCONNECT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# Replication's role leaves out triggers and foreign keys: https://www.postgresql.org/docs/18/runtime-config-client.html
_EMPTY = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_.*|information_schema|public)$' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', name);
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    EXECUTE format('ALTER DATABASE %I RESET ALL', current_database());
    PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence;
END $$;
"""
_SHAPE = """
SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
    SELECT concat_ws(' ', 'level', version_num) AS line FROM public.alembic_version
    UNION ALL SELECT concat_ws(' ', c.oid, relname, relkind, attname, atttypid, attnotnull, atthasdef, attstorage)
        FROM pg_class c JOIN pg_attribute ON attrelid = c.oid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', oid, conname, convalidated) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', t.oid, tgname, tgenabled) FROM pg_trigger t
        JOIN pg_class c ON c.oid = tgrelid AND relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', oid, proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS lines
"""


_PATIENCE_SECONDS = 10.0


@dataclass(slots=True)
class EmptiedDatabase:
    """A copy of `template` whose URL never changes, though it may be made anew."""

    server: Postgres
    name: str
    template: str
    _shape: str | None = None

    def url(self) -> str:
        """Empty it, and return its URL: nobody is connected, no row is there, every sequence begins anew.

        Made anew when its tables are not those it was made with.
        """
        if self._shape is None or self._empty() != self._shape:
            self.server.drop_database(self.name)
            self.server.create_database(self.name, template=self.template)
            self._shape = self._empty()
        return self.server.url(self.name)

    def _empty(self) -> str:
        connection = psycopg2.connect(self.server.url(self.name).replace("+psycopg2", ""))
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                wait_until(lambda: _is_alone(cursor), _PATIENCE_SECONDS, f"everyone to leave database {self.name}")
                cursor.execute(_EMPTY)
                cursor.execute(_SHAPE)
                return str(cursor.fetchall()[0][0])
        finally:
            connection.close()


def _is_alone(cursor: psycopg2.extensions.cursor) -> bool:
    cursor.execute(_DISCONNECT)
    return not cursor.rowcount
