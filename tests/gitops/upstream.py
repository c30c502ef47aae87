"""An environments repository on the Git server, as its other users see it: they look, push and set rules."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.demo.git_host import GitHost
from gitops.change import Change, Person
from gitops.remote import USUAL_REFS, Credentials, Remote

FOLDER = "environments/main/acme/shop/pr-7-shop"


@dataclass(slots=True)
class Upstream:
    """The repository at `url`, which lies in `path`."""

    host: GitHost
    url: str
    path: Path
    workspace: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def remote(self, refs: str = USUAL_REFS) -> Remote:
        """The remote with the server's credentials."""
        return Remote(self.url, "main", lambda: Credentials(self.host.username, self.host.password), refs)

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

    def own_refs(self, prefix: str = USUAL_REFS) -> dict[str, str]:
        """{environment's name: commit} of all refs there are below the prefix."""
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
        return dict(line.removeprefix(prefix).split() for line in lines)

    def asked(self, start: int = 0) -> list[str]:
        """The service of each request that did the work of a fetch, a question or a push, in order."""
        path = self.url.removeprefix(self.host.url)
        return [
            request.service
            for request in self.host.state().requests[start:]
            if request.path.startswith(path) and request.method == "POST"
        ]

    def human_pushes(self, path: str, content: str) -> str:
        """Somebody commits a file to the branch; returns the commit."""
        tree = self._work_tree()
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(content)
        return self._human_commits(tree, path)

    def human_removes(self, path: str) -> str:
        """Somebody removes a file from the branch; returns the commit."""
        tree = self._work_tree()
        (tree / path).unlink()
        return self._human_commits(tree, path)

    def human_links(self, path: str, target: str) -> str:
        """Somebody commits a symbolic link to the branch; returns the commit."""
        tree = self._work_tree()
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).symlink_to(target)
        return self._human_commits(tree, path)

    def refuse_pushes(self, words: str) -> None:
        """From now on a hook declines every push."""
        self._hook(f"echo '{words}' >&2\nexit 1\n")

    def refuse_refs(self, prefix: str, words: str) -> None:
        """From now on a hook declines every push that makes, moves or removes a ref below the prefix."""
        self._hook(f"grep -q ' {prefix}' || exit 0\necho '{words}' >&2\nexit 1\n")

    def accept_pushes(self) -> None:
        """The hook is gone."""
        (self.path / "hooks" / "pre-receive").unlink()

    def _human_commits(self, tree: Path, path: str) -> str:
        self.git("add", "--all", cwd=tree)
        self.git("commit", "--quiet", "--message", f"Human: {path}", cwd=tree)
        self.git("push", "--quiet", "origin", "HEAD:main", cwd=tree)
        return self.head()

    def _hook(self, script: str) -> None:
        hook = self.path / "hooks" / "pre-receive"
        hook.write_text(f"#!/bin/sh\n{script}")
        hook.chmod(0o755)

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


def followed(
    content: str | None = "one", folder: str = FOLDER, sync: str | None = None, *, follows_ref: bool = True
) -> Change:
    """The same with a ref of its own, and a file beside the folder where `sync` is its content."""
    return replace(change(content, folder), sync=None if sync is None else sync.encode(), follows_ref=follows_ref)


def unguarded() -> None:
    """A guard that lets everything pass."""
