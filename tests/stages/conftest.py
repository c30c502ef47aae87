"""A house of stages for each test."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.demo.github.client import SimulatedGitHub
from app.store.engine import Store
from tests.moved import DatabaseClock
from tests.stages.house import House
from tests.stages.hub import Hub, moved_in, simulated


@pytest.fixture
def house(emptied_store: Store, tmp_path: Path) -> House:
    """Give all stages, on a database and a Git repository of the test's own."""
    remote = tmp_path / "environments.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
    return House(emptied_store, remote, tmp_path / "cache")


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SimulatedGitHub, str]]:
    """Give a simulated GitHub, and the key of the App that it knows."""
    with simulated(tmp_path_factory.mktemp("github")) as running:
        yield running


@pytest.fixture
def hub(house: House, simulator: tuple[SimulatedGitHub, str]) -> Iterator[Hub]:
    """Give the stages, speaking to a simulated GitHub; no condition outlives the test."""
    people, key = simulator
    yield moved_in(house, people, key, DatabaseClock.install(house.store))
    people.reset_conditions()
