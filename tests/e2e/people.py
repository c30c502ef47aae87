"""What people do beside Ephemera: they push to the environments repository."""

from pathlib import Path

from app.demo.outside import ENVIRONMENTS
from tests.e2e.realm import Realm
from tests.gitops.upstream import Upstream


def upstream(realm: Realm, workspace: Path) -> Upstream:
    """The environments repository, for somebody with the Git host's credentials and a folder of their own."""
    outside = realm.world.outside
    path = outside.directory / "git" / f"{ENVIRONMENTS}.git"
    return Upstream(outside.git, outside.git.repository_url(ENVIRONMENTS), path, workspace)
