"""What the tests of the library stand on: a spec, the product's templates, a repository of their own."""

from pathlib import Path

import pytest

from app.demo.git_host import GitHost, RunningGitHost
from gitops.render import Templates
from gitops.repository import Repository
from gitops.spec import Spec
from tests.gitops.upstream import Upstream

ROOT = Path(__file__).parents[2]


@pytest.fixture
def spec() -> Spec:
    """Give a usual environment."""
    return Spec(
        cluster="main",
        namespace="pr-7-shop",
        folder="environments/main/acme/shop/pr-7-shop",
        owner="acme",
        repository="shop",
        number=7,
        head_sha="00e1234567890123456789012345678901234567",
        image="ghcr.io/acme/shop:00e1234567890123456789012345678901234567",
        port=8080,
        host="pr-7-shop.preview.example.com",
    )


@pytest.fixture(scope="session")
def templates() -> Templates:
    """Give the templates that the product ships."""
    return Templates.load(ROOT / "templates")


@pytest.fixture
def upstream(running_git_host: RunningGitHost, git_server: GitHost, tmp_path: Path) -> Upstream:
    """Give an environments repository of this test's own, with one commit on `main`."""
    name = f"acme/{tmp_path.parent.parent.name}-{tmp_path.name}"
    url = git_server.create(name, readme=True)
    return Upstream(git_server, url, running_git_host.root / f"{name}.git", tmp_path)


@pytest.fixture
def empty_upstream(running_git_host: RunningGitHost, git_server: GitHost, tmp_path: Path) -> Upstream:
    """Give an environments repository that was just created and holds nothing."""
    name = f"acme/empty-{tmp_path.parent.parent.name}-{tmp_path.name}"
    url = git_server.create(name)
    return Upstream(git_server, url, running_git_host.root / f"{name}.git", tmp_path)


@pytest.fixture
def repository(upstream: Upstream, tmp_path: Path) -> Repository:
    """Give the upstream as a publisher with an empty cache sees it."""
    return Repository(upstream.remote(), tmp_path / "cache")
