"""What an operator allows, and how an environment is derived from a pull request."""

from dataclasses import dataclass

from gitops.naming import host_name


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's choices that `desire` and `Spec` depend on."""

    image: str = "ghcr.io/{owner}/{repository}:{head_sha}"
    """A pattern over `owner`, `repository`, `head_sha` and `number`; owner and repository are lower-cased."""
    port: int = 8080
    base_branches: tuple[str, ...] = ("*",)
    """Shell patterns of the base branches whose pull requests get an environment."""
    preview_domain: str = "preview.localhost"
    cluster: str = "default"
    ingress_namespace: str = "ingress-nginx"

    def host(self, namespace: str) -> str:
        """The host name of the environment with that name."""
        return host_name(namespace, self.preview_domain)
