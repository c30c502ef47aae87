"""A Git program that acts as a person at a keyboard would, and a folder for its clone."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.demo.git_host import GitHost

Git = Callable[..., subprocess.CompletedProcess[str]]

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
}


@pytest.fixture
def git(git_server: GitHost, tmp_path: Path) -> Git:
    """Give a function that runs Git, signed in, in the folder of the test."""
    environment = {"PATH": os.environ["PATH"], **_IDENTITY, **git_server.client_environment()}

    def run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=check
        )

    return run


@pytest.fixture
def clone(git: Git, environments_repository: str, tmp_path: Path) -> Path:
    """Give a clone of the test's own repository with one commit that is not pushed yet."""
    git("clone", "--quiet", environments_repository, "clone")
    (tmp_path / "clone" / "file").write_text("content")
    git("-C", "clone", "add", "file")
    git("-C", "clone", "commit", "--quiet", "--message", "Add a file")
    return tmp_path / "clone"
