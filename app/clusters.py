"""The file of clusters that `EPHEMERA_CLUSTERS` names, read as a whole: every mistake at once, in words."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.domain.cluster import Cluster, SyncerKind
from app.yaml_file import read_yaml
from gitops.fields import dns_label
from gitops.naming import LABEL_LIMIT, host_name

_KINDS = ("env:", "file:/", "kubeconfig:/")


def label(value: str) -> str:
    """The value, if it is a DNS label. Raises ValueError."""
    if (wanted := dns_label(value)) is not None:
        raise ValueError(f"make it {wanted}")
    return value


def domain(value: str) -> str:
    """The domain in lower case, if names of environments fit under it. Raises ValueError."""
    value = value.strip().strip(".").lower()
    if any(dns_label(part) for part in value.split(".")):
        raise ValueError("make it a domain of labels of a-z, 0-9 and hyphens, such as preview.acme.com")
    host_name("p" * LABEL_LIMIT, value)
    return value


def web_address(value: str) -> str:
    """The URL without a slash at its end, if it is http(s) and holds no credentials. Raises ValueError."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("make it a URL that begins with https:// or http://")
    if parts.username or parts.password:
        raise ValueError("take the credentials out of the URL and set EPHEMERA_GIT_USERNAME and _PASSWORD")
    return value.rstrip("/")


def _reference(value: str) -> str:
    if value != "in-cluster" and not value.startswith(_KINDS):
        raise ValueError("make it in-cluster, env:NAME, file:/path or kubeconfig:/path#context; never the token itself")
    return value


_Label = Annotated[str, AfterValidator(label)]


class _Declaration(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Label
    preview_domain: Annotated[str, AfterValidator(domain)]
    syncer: SyncerKind = SyncerKind.ARGOCD
    syncer_namespace: _Label | None = None
    api_url: Annotated[str, AfterValidator(web_address)] | None = None
    credentials: Annotated[str, AfterValidator(_reference)] = "in-cluster"
    ca_file: str | None = None
    repository_secret: _Label | None = None
    ingress_namespace: _Label = "ingress-nginx"
    syncer_url: Annotated[str, AfterValidator(web_address)] | None = None
    repositories: Annotated[tuple[str, ...], Field(min_length=1)] = ("*",)

    def cluster(self) -> Cluster:
        values = self.model_dump()
        return Cluster(**values | {"syncer_namespace": self.syncer_namespace or self.syncer.usual_namespace})


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    clusters: Annotated[tuple[_Declaration, ...], Field(min_length=1)]


def read_clusters(path: Path) -> tuple[Cluster, ...]:
    """The clusters that the YAML file declares, in its order. Raises ValueError with one line for each mistake."""
    clusters = tuple(declared.cluster() for declared in read_yaml(path, _File).clusters)
    if len({cluster.name for cluster in clusters}) != len(clusters):
        raise ValueError("two of its clusters have one name")
    return clusters
