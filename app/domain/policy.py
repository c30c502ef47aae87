"""What an operator allows, and how an environment is derived from a pull request."""

from dataclasses import dataclass, field

from app.domain.cluster import Cluster, cluster_for
from app.domain.expiry import Limits


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's choices that `desire` and `Spec` depend on."""

    image: str = "ghcr.io/{owner}/{repository}:{head_sha}"
    """A pattern over `owner`, `repository`, `head_sha` and `number`; owner and repository are lower-cased."""
    port: int = 8080
    base_branches: tuple[str, ...] = ("*",)
    """Shell patterns of the base branches whose pull requests get an environment."""
    clusters: tuple[Cluster, ...] = (Cluster("default", "preview.localhost"),)
    """At least one, in the order in which they are asked whether they take a repository."""
    web_url: str = "https://github.com"
    """Where people see GitHub."""
    limits: Limits = field(default_factory=Limits)
    """How long environments live."""

    def cluster_for(self, repository: str) -> Cluster:
        """Where a new environment of the repository (`owner/name`) goes."""
        return cluster_for(self.clusters, repository)

    def cluster_named(self, name: str) -> Cluster:
        """The cluster where an environment lives; the last one stands in for one that is not declared any more."""
        return next((cluster for cluster in self.clusters if cluster.name == name), self.clusters[-1])
