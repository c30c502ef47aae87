"""How the processes and the tests sign in to the API server: a token of an administrator, and a kubeconfig with it."""

from pathlib import Path

import yaml

from app.demo.real.certificates import Certificates
from app.demo.real.layout import Layout


def write_tokens(path: Path, token: str) -> None:
    """Write the API server's token file: one administrator, whom RBAC refuses nothing."""
    _write(path, f'{token},admin,admin,"system:masters"\n')


def write_kubeconfig(layout: Layout, certificates: Certificates, token: str) -> None:
    """Write `layout.kubeconfig`, readable by its owner alone."""
    cluster = {"server": layout.api_url, "certificate-authority": str(certificates.authority)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "real",
        "clusters": [{"name": "real", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
    }
    _write(layout.kubeconfig, yaml.safe_dump(document))


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
