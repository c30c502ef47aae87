"""An environments repository on the Git server, as its other users see it: they look, push and set rules."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.demo.git_host import GitHost
from gitops.change import Change, Person
from gitops.remote import Credentials, Remote

FOLDER = "environments/main/acme/shop/pr-7-shop"


@dataclass(slots=True)
class Upstream:
    """The repository at `url`, which lies in `path`."""

    host: GitHost
    url: str
    path: Path
    workspace: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def remote(self) -> Remote:
        """The remote with the server's credentials."""
        return Remote(self.url, "main", lambda: Credentials(self.host.username, self.host.password))

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """The output of a git command in the bare repository, or in `cwd`."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            **{f"GIT_{who}_{what}": "human" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
            **self.host.client_environment(),
        }
        command = ["git", *arguments]
        done = subprocess.run(
            command, cwd=cwd or self.path, env=environment, capture_output=True, check=True, text=True
        )
        return done.stdout.strip()

    def head(self) -> str:
        """The branch's commit."""
        return self.git("rev-parse", "refs/heads/main")

    def files(self, folder: str = "") -> dict[str, str]:
        """{path: content} of what the branch holds below the folder."""
        names = self.git("ls-tree", "-r", "--name-only", "main", "--", *([folder] if folder else [])).splitlines()
        return {name: self.git("show", f"main:{name}") for name in names}

    def commits(self) -> list[str]:
        """The subjects of the branch's commits, oldest first."""
        return self.git("log", "--reverse", "--format=%s", "main").splitlines()

    def pushes(self) -> int:
        """How many pushes the server has answered for this repository."""
        path = self.url.removeprefix(self.host.url)
        return sum(request.is_push and request.path.startswith(path) for request in self.host.state().requests)

    def human_pushes(self, path: str, content: str) -> str:
        """Somebody commits a file to the branch; returns the commit."""
        tree = self._work_tree()
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(content)
        self.git("add", "--all", cwd=tree)
        self.git("commit", "--quiet", "--message", f"Human: {path}", cwd=tree)
        self.git("push", "--quiet", "origin", "HEAD:main", cwd=tree)
        return self.head()

    def refuse_pushes(self, words: str) -> None:
        """From now on a hook declines every push."""
        hook = self.path / "hooks" / "pre-receive"
        hook.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit 1\n")
        hook.chmod(0o755)

    def accept_pushes(self) -> None:
        """The hook is gone."""
        (self.path / "hooks" / "pre-receive").unlink()

    def _work_tree(self) -> Path:
        tree = self.workspace / "human"
        if not tree.exists():
            self.git("clone", "--quiet", self.url, str(tree), cwd=self.workspace)
        self.git("fetch", "--quiet", "origin", cwd=tree)
        self.git("reset", "--quiet", "--hard", "origin/main", cwd=tree)
        return tree


def change(
    content: str | None = "one", folder: str = FOLDER, subject: str = "Update pr-7-shop", **trailers: str
) -> Change:
    """A change of one folder to one file with that content; None removes it."""
    files = None if content is None else {"app.yaml": content.encode()}
    return Change(folder, files, subject, tuple(trailers.items()), Person("Ada", "ada@example.com"))


def unguarded() -> None:
    """A guard that lets everything pass."""
