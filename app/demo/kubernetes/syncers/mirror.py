"""A bare mirror of a Git repository, read through one lasting `git cat-file --batch`.

Reading costs no process: a tree or blob is one line in and one object out. Fetches are shared: a fetch that began
after somebody asked is fresh enough for them.
"""

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_FETCH_SECONDS = 120
_REFS = ("+refs/heads/*:refs/heads/*", "+refs/environments/*:refs/environments/*")


class GitError(Exception):
    """The repository could not be read; says what Git said."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree."""

    name: str
    is_tree: bool
    object_id: str


class Mirror:
    """One repository's mirror in a directory of its own. For one thread."""

    def __init__(self, url: str, directory: Path, environment: Mapping[str, str]) -> None:
        self.url = url
        self._directory = directory
        self._environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **environment}
        self._fetched_at = float("-inf")
        self._reader: subprocess.Popen[bytes] | None = None
        self._trees: dict[str, tuple[Entry, ...]] = {}

    def fetch(self, asked_at: float) -> None:
        """Brings the mirror up to date, unless that was done after `asked_at` (`time.monotonic()`).

        Raises `GitError` when the remote cannot be read.
        """
        if self._fetched_at > asked_at:
            return
        began_at = time.monotonic()
        if not (self._directory / "HEAD").exists():
            self._git("init", "--quiet", "--bare", str(self._directory))
            self._git("-C", str(self._directory), "config", "gc.auto", "0")
        self._git("-C", str(self._directory), "fetch", "--quiet", "--prune", "--no-tags", self.url, *_REFS)
        self._fetched_at = began_at

    def commit(self, ref: str) -> str:
        """The commit id that a branch or full ref points to. `GitError` when there is none."""
        name = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
        found = self._read(name)
        if found is None:
            raise GitError(f"couldn't find remote ref {name!r}")
        return found[0]

    def tree(self, commit: str, path: str) -> str | None:
        """The id of the tree at a path of a commit, or None when there is no such folder."""
        found = self._read(f"{commit}^{{tree}}")
        if found is None:
            raise GitError(f"no commit {commit}")
        tree: str | None = found[0]
        for name in [part for part in path.split("/") if part not in {"", "."}]:
            tree = next(
                (item.object_id for item in self.entries(str(tree)) if item.name == name and item.is_tree), None
            )
            if tree is None:
                return None
        return tree

    def entries(self, tree: str) -> tuple[Entry, ...]:
        """What lies in a tree, in Git's order."""
        if tree not in self._trees:
            found = self._read(tree)
            if found is None:
                raise GitError(f"no tree {tree}")
            self._trees[tree] = _parse_tree(found[1])
        return self._trees[tree]

    def blobs(self, tree: str, *, is_recursive: bool) -> dict[str, str]:
        """The ids of the files in a tree, by path."""
        found: dict[str, str] = {}
        for entry in self.entries(tree):
            if not entry.is_tree:
                found[entry.name] = entry.object_id
            elif is_recursive:
                inner = self.blobs(entry.object_id, is_recursive=True)
                found |= {f"{entry.name}/{path}": blob for path, blob in inner.items()}
        return found

    def folders(self, commit: str, pattern: str) -> dict[str, str]:
        """The ids of the folders that a pattern such as `environments/*/*` matches, by path."""
        found = self._read(f"{commit}^{{tree}}")
        level = {"": found[0]} if found else {}
        for part in pattern.strip("/").split("/"):
            level = {
                f"{path}/{entry.name}".lstrip("/"): entry.object_id
                for path, tree in level.items()
                for entry in self.entries(tree)
                if entry.is_tree and part in {"*", entry.name}
            }
        return level

    def content(self, blob: str) -> bytes:
        """A file's bytes."""
        found = self._read(blob)
        if found is None:
            raise GitError(f"no blob {blob}")
        return found[1]

    def close(self) -> None:
        """Ends the reading process."""
        if self._reader is not None:
            self._reader.kill()
            self._reader.communicate()
            self._reader = None

    def _read(self, name: str) -> tuple[str, bytes] | None:
        if self._reader is None or self._reader.poll() is not None:
            command = ["git", "-C", str(self._directory), "cat-file", "--batch"]
            self._reader = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._environment
            )
        stdin, stdout = self._reader.stdin, self._reader.stdout
        if stdin is None or stdout is None:
            raise GitError("git cat-file has no pipes")
        stdin.write(f"{name}\n".encode())
        stdin.flush()
        head = stdout.readline().split()
        if len(head) != 3:
            return None
        content = stdout.read(int(head[2]))
        stdout.read(1)
        return head[0].decode(), content

    def _git(self, *arguments: str) -> None:
        command = ["git", *arguments]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=_FETCH_SECONDS, env=self._environment)
        except subprocess.CalledProcessError as error:
            raise GitError(error.stderr.decode(errors="replace").strip()[:1000]) from error
        except subprocess.TimeoutExpired as error:
            raise GitError(f"git {arguments[0]} took longer than {_FETCH_SECONDS} s") from error


class Mirrors:
    """The mirrors of all repositories, by URL, below one directory; Git runs with the environment added to its own."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self._directory = directory
        self._environment = environment
        self._mirrors: dict[str, Mirror] = {}

    def of(self, url: str) -> Mirror:
        """The mirror of a repository; made when it is first asked for."""
        if url not in self._mirrors:
            self._mirrors[url] = Mirror(url, self._directory / f"{len(self._mirrors)}.git", self._environment)
        return self._mirrors[url]

    def close(self) -> None:
        """Ends all reading processes."""
        for mirror in self._mirrors.values():
            mirror.close()


def _parse_tree(content: bytes) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    position = 0
    while position < len(content):
        end = content.index(b"\0", position)
        mode, _, name = content[position:end].partition(b" ")
        object_id = content[end + 1 : end + 21].hex()
        entries.append(Entry(name.decode(errors="replace"), mode == b"40000", object_id))
        position = end + 21
    return tuple(entries)
