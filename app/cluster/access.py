"""How the cluster is reached: three ways, each turned into the Kubernetes client's own configuration.

The client refreshes what can expire: it reads the token file of a pod again every minute and runs an exec plugin again
when its token ends. What it does not (a `tokenFile`, a client certificate, an OIDC token) is renewed by opening the
access once more, which `connection` does after a 401.
"""

import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from app.errors import Stalled, shown

_POOL_SIZE = 16


@dataclass(frozen=True, slots=True)
class ByToken:
    """A URL and a bearer token; without one, requests carry no credentials."""

    url: str
    token: str = field(default="", repr=False)
    ca_file: Path | None = None
    token_file: Path | None = None
    """Holds the token instead; read again whenever the access is opened."""

    @property
    def is_verified(self) -> bool:
        """The server's certificate is verified, but for a server on this machine whose CA is not named.

        An API server makes its own CA, so without the file nothing on loopback could be verified, and whoever could
        stand in its way there is on this machine already.
        """
        return self.ca_file is not None or not _is_loopback(self.url)


@dataclass(frozen=True, slots=True)
class ByKubeconfig:
    """A kubeconfig file, at its current context unless another is named."""

    path: Path
    context: str | None = None


@dataclass(frozen=True, slots=True)
class InCluster:
    """The service account of the pod that Ephemera runs in."""


Access = ByToken | ByKubeconfig | InCluster


def access_by(credentials: str, url: str | None, ca_file: str | None, secret: Callable[[str], str | None]) -> Access:
    """The access that a declared cluster's reference means: `in-cluster`, `env:NAME`, `file:/path`, or
    `kubeconfig:/path#context`. `secret` looks an environment variable up; raises Stalled where it is needed and unset.
    """
    kind, _, rest = credentials.partition(":")
    ca = Path(ca_file) if ca_file else None
    match kind:
        case "kubeconfig":
            path, _, context = rest.partition("#")
            return ByKubeconfig(Path(path).expanduser(), context or None)
        case "file" if url is not None:
            return ByToken(url, "", ca, Path(rest))
        case "env" if url is not None:
            if (token := secret(rest)) is None:
                raise Stalled(f"reading the cluster's token: the environment variable {rest} is not set")
            return ByToken(url, token, ca)
        case "in-cluster":
            return InCluster()
        case _:
            raise Stalled(f"reading the cluster's credentials {shown(credentials)}: they need the cluster's api_url")


def open_client(access: Access) -> ApiClient:
    """A client with the credentials as they are now; talks to nobody yet, except that a kubeconfig may run a plugin.

    Raises Stalled when the configuration is missing or broken.
    """
    configuration = Configuration()
    try:
        _load(access, configuration)
    except (ConfigException, OSError, yaml.YAMLError) as error:
        raise Stalled(f"reading the cluster's configuration {shown(access)}: {error}") from error
    configuration.connection_pool_maxsize = _POOL_SIZE
    configuration.keep_alive = True
    if _is_loopback(configuration.host):
        # As Go's ProxyFromEnvironment, and so kubectl, does.
        configuration.proxy = None
    return ApiClient(configuration)


def _load(access: Access, configuration: Configuration) -> None:
    match access:
        case ByToken():
            _load_token(access, configuration)
        case ByKubeconfig(path, context):
            # Only a file that can be written keeps a refreshed OIDC token.
            is_kept = os.access(path, os.W_OK)
            load_kube_config(  # type: ignore[no-untyped-call]
                str(path), context, configuration, persist_config=is_kept
            )
        case InCluster():
            load_incluster_config(configuration)  # type: ignore[no-untyped-call]
        case _:
            assert_never(access)


def _load_token(access: ByToken, configuration: Configuration) -> None:
    token = (access.token_file.read_text() if access.token_file else access.token).strip()
    if not (token.isascii() and token.isprintable()):
        # Said here, because http.client would quote the header, and with it the token.
        raise ConfigException("the token holds characters that an HTTP header cannot carry")
    if access.ca_file:
        access.ca_file.stat()
    configuration.host = access.url.rstrip("/")
    configuration.verify_ssl = access.is_verified
    configuration.ssl_ca_cert = str(access.ca_file) if access.ca_file else None
    if token:
        configuration.api_key["BearerToken"] = f"Bearer {token}"


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
