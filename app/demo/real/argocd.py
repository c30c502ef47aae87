"""Argo CD out of cluster: its four processes, its kinds and its settings. A Redis is given.

The processes believe themselves in the cluster (`ARGOCD_FAKE_IN_CLUSTER`), so that an Application's destination
`https://kubernetes.default.svc` is this API server, found by `KUBECONFIG`. The application controller serves its
metrics on every interface: it has no flag for the address (controller/appcontroller.go).
"""

import base64
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from app.demo.git_host import GitHost
from app.demo.real.component import Component
from app.demo.real.layout import Layout
from app.demo.real.manifests import Json, in_namespace, namespace, read_folder
from app.demo.real.tools import Tools

NAMESPACE = "argocd"
COMPONENTS = (
    "argocd-repo-server",
    "argocd-server",
    "argocd-application-controller",
    "argocd-applicationset-controller",
)
_ALIASES = ("argocd", *COMPONENTS)


def argocd(tools: Tools, layout: Layout, redis_port: int) -> tuple[Component, ...]:
    """The four, in the order in which they start; makes the names in `layout.bin` by which they are called."""
    _link(tools, layout.bin)
    redis = f"--redis=127.0.0.1:{redis_port}"
    repositories = (f"--repo-server={layout.address('argocd-repo-server')}", "--repo-server-plaintext")
    arguments = (
        (redis, *_repo_server(layout)),
        (redis, *repositories, *_server(layout)),
        (redis, *repositories, *_application_controller(layout)),
        _applicationset_controller(layout),
    )
    urls = (
        layout.url("argocd-repo-server-metrics", "/healthz"),
        layout.url("argocd-server", "/healthz?full=true"),
        layout.url("argocd-application-controller-metrics", "/healthz"),
        layout.url("argocd-applicationset-controller-metrics", "/metrics"),
    )
    return tuple(
        Component(name, layout.bin / name, ("--loglevel=info", *own), url)
        for name, own, url in zip(COMPONENTS, arguments, urls, strict=True)
    )


def environment(layout: Layout, redis_password: str, settings: Mapping[str, str]) -> dict[str, str]:
    """What the processes need beside their flags; of `settings` (argocd-cm), what its manifests hand over like this."""
    folder = layout.data / "argocd"
    for name in ("tls", "ssh", "gpg-keys", "gpg-source", "plugins"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    polling = settings.get("timeout.reconciliation")
    return {
        **({"ARGOCD_RECONCILIATION_TIMEOUT": polling} if polling else {}),
        "REDIS_PASSWORD": redis_password,
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_TLS_DATA_PATH": str(folder / "tls"),
        "ARGOCD_SSH_DATA_PATH": str(folder / "ssh"),
        "ARGOCD_GNUPGHOME": str(folder / "gpg-keys"),
        "ARGOCD_GPG_DATA_PATH": str(folder / "gpg-source"),
        "ARGOCD_PLUGINSOCKFILEPATH": str(folder / "plugins"),
        # In /tmp by default, where a second stack would take it away.
        "ARGOCD_ASK_PASS_SOCK": str(layout.temporary / "ask-pass"),
    }


def definitions(tools: Tools) -> list[Json]:
    """The CustomResourceDefinitions."""
    return read_folder(tools.files["argocd"] / "manifests" / "crds")


def configuration(tools: Tools, settings: Mapping[str, str]) -> list[Json]:
    """The namespace, the config maps and the secret; `settings` are added to `argocd-cm`."""
    documents = read_folder(tools.files["argocd"] / "manifests" / "base" / "config")
    return [namespace(NAMESPACE), *(in_namespace(_configured(document, settings), NAMESPACE) for document in documents)]


def repository_secret(name: str, url: str, git: GitHost) -> Json:
    """The Secret that gives Argo CD the credentials of a repository.

    https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#repositories
    """
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {"argocd.argoproj.io/secret-type": "repository"},
        },
        "stringData": {"type": "git", "url": url, "username": git.username, "password": git.password},
    }


def _repo_server(layout: Layout) -> tuple[str, ...]:
    return (
        "--address=127.0.0.1",
        f"--port={layout.ports['argocd-repo-server']}",
        "--metrics-address=127.0.0.1",
        f"--metrics-port={layout.ports['argocd-repo-server-metrics']}",
        "--disable-tls",
        "--client-ca-path=",
    )


def _server(layout: Layout) -> tuple[str, ...]:
    return (
        f"--namespace={NAMESPACE}",
        "--insecure",
        "--disable-auth",
        "--address=127.0.0.1",
        f"--port={layout.ports['argocd-server']}",
        "--metrics-address=127.0.0.1",
        f"--metrics-port={layout.ports['argocd-server-metrics']}",
        f"--staticassets={layout.data / 'argocd' / 'assets'}",
    )


def _application_controller(layout: Layout) -> tuple[str, ...]:
    return (
        f"--namespace={NAMESPACE}",
        f"--metrics-port={layout.ports['argocd-application-controller-metrics']}",
    )


def _applicationset_controller(layout: Layout) -> tuple[str, ...]:
    return (
        f"--namespace={NAMESPACE}",
        f"--argocd-repo-server={layout.address('argocd-repo-server')}",
        "--repo-server-plaintext",
        # Its probes are registered nowhere and answer 404; its metrics come with the rest of it.
        f"--metrics-addr={layout.address('argocd-applicationset-controller-metrics')}",
        "--probe-addr=0",
        f"--webhook-addr={layout.address('argocd-applicationset-controller-webhook')}",
    )


def _link(tools: Tools, folder: Path) -> None:
    """One binary that is told by its name which component to be, and calls itself `argocd` to answer Git."""
    for alias in _ALIASES:
        (folder / alias).symlink_to(tools.binaries["argocd"])
    # Called with every revision. Go keeps the files of a module without leave to run them.
    wrapper = folder / "git-verify-wrapper.sh"
    shutil.copyfile(tools.files["argocd"] / "hack" / wrapper.name, wrapper)
    wrapper.chmod(0o755)


def _configured(document: Json, settings: Mapping[str, str]) -> Json:
    match document["metadata"]["name"]:
        case "argocd-cm":
            return document | {"data": document.get("data", {}) | dict(settings)}
        case "argocd-secret":
            # Without it argocd-server alone would make one, and the ApplicationSet controller serves no webhook.
            key = base64.b64encode(secrets.token_bytes(32))
            return document | {"data": {"server.secretkey": base64.b64encode(key).decode()}}
    return document
