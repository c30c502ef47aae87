"""People who commit to an environments repository past Ephemera, or merge there, on the bare repository itself."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gitops.change import Change


@dataclass(frozen=True)
class People:
    """They may do anything."""

    remote: Path

    def commits(self, files: Mapping[str, str | None], on: str | None = "main", message: str = "By hand") -> str:
        """A commit, on top of a revision, that changes these files; None removes one. It lies on no branch yet."""
        index = {"GIT_INDEX_FILE": str(self.remote / "people.index")}
        self.git("read-tree", *([on] if on else ["--empty"]), **index)
        for path, content in files.items():
            if content is None:
                self.git("rm", "--cached", "--quiet", "-r", path, **index)
            else:
                blob = self.git("hash-object", "-w", "--stdin", stdin=content)
                self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", **index)
        tree = self.git("write-tree", **index)
        return self.git("commit-tree", tree, *(["-p", on] if on else []), "-m", message)

    def push(self, files: Mapping[str, str | None], message: str = "By hand") -> str:
        """The same, on the branch."""
        there = self.git("for-each-ref", "refs/heads/main")
        commit = self.commits(files, "main" if there else None, message)
        return self.move(commit)

    def change(self, change: Change, on: str, message: str | None = None) -> str:
        """A commit, on no branch yet, that makes the change as we would."""
        words = "\n".join(f"{name}: {value}" for name, value in change.trailers)
        old = self.git("ls-tree", "-r", "--name-only", on, "--", f"{change.folder}/").splitlines()
        new = {f"{change.folder}/{name}": content.decode() for name, content in (change.files or {}).items()}
        files: dict[str, str | None] = dict.fromkeys(old) | dict(new)
        return self.commits(files, on, message if message is not None else f"{change.subject}\n\n{words}")

    def merge(self, side: str, tree: str | None = None) -> str:
        """Merge into the branch, as GitHub does; `tree`: something else than what is merged."""
        made = tree or self.git("merge-tree", "--write-tree", "main", side).splitlines()[0]
        return self.move(self.git("commit-tree", made, "-p", "main", "-p", side, "-m", "Merge pull request #31"))

    def move(self, commit: str) -> str:
        """Have the branch at the commit."""
        self.git("update-ref", "refs/heads/main", commit)
        return commit

    def git(self, *arguments: str, stdin: str | None = None, **more: str) -> str:
        """What git says."""
        names = {f"GIT_{who}_NAME": "Eve" for who in ("AUTHOR", "COMMITTER")}
        addresses = {f"GIT_{who}_EMAIL": "eve@example.com" for who in ("AUTHOR", "COMMITTER")}
        command = ["git", "-C", str(self.remote), *arguments]
        environment = os.environ | names | addresses | more
        done = subprocess.run(command, input=stdin, capture_output=True, check=True, text=True, env=environment)
        return done.stdout.strip()
