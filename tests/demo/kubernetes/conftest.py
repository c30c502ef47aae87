"""Simulated clusters, each of a test's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.demo.kubernetes.client import SimulatedKubernetes
from app.demo.kubernetes.options import Options
from app.demo.kubernetes.simulator import Simulator
from tests.demo.kubernetes.environments import Environments

TOKEN = "cluster-token"
StartCluster = Callable[..., SimulatedKubernetes]


@pytest.fixture
def start_cluster() -> Iterator[StartCluster]:
    """Give what starts a cluster with the options it is told, quick in everything and without a syncer unless told."""
    with ExitStack() as stack:

        def start(**options: object) -> SimulatedKubernetes:
            quick = {"syncer": "none", "rollout_seconds": 0.05, "termination_seconds": 0.05, "bookmark_seconds": 0.1}
            simulator = Simulator(Options(TOKEN, **{**quick, **options}))  # type: ignore[arg-type]
            stack.callback(simulator.stop)
            simulator.start()
            return SimulatedKubernetes(simulator.url, TOKEN)

        yield start


@pytest.fixture
def cluster(start_cluster: StartCluster) -> SimulatedKubernetes:
    """Give a cluster without a syncer."""
    return start_cluster()


@pytest.fixture
def environments(tmp_path: Path) -> Environments:
    """Give an environments repository of this test's own."""
    return Environments.create(tmp_path / "environments-repository")
