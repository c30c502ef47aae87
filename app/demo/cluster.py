"""What the demo and the tests need of a cluster, be it simulated or real."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from app.demo.git_host import GitHost

Json = dict[str, Any]


class Cluster(Protocol):
    """Looking into it, as an administrator."""

    @property
    def url(self) -> str:
        """Of its API server."""

    def namespaces(self) -> list[str]:
        """The names of all namespaces."""

    def deployment(self, namespace: str, name: str) -> Json | None:
        """A Deployment, or None."""

    def application(self, name: str) -> Json | None:
        """What the syncer keeps of an environment (an Application or a Kustomization), or None."""


class RunningCluster(Protocol):
    """A cluster that was started here."""

    @property
    def inside(self) -> Cluster:
        """Looking into it."""

    def settings(self) -> Mapping[str, str]:
        """Those of the product's settings that say how this cluster is reached."""

    def connect(self, settings: Mapping[str, str]) -> None:
        """Have its syncer follow the environments repository of these settings."""

    def stop(self) -> None:
        """End it. May be called twice."""


StartCluster = Callable[[Path, GitHost, str], RunningCluster]
"""Starts a cluster in a folder, for the environments repository at a URL of the Git host."""
