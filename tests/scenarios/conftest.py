"""One running world for all scenarios; each test has a repository of its own in it."""

from collections.abc import Iterator

import pytest

from tests.scenarios.shop import Shop
from tests.scenarios.world import World


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the product and everything around it, running."""
    with World.running(tmp_path_factory.mktemp("scenarios"), durable=False) as running:
        yield running


@pytest.fixture
def shop(world: World) -> Iterator[Shop]:
    """Give an empty repository of this test's own; no condition that the test makes outlives it."""
    yield Shop.create(world)
    world.mend()
