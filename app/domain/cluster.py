"""A cluster as its operator declares it: how it is reached, what syncs it, and whose environments go there."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from gitops.naming import host_name


class SyncerKind(StrEnum):
    """What brings the environments repository into the cluster."""

    ARGOCD = "argocd"
    FLUX = "flux"
    NONE = "none"

    @property
    def usual_namespace(self) -> str:
        """Where it is installed unless somebody says otherwise."""
        return {SyncerKind.ARGOCD: "argocd", SyncerKind.FLUX: "flux-system", SyncerKind.NONE: ""}[self]


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster. Credentials are named, never held: the table keeps this value."""

    name: str
    preview_domain: str
    syncer: SyncerKind = SyncerKind.ARGOCD
    syncer_namespace: str = "argocd"
    api_url: str | None = None
    """None: what the kubeconfig says, or the cluster that we run in."""
    credentials: str = "in-cluster"
    """`in-cluster`, `env:NAME`, `file:/path` of a token, or `kubeconfig:/path` with `#context` where it has several."""
    ca_file: str | None = None
    repository_secret: str | None = None
    """The Secret in the syncer's namespace by which Flux logs in to the environments repository; None: it need not."""
    ingress_namespace: str = "ingress-nginx"
    syncer_url: str | None = None
    """Where people see Argo CD, without a slash at the end; None: nobody said."""
    repositories: tuple[str, ...] = ("*",)
    """Shell patterns of `owner/name`, matched without regard to case: whose new environments go here."""

    def takes(self, repository: str) -> bool:
        """Whether new environments of the repository (`owner/name`) go here."""
        return any(fnmatchcase(repository.lower(), pattern.lower()) for pattern in self.repositories)

    def host(self, namespace: str) -> str:
        """The host name of the environment with that name."""
        return host_name(namespace, self.preview_domain)


def cluster_for(clusters: Sequence[Cluster], repository: str) -> Cluster:
    """The first cluster that takes the repository, else the last one: declared last is where the rest goes."""
    return next((cluster for cluster in clusters if cluster.takes(repository)), clusters[-1])
