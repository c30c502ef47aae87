"""The embedded PostgreSQL: it answers, keeps, forgets, fails in words, and never runs as root."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
from sqlalchemy import create_engine, text

from app.demo.account import Account
from app.demo.ports import listens
from app.demo.postgres import Postgres, PostgresFailed

ROOT = Path(__file__).parents[3]
NOBODY = 65_534


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """Give a server of the test's own, to be stopped and killed."""
    server = Postgres.start(tmp_path, durable=False)
    yield server
    server.stop()


def execute(url: str, *statements: str) -> str:
    """Run the statements, and return what the last one selects."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            results = [connection.execute(text(statement)) for statement in statements]
            return str(results[-1].scalar()) if results[-1].returns_rows else ""
    finally:
        engine.dispose()


def test_server_speaks_utf8_and_asks_for_the_password(postgres_server: Postgres) -> None:
    url = postgres_server.url()
    assert execute(url, "SHOW server_encoding") == "UTF8"
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(url.replace("+psycopg2", "").replace(postgres_server.password, "wrong"))


def test_server_never_runs_as_root(postgres_server: Postgres) -> None:
    assert psutil.Process(postgres_server.pid).uids().effective != 0


def test_password_is_for_its_owner_alone(postgres_server: Postgres) -> None:
    assert (postgres_server.directory / "password").stat().st_mode & 0o077 == 0
    assert postgres_server.password not in " ".join(psutil.Process(postgres_server.pid).cmdline())


def test_new_database_is_a_copy_of_its_template(postgres_server: Postgres) -> None:
    template = postgres_server.create_database("copied")
    execute(template, "CREATE TABLE told AS SELECT 42 AS answer")
    copy = postgres_server.create_database("copy", template="copied")
    assert execute(copy, "SELECT answer FROM told") == "42"
    postgres_server.drop_database("copy")
    postgres_server.drop_database("copy")
    postgres_server.drop_database("copied")


@pytest.mark.parametrize("ending", [Postgres.stop, Postgres.kill])
def test_data_outlives_the_server(server: Postgres, ending: object) -> None:
    execute(server.url(), "CREATE TABLE told AS SELECT 42 AS answer", "CHECKPOINT")
    assert callable(ending)
    ending(server)
    assert not listens(server.port)
    server.restart()
    assert execute(server.url(), "SELECT answer FROM told") == "42"


def test_next_start_finds_the_data_of_the_one_before(server: Postgres, tmp_path: Path) -> None:
    execute(server.url(), "CREATE TABLE told AS SELECT 42 AS answer")
    server.stop()
    again = Postgres.start(tmp_path)
    assert execute(again.url(), "SELECT answer FROM told") == "42"
    assert execute(again.url(), "SHOW fsync") == "on"
    again.stop()


def test_failed_start_repeats_postgres_own_words(postgres_server: Postgres, tmp_path: Path) -> None:
    with pytest.raises(PostgresFailed, match="could not bind"):
        Postgres.start(tmp_path, port=postgres_server.port)


def test_server_starts_beneath_a_folder_that_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    server = Postgres.start(tmp_path / "closed" / "data", durable=False)
    assert execute(server.url(), "SELECT 1") == "1"
    server.stop()


def test_user_without_rights_can_start_it(tmp_path: Path) -> None:
    """As root, the program below is run by nobody; everyone else is without rights already."""
    account = Account(NOBODY, NOBODY) if os.geteuid() == 0 else Account(os.geteuid(), os.getegid())
    account.own(tmp_path)
    program = f"""
from pathlib import Path
from app.demo.postgres import Postgres
server = Postgres.start(Path({str(tmp_path)!r}), durable=False)
print(server.create_database("mine"))
server.stop()
"""
    command = account.command([sys.executable, "-B", "-c", program], [Path(sys.executable), ROOT / "app", tmp_path])
    done = subprocess.run(
        command, cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.startswith("postgresql+psycopg2://")
