"""Where a stack keeps its files and listens: one folder, and ports that nobody else had."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.demo.ports import free_port

_PORTS = (
    "etcd",
    "etcd-peer",
    "kube-apiserver",
    "kwok",
    "argocd-server",
    "argocd-server-metrics",
    "argocd-repo-server",
    "argocd-repo-server-metrics",
    "argocd-application-controller-metrics",
    "argocd-applicationset-controller-metrics",
    "argocd-applicationset-controller-webhook",
    "source-controller-health",
    "source-controller-storage",
    "kustomize-controller-health",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths and addresses, known before anything runs."""

    directory: Path
    ports: Mapping[str, int]

    @classmethod
    def make(cls, directory: Path) -> "Layout":
        """Make the folders below `directory` and draw the ports."""
        layout = cls(directory.resolve(), dict(zip(_PORTS, _distinct_ports(len(_PORTS)), strict=True)))
        for folder in (layout.secrets, layout.bin, layout.home, layout.temporary, layout.data):
            folder.mkdir(parents=True, exist_ok=True)
        layout.secrets.chmod(0o700)
        return layout

    def address(self, name: str) -> str:
        """`127.0.0.1:port`."""
        return f"127.0.0.1:{self.ports[name]}"

    def url(self, name: str, path: str = "") -> str:
        """The plain HTTP address of one of the ports."""
        return f"http://{self.address(name)}{path}"

    @property
    def api_url(self) -> str:
        """Where the API server answers; its certificate is signed by `secrets/ca.crt`."""
        return f"https://{self.address('kube-apiserver')}"

    @property
    def secrets(self) -> Path:
        """Keys, certificates and tokens; for the owner alone."""
        return self.directory / "secrets"

    @property
    def kubeconfig(self) -> Path:
        """What kubectl and the controllers sign in with, as an administrator."""
        return self.secrets / "kubeconfig"

    @property
    def logs(self) -> Path:
        """`<component>.log` for each."""
        return self.directory / "logs"

    @property
    def bin(self) -> Path:
        """Programs under the names by which they are to be called."""
        return self.directory / "bin"

    @property
    def home(self) -> Path:
        """The home folder of the processes."""
        return self.directory / "home"

    @property
    def temporary(self) -> Path:
        """Their temporary folder: the machine's own is left alone."""
        return self.directory / "tmp"

    def clear_temporary(self) -> None:
        """Delete what lies in it: Argo CD's clones may be opened by nobody, their folders' modes are 0."""
        for folder, names, _ in os.walk(self.temporary):
            # A link in somebody's repository may lead anywhere.
            for path in (Path(folder) / name for name in names):
                if not path.is_symlink():
                    path.chmod(0o700)
        shutil.rmtree(self.temporary)

    @property
    def data(self) -> Path:
        """What they keep."""
        return self.directory / "data"


def _distinct_ports(count: int) -> list[int]:
    ports: dict[int, None] = {}
    while len(ports) < count:
        ports[free_port()] = None
    return list(ports)
