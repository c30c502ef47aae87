"""What many tests stand on: real servers, one of each per test process, started when first asked for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.demo.git_host import GitHost, RunningGitHost
from app.demo.postgres import Postgres
from app.demo.valkey import Valkey
from app.store.engine import Store
from app.store.migrate import upgrade
from tests.emptied import EmptiedDatabase

_TEMPLATE = "migrated"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one way to rewrite goldens: `pytest --update-goldens`, then read the diff."""
    parser.addoption("--update-goldens", action="store_true", help="rewrite the golden files")


@pytest.fixture
def updates_goldens(request: pytest.FixtureRequest) -> bool:
    """Tell whether goldens are to be rewritten."""
    return bool(request.config.getoption("--update-goldens"))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Give a running PostgreSQL that forgets everything at the end."""
    server = Postgres.start(tmp_path_factory.mktemp("postgres"), durable=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Postgres) -> str:
    """Give the name of a migrated database that others are copied from."""
    upgrade(postgres_server.create_database(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture(scope="session")
def _emptied_database(postgres_server: Postgres, migrated_template: str) -> EmptiedDatabase:
    return EmptiedDatabase(postgres_server, "emptied", migrated_template)


@pytest.fixture
def database_url(_emptied_database: EmptiedDatabase) -> str:
    """Give the URL of a migrated database that is this test's own until it ends."""
    return _emptied_database.url()


@pytest.fixture(scope="session")
def _stores() -> dict[str, Store]:
    return {}


@pytest.fixture
def emptied_store(database_url: str, _stores: dict[str, Store]) -> Iterator[Store]:
    """Give a store on that database; it still knows the statements that were compiled for the tests before."""
    store = _stores.setdefault(database_url, Store(database_url))
    yield store
    store.close()


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """Give a running Valkey."""
    server = Valkey.start(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture
def redis_url(valkey_server: Valkey) -> str:
    """Give the URL of a database that is empty."""
    valkey_server.flush()
    return valkey_server.url()


@pytest.fixture(scope="session")
def running_git_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGitHost]:
    """Give a running Git server; its repositories stay until the end, so names must not meet."""
    running = RunningGitHost.start(tmp_path_factory.mktemp("git"))
    yield running
    running.stop()


@pytest.fixture
def git_server(running_git_host: RunningGitHost) -> Iterator[GitHost]:
    """Give the Git server's client; no fault outlives the test."""
    yield running_git_host.host
    running_git_host.host.heal()


@pytest.fixture
def environments_repository(git_server: GitHost, tmp_path: Path) -> str:
    """Give the URL of an environments repository of this test's own, with one commit on `main`."""
    return git_server.create(f"acme/{tmp_path.name}", readme=True)
