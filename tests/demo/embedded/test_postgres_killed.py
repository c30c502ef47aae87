"""A PostgreSQL that was killed comes back, though a backend of it is still at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg2
import pytest
from psycopg2.extras import wait_select

from app.demo.ports import wait_until
from app.demo.postgres import Postgres, PostgresFailed

pytestmark = pytest.mark.slow

BUSY_SECONDS = 2
COMPUTE = f"DO $$ BEGIN WHILE clock_timestamp() < now() + interval '{BUSY_SECONDS} s' LOOP END LOOP; END $$"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """Give a server of the test's own that keeps what it committed."""
    server = Postgres.start(tmp_path, durable=True)
    yield server
    server.stop()


@contextmanager
def computing(server: Postgres) -> Iterator[psutil.Process]:
    """A backend that computes for two seconds, which a postmaster's death does not interrupt."""
    connection = psycopg2.connect(server.url().replace("+psycopg2", ""), async_=True)
    wait_select(connection)
    backend = psutil.Process(connection.info.backend_pid)
    connection.cursor().execute(COMPUTE)
    wait_until(lambda: backend.status() == psutil.STATUS_RUNNING, 5, "the backend to compute")
    yield backend
    connection.close()


def test_server_comes_back_while_a_backend_of_the_killed_one_computes(server: Postgres) -> None:
    with computing(server) as backend:
        server.kill()
        assert backend.status() == psutil.STATUS_RUNNING
        server.restart()
    with psycopg2.connect(server.url().replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 42")
        assert cursor.fetchone() == (42,)


def test_server_that_cannot_come_back_says_why_after_a_bounded_time(server: Postgres) -> None:
    with computing(server):
        server.kill()
        with pytest.raises(PostgresFailed, match="pre-existing shared memory block"):
            server.restart(patience_seconds=0.5)
        assert not server.is_running
