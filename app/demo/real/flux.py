"""Flux out of cluster: what fetches from Git and what applies, and their kinds."""

from app.demo.git_host import GitHost
from app.demo.real.component import Component
from app.demo.real.layout import Layout
from app.demo.real.manifests import Json, read_folder
from app.demo.real.tools import Tools

NAMESPACE = "flux-system"
COMPONENTS = ("source-controller", "kustomize-controller")
ENVIRONMENT = {"RUNTIME_NAMESPACE": NAMESPACE}


def flux(tools: Tools, layout: Layout) -> tuple[Component, ...]:
    """The two, in the order in which they start."""
    storage = layout.data / "source-controller"
    storage.mkdir(parents=True, exist_ok=True)
    address = layout.address("source-controller-storage")
    fetching = (f"--storage-path={storage}", f"--storage-addr={address}", f"--storage-adv-addr={address}")
    return tuple(
        Component(
            name,
            tools.binaries[name],
            ("--events-addr=", "--metrics-addr=0", f"--health-addr={layout.address(f'{name}-health')}", *own),
            layout.url(f"{name}-health", "/readyz"),
        )
        for name, own in zip(COMPONENTS, (fetching, ()), strict=True)
    )


def definitions(tools: Tools) -> list[Json]:
    """The CustomResourceDefinitions of both."""
    return [document for name in COMPONENTS for document in read_folder(tools.files[name] / "config" / "crd" / "bases")]


def repository_secret(name: str, git: GitHost) -> Json:
    """The Secret that a GitRepository names in `secretRef`.

    https://fluxcd.io/flux/components/source/gitrepositories/#basic-access-authentication
    """
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "stringData": {"username": git.username, "password": git.password},
    }
