"""A real cluster that Ephemera is connected to as an operator would connect it: `ephemera bootstrap`, then a token."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.demo.cluster import Json, StartCluster
from app.demo.git_host import GitHost
from app.demo.real import argocd, flux
from app.demo.real.kube_api import KubeApi
from app.demo.real.manifests import read_documents
from app.demo.real.stack import Stack, Syncer
from app.demo.real.tools import Tools

SECRET = "environments"
"""Where the syncer finds its credentials for the environments repository."""
_KINDS: Mapping[Syncer, tuple[str, str, str]] = {
    "argocd": ("argoproj.io/v1alpha1", "Application", argocd.NAMESPACE),
    "flux": ("kustomize.toolkit.fluxcd.io/v1", "Kustomization", flux.NAMESPACE),
}


@dataclass(frozen=True, slots=True)
class RealInside:
    """Implements `Cluster`."""

    api: KubeApi
    syncer: Syncer

    @property
    def url(self) -> str:
        """Of the API server."""
        return self.api.url

    @property
    def syncer_namespace(self) -> str:
        """Where the syncer's objects lie."""
        return _KINDS[self.syncer][2]

    def namespaces(self) -> list[str]:
        """The names of all namespaces."""
        return [item["metadata"]["name"] for item in self.api.list("v1", "Namespace")]

    def deployment(self, namespace: str, name: str) -> Json | None:
        """A Deployment, or None."""
        return self.api.get("apps/v1", "Deployment", name, namespace)

    def application(self, name: str) -> Json | None:
        """The Application or Kustomization of an environment, or None."""
        api_version, kind, namespace = _KINDS[self.syncer]
        return self.api.get(api_version, kind, name, namespace)


@dataclass(slots=True)
class RealCluster:
    """Implements `RunningCluster`."""

    stack: Stack
    syncer: Syncer
    inside: RealInside
    _settings: dict[str, str] = field(default_factory=dict)

    def settings(self) -> Mapping[str, str]:
        """Its address, the token of Ephemera's own ServiceAccount once it is connected, and its syncer."""
        return {
            "EPHEMERA_CLUSTER_URL": self.stack.api.url,
            "EPHEMERA_CLUSTER_CA": str(self.stack.certificates.authority),
            "EPHEMERA_SYNCER": self.syncer,
            **({"EPHEMERA_REPOSITORY_SECRET": SECRET} if self.syncer == "flux" else {}),
            **({"EPHEMERA_SYNCER_URL": self.stack.argocd_url} if self.syncer == "argocd" else {}),
            **self._settings,
        }

    def connect(self, settings: Mapping[str, str]) -> None:
        """Apply what `ephemera bootstrap` prints, and take a token that has no more rights than that says."""
        self.stack.api.apply(bootstrap(self.syncer, settings))
        self._settings["EPHEMERA_CLUSTER_TOKEN"] = self.stack.api.token_of("ephemera", "ephemera")

    def stop(self) -> None:
        """End everything."""
        self.stack.stop_all()


def bootstrap(syncer: Syncer, settings: Mapping[str, str], *arguments: str) -> Sequence[Json]:
    """What the operator's command prints. CalledProcessError when it fails."""
    command = ["ephemera", "bootstrap", syncer, *arguments]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
    return read_documents(done.stdout)


def real(tools: Tools, syncer: Syncer, argocd_settings: Mapping[str, str] | None = None) -> StartCluster:
    """Starts a real cluster with Argo CD or Flux, in about 20 seconds. StackFailed with the last words of a part."""
    return partial(_start, tools, syncer, argocd_settings)


def _start(
    tools: Tools,
    syncer: Syncer,
    argocd_settings: Mapping[str, str] | None,
    directory: Path,
    git: GitHost,
    repository: str,
) -> RealCluster:
    stack = Stack.start(directory / "cluster", tools, {syncer}, argocd_settings)
    secrets = {
        "argocd": argocd.repository_secret(SECRET, repository, git),
        "flux": flux.repository_secret(SECRET, git),
    }
    stack.api.apply([secrets[syncer]])
    return RealCluster(stack, syncer, RealInside(stack.api, syncer))
