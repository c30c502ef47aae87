"""The file of clusters that `EPHEMERA_CLUSTERS` names, read as a whole: every mistake at once, in words."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from app.domain.cluster import Cluster, SyncerKind
from app.errors import shown
from gitops.fields import dns_label
from gitops.naming import LABEL_LIMIT, host_name

_KINDS = ("env:", "file:/", "kubeconfig:/")
_LARGEST = 64 * 1024


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
    try:
        text = path.expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"it cannot be read ({error})") from None
    if len(text) > _LARGEST:
        raise ValueError(f"it is longer than {_LARGEST} characters")
    try:
        clusters = tuple(declared.cluster() for declared in _File.model_validate(yaml.safe_load(text)).clusters)
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        lines = [_line(detail) for detail in error.errors(include_url=False)]
        raise ValueError("\n    ".join(["it is not usable:", *lines])) from None
    if len({cluster.name for cluster in clusters}) != len(clusters):
        raise ValueError("two of its clusters have one name")
    return clusters


def _line(detail: Any) -> str:
    where = ".".join(str(part) for part in detail["loc"]) or "the file"
    message = detail["msg"].removeprefix("Value error, ")
    value = "" if detail["type"] == "missing" else f" is {shown(detail['input'])}"
    return f"{where}{value}: {message}"
