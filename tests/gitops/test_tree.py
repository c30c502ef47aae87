"""The tree id is the one that Git computes."""

import os
import subprocess
from pathlib import Path

from gitops.tree import tree_id


def test_tree_id_is_gits(tmp_path: Path) -> None:
    files = {"b.yaml": b"2\n", "a.yaml": "é😀".encode(), "a-b.yaml": b"", "a.b.yaml": b"\0"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert tree_id(files) == written_by_git(tmp_path)


def written_by_git(folder: Path) -> str:
    """The id of the folder's files in a repository made for the question."""
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    for arguments in (["init", "--quiet"], ["add", "--all"], ["write-tree"]):
        done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, check=True)
    return done.stdout.decode().strip()
