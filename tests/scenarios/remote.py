"""The environments repository as it lies on the Git server's disk."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from app.demo.evidence import HEAD_SHA
from tests.scenarios.world import World

_TRAILERS = ("Environment", "Pull-Request", "Head-SHA", "Delivery", "Actor", "Reason")
_FIELDS = ("%H", "%P", "%T", "%s", *(f"%(trailers:key={name},valueonly,separator=%x2C)" for name in _TRAILERS))


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit on the branch; those that Ephemera did not make have empty trailers."""

    sha: str
    parent: str
    tree: str
    subject: str
    trailers: Mapping[str, str]


def commits(world: World) -> list[Commit]:
    """All commits of the branch, oldest first."""
    lines = git(world, "log", "--reverse", f"--format={'%x1f'.join(_FIELDS)}", "main").splitlines()
    parts = [line.split("\x1f") for line in lines]
    return [
        Commit(sha, parent, tree, subject, dict(zip(_TRAILERS, trailers, strict=True)))
        for sha, parent, tree, subject, *trailers in parts
    ]


def commits_of(world: World, namespace: str) -> list[Commit]:
    """The commits that were made for one environment, oldest first."""
    return [commit for commit in commits(world) if commit.trailers["Environment"] == namespace]


def heads(world: World, root: str) -> Mapping[str, str]:
    """Folder -> the commit that its Deployment's pod template names, for every environment below `root`."""
    entries = git(world, "ls-tree", "-r", "--name-only", "main", f"{root}/").splitlines()
    found = {}
    for path in entries:
        if path.endswith("/deployment.yaml"):
            manifest = yaml.safe_load(git(world, "show", f"main:{path}"))
            found[path.rpartition("/")[0]] = manifest["spec"]["template"]["metadata"]["annotations"][HEAD_SHA]
    return found


def tree_of(world: World, folder: str) -> str | None:
    """The tree that the branch holds at a folder; None where there is none."""
    return git(world, "ls-tree", "--format=%(objectname)", "main", folder).strip() or None


def pushes(world: World) -> int:
    """How many pushes the Git server has answered."""
    return sum(request.is_push for request in world.outside.git.state().requests)


def git(world: World, *arguments: str) -> str:
    """What git says of the server's repository."""
    command = ["git", "-C", str(world.outside.environments), "-c", "safe.directory=*", *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout
