"""The web application on a database of the test's own."""

from collections.abc import Iterator

import pytest

from app.demo.postgres import Postgres
from app.store.engine import Store
from tests.web.house import House


@pytest.fixture(scope="module")
def quiet_house(postgres_server: Postgres, migrated_template: str, request: pytest.FixtureRequest) -> Iterator[House]:
    """Give one application to all tests of a module: for those that change nothing or do not mind what others did."""
    name = request.module.__name__.rpartition(".")[2]
    store = Store(postgres_server.create_database(name, template=migrated_template), pool_size=4)
    yield House(store)
    store.close()
    postgres_server.drop_database(name)


@pytest.fixture
def house(emptied_store: Store) -> House:
    """Give an application whose database is empty and migrated."""
    return House(emptied_store)
