"""Making bare repositories, as a hosting service does when somebody presses `New repository`."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

BRANCH = "main"
_NAME = re.compile(r"[A-Za-z0-9_][\w.-]*/[A-Za-z0-9_][\w.-]*", re.ASCII)
# git-fast-import(1); the date is fixed, so that the same name always gives the same commit.
_FIRST_COMMIT = """\
commit refs/heads/{branch}
committer Git server <git@localhost> 1767225600 +0000
data <<END
Start {name}
END
M 644 inline README.md
data <<END
# {name}
END
"""


class BadName(ValueError):
    """A repository's name is not `owner/name`."""


def repository_path(root: Path, name: str) -> Path:
    """Return the folder of `owner/name` below the root. Raises BadName."""
    if not _NAME.fullmatch(name):
        raise BadName(f"repository {name[:200]!r}: write it as owner/name in letters, digits, '-', '_' and '.'")
    return root / f"{name}.git"


def create_bare(root: Path, name: str, environment: Mapping[str, str], *, readme: bool) -> None:
    """Create a repository, empty or with a README on `main`; an existing one is left alone."""
    path = repository_path(root, name)
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made aside and moved, so that nobody meets half of it.
    making = path.with_suffix(".making")
    _git(["init", "--bare", "--quiet", "--template=", f"--initial-branch={BRANCH}", str(making)], environment)
    (making / "hooks").mkdir()
    if readme:
        script = _FIRST_COMMIT.format(branch=BRANCH, name=name)
        _git(["-C", str(making), "fast-import", "--quiet"], environment, script)
    making.rename(path)


def _git(arguments: list[str], environment: Mapping[str, str], script: str = "") -> None:
    subprocess.run(["git", *arguments], env=dict(environment), input=script.encode(), check=True)
