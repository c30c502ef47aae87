"""What a syncer is told at its start, and the switch that holds it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SyncerSettings:
    """The repository to follow and how often to look."""

    repository: str
    branch: str
    poll_seconds: float
    path: str
    """For Argo CD the pattern of the folders that become Applications; for Flux the root Kustomization's path."""


@dataclass(slots=True)
class Switch:
    """Whether the syncer stands still; changed while it runs."""

    is_paused: bool = False
