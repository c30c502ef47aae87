"""How a simulated cluster is set up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Syncer = Literal["argocd", "flux", "none"]


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that can be chosen at the start."""

    token: str
    port: int = 0
    """0 takes a free one."""
    syncer: Syncer = "argocd"
    repository: str = ""
    """URL of the environments repository; not needed without a syncer."""
    branch: str = "main"
    path: str = ""
    """Where the syncer looks; empty for `environments/*/*/*/*` (Argo CD) or `./environments` (Flux)."""
    poll_seconds: float = 120.0
    rollout_seconds: float = 0.3
    termination_seconds: float = 0.3
    bookmark_seconds: float = 10.0
    history: int = 20_000
    """How many changes of each kind are kept for watches and pages."""
    git_environment: Mapping[str, str] = field(default_factory=dict)
    """What Git needs to sign in, besides this process's own environment."""

    def syncer_path(self) -> str:
        """The path, with the syncer's usual one where none is given."""
        return self.path or {"argocd": "environments/*/*/*/*", "flux": "./environments"}.get(self.syncer, "")
