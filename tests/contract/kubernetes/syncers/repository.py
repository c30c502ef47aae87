"""The environments repository as its writer has it: folders, refs, and pushes that move all of them at once."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import yaml

from tests.contract.kubernetes.api import Json

CLUSTER = "contract"
"""What tests commit lies below `environments/contract` and `syncs/contract`."""
_WHO = {f"GIT_{role}_{field}": "test@example.org" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")}


@dataclass(frozen=True, slots=True)
class Repository:
    """A clone of `main`."""

    url: str
    directory: Path
    environment: Mapping[str, str]

    @classmethod
    def clone(cls, url: str, directory: Path, environment: Mapping[str, str]) -> Self:
        """Clone it into a new directory."""
        repository = cls(url, directory, {**os.environ, **_WHO, **environment})
        directory.mkdir()
        repository._git("clone", "--quiet", "--branch=main", url, ".")
        return repository

    def put(self, environment: str, objects: Sequence[Json]) -> None:
        """Write an environment's folder; these objects are all it has."""
        self.remove(environment)
        for number, item in enumerate(objects):
            self.write(f"{folder(environment)}/{number:02}-{item['kind'].lower()}.yaml", item)

    def remove(self, environment: str) -> None:
        """Remove the folder."""
        self._git("rm", "-rqf", "--ignore-unmatch", folder(environment))

    def write(self, path: str, *documents: Json) -> None:
        """Write one file."""
        target = self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(yaml.safe_dump_all(documents))

    def write_text(self, path: str, text: str) -> None:
        """Write one file that is no YAML."""
        (self.directory / path).write_text(text)

    def unlink(self, path: str) -> None:
        """Remove one file."""
        self._git("rm", "-qf", "--ignore-unmatch", path)

    def push(self, environment: str, *, is_last: bool = False) -> str:
        """Commit everything and push it with the environment's ref, which goes with the last; return the commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message=change")
        own = f":{ref(environment)}" if is_last else f"+HEAD:{ref(environment)}"
        self._git("push", "--quiet", "--atomic", "origin", "HEAD:main", own)
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        command = ["git", "-C", str(self.directory), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=self.environment).stdout.strip()


def folder(environment: str) -> str:
    """Return where an environment's manifests lie."""
    return f"environments/{CLUSTER}/acme/shop/{environment}"


def ref(environment: str) -> str:
    """Return the environment's own ref."""
    return f"refs/environments/{environment}"
