"""The simulated cluster as a process of this machine."""

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.demo.children import Child, spawn
from app.demo.cluster import StartCluster
from app.demo.git_host import GitHost
from app.demo.kubernetes.client import SimulatedKubernetes
from app.demo.ports import free_port, listens, wait_until

_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the simulated cluster is, in seconds."""

    rollout: float = 0.3
    termination: float = 0.3
    poll: float = 120.0
    """Argo CD's usual interval: without pokes, a commit waits for it."""


@dataclass(frozen=True, slots=True)
class SimulatedCluster:
    """Implements `RunningCluster`."""

    inside: SimulatedKubernetes
    token: str
    _child: Child

    def settings(self) -> Mapping[str, str]:
        """Its address, its token and its syncer."""
        return {
            "EPHEMERA_CLUSTER_URL": self.inside.url,
            "EPHEMERA_CLUSTER_TOKEN": self.token,
            "EPHEMERA_SYNCER": "argocd",
        }

    def connect(self, settings: Mapping[str, str]) -> None:
        """Nothing: its syncer was told of the repository when it was started."""

    def stop(self) -> None:
        """End the process."""
        self._child.stop()


def simulated(pace: Pace | None = None) -> StartCluster:
    """Starts a simulated cluster with Argo CD. RuntimeError with its last words when it does not start."""
    return partial(_start, pace or Pace())


def _start(pace: Pace, directory: Path, git: GitHost, repository: str) -> SimulatedCluster:
    port, token = free_port(), secrets.token_urlsafe(24)
    command = [
        *(sys.executable, "-m", "app.demo.kubernetes", f"--port={port}", f"--token={token}"),
        f"--repository={repository}",
        f"--rollout-seconds={pace.rollout}",
        f"--termination-seconds={pace.termination}",
        f"--poll-seconds={pace.poll}",
    ]
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), **git.client_environment()}
    log = directory / "cluster.log"
    with log.open("wb") as output:
        child = spawn(command, environment, output=output)
    wait_until(lambda: listens(port) or not child.is_running, _START_SECONDS, f"the cluster on port {port}")
    if not child.is_running:
        child.stop()
        raise RuntimeError(f"starting the simulated cluster: {log.read_text()[-2000:]}")
    return SimulatedCluster(SimulatedKubernetes(f"http://127.0.0.1:{port}", token), token, child)
