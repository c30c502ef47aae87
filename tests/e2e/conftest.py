"""One running realm for all of these tests; each has a repository of its own in it."""

from collections.abc import Iterator

import pytest

from app.demo.processes import until_signalled
from tests.e2e import options
from tests.e2e.realm import Realm
from tests.scenarios.shop import Shop

if not options.is_asked_for():
    collect_ignore_glob = ["test_*.py"]


def pytest_configure(config: pytest.Config) -> None:
    """Say what the mark means."""
    config.addinivalue_line("markers", "last: runs after all others, whose repositories it would slow down")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those marked `last` at the end."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """Give the product beside a real cluster, running."""
    with Realm.running(tmp_path_factory.mktemp("e2e"), options.syncer()) as running:
        yield running
        if options.is_kept():
            with until_signalled() as asked:
                print(f"\n\nEverything stays up until Ctrl-C.\n\n{running.addresses()}\n")
                asked.wait()


@pytest.fixture
def shop(realm: Realm) -> Iterator[Shop]:
    """Give an empty repository of this test's own."""
    yield Shop.create(realm.world)
    realm.world.mend()
