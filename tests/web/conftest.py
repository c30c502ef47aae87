"""The web application on a database of the test's own."""

from collections.abc import Iterator

import pytest

from app.store.engine import Store
from tests.web.house import House


@pytest.fixture
def house(database_url: str) -> Iterator[House]:
    """Give an application whose database is empty and migrated."""
    store = Store(database_url, pool_size=4)
    yield House(store)
    store.close()
