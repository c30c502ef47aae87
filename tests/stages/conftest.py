"""A house of stages for each test."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.engine import Store
from tests.stages.house import House


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """Give all stages, on a database and a Git repository of the test's own."""
    remote = tmp_path / "environments.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
    store = Store(database_url)
    yield House(store, remote, tmp_path / "cache")
    store.close()
