"""The contract that the simulator is held to, held against the real thing: `tests/contract/kubernetes`.

In a process of its own, for its fixtures are those of the ordinary suite.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.demo.product import PROJECT
from app.demo.real import argocd
from app.demo.real.cluster import SECRET
from tests.contract.kubernetes.target import VARIABLE
from tests.e2e.options import SYNCER
from tests.e2e.realm import Realm

_SUITE = Path("tests") / "contract" / "kubernetes"
_PLAIN = sorted(path.name for path in (PROJECT / _SUITE).glob("test_*.py"))
_SYNCED = sorted(f"syncers/{path.name}" for path in (PROJECT / _SUITE / "syncers").glob("test_*.py"))
_REPOSITORY = "acme/contract"


@pytest.fixture(scope="module")
def target(realm: Realm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file that tells the contract's tests of the cluster, with a repository that Ephemera does not know."""
    git = realm.world.outside.git
    url = git.create(_REPOSITORY, readme=True)
    if realm.syncer == "argocd":
        realm.api.apply([argocd.repository_secret("contract", url, git)])
    fields: dict[str, Any] = {
        "url": realm.api.url,
        "token": realm.api.token,
        "authority": str(realm.stack.certificates.authority),
        "etcd": realm.stack.layout.url("etcd"),
        "syncers": [realm.syncer],
        "repository": url,
        "git_environment": git.client_environment(),
        "secret": SECRET if realm.syncer == "flux" else "",
    }
    path = tmp_path_factory.mktemp("contract") / "cluster.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(fields))
    return path


@pytest.mark.parametrize("module", [*_PLAIN, *_SYNCED])
def test_contract_holds_for_the_real_thing(target: Path, module: str) -> None:
    # These tests are not asked for in there.
    environment = {name: value for name, value in os.environ.items() if name != SYNCER} | {VARIABLE: str(target)}
    command = [sys.executable, "-m", "pytest", str(_SUITE / module), "-q", "-p", "no:cacheprovider", "--tb=short"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
