"""One bare repository, asked through Git's own plumbing; nothing is remembered but what can never change."""

import re
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from app.demo.github.changes import Change
from app.demo.github.git.commits import commit_of
from app.demo.github.records import Commit

# The tree of nothing, which every Git knows: what a first commit is compared with.
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
KEPT_FACTS = 4_096

_SHA = re.compile(r"[0-9a-f]{40}")
_KINDS = {"A": "added", "D": "removed"}


class GitFailed(Exception):
    """Git refused a command; says which and why."""


class Bare:
    """A bare repository. Safe from any thread; who changes refs holds its lock (see `repositories`)."""

    def __init__(self, path: Path, environment: Mapping[str, str], network_id: int) -> None:
        self.path = path
        self._environment = dict(environment)
        self._network_ids = frozenset({network_id})
        self._commits: dict[str, Commit] = {}
        self._kept = threading.Lock()
        # Facts about commits, which never change.
        self.merged_tree = lru_cache(KEPT_FACTS)(self._merged_tree)
        self.merge_base = lru_cache(KEPT_FACTS)(self._merge_base)
        self.changes = lru_cache(KEPT_FACTS)(self._changes)
        self.is_ancestor = lru_cache(KEPT_FACTS)(self._is_ancestor)
        self.between = lru_cache(KEPT_FACTS)(self._between)

    def run(self, *arguments: str, feed: bytes = b"", extra: Mapping[str, str] | None = None) -> bytes:
        """Return what Git printed. Raises GitFailed."""
        done = self._done(arguments, feed, extra)
        if done.returncode:
            raise GitFailed(f"git {' '.join(arguments)[:200]}: {done.stderr.decode('utf-8', 'replace')[:500]}")
        return done.stdout

    def line(self, *arguments: str, feed: bytes = b"", extra: Mapping[str, str] | None = None) -> str:
        """Return the one line that Git printed. Raises GitFailed."""
        return self.run(*arguments, feed=feed, extra=extra).decode().strip()

    def branches(self) -> dict[str, str]:
        """Return the SHA of each branch, by name."""
        lines = self.run("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads").decode().splitlines()
        pairs = (line.split(" ", 1) for line in lines)
        return {ref.removeprefix("refs/heads/"): sha for sha, ref in pairs}

    def branch(self, name: str) -> str | None:
        """Return the SHA of a branch; None when there is none of that name."""
        done = self._done(("show-ref", "--verify", "--hash", "--", f"refs/heads/{name}"))
        return done.stdout.decode().strip() or None

    def move(self, ref: str, sha: str | None, before: str | None = None) -> None:
        """Point a full ref at a commit, or delete it. `before`: where it has to be now. Raises GitFailed."""
        held = [before] if before else []
        self.run(*(["update-ref", ref, sha, *held] if sha else ["update-ref", "-d", ref, *held]))

    def commit(self, sha: str) -> Commit | None:
        """Return a commit by its full SHA; None when there is none."""
        if not _SHA.fullmatch(sha):
            return None
        return self.commits([sha]).get(sha)

    def commits(self, shas: Sequence[str]) -> dict[str, Commit]:
        """Return those commits that are there, by SHA, in one question to Git."""
        with self._kept:
            found = {sha: self._commits[sha] for sha in shas if sha in self._commits}
        missing = [sha for sha in shas if sha not in found]
        if missing:
            answer = self.run("cat-file", "--batch", feed="".join(f"{sha}\n" for sha in missing).encode())
            new = {sha: self._commit(sha, raw) for sha, raw in _objects(answer, "commit")}
            with self._kept:
                self._commits |= new
            found |= new
        return {sha: found[sha] for sha in shas if sha in found}

    def sha_beginning(self, prefix: str) -> str | None:
        """Return the full SHA of the one commit whose SHA begins so, in hexadecimal."""
        done = self._done(("rev-parse", "--verify", "--quiet", "--end-of-options", f"{prefix}^{{commit}}"))
        found = done.stdout.decode().strip()
        return found if found.startswith(prefix) else None

    def blob(self, sha: str) -> bytes:
        """Return the bytes of a file by the SHA of its blob."""
        return self.run("cat-file", "blob", sha)

    def tree(self, sha: str) -> dict[str, str]:
        """Return the blob of every path of a commit, sorted as Git sorts."""
        entries = self.run("ls-tree", "-r", "-z", "--full-tree", sha).split(b"\0")
        halves = (entry.partition(b"\t") for entry in entries if entry)
        return {path.decode("utf-8", "replace"): head.split(b" ")[2].decode() for head, _, path in halves}

    def first_containing(self, head: str, before: str, after: str) -> str:
        """Return the first commit on the way from `before` to `after` that contains `head`; `after` when all did."""
        way = self.run("rev-list", "--first-parent", "--reverse", f"{before}..{after}").decode().split()
        return next((sha for sha in way if self.is_ancestor(head, sha)), after)

    def patches(self, before: str, after: str) -> list[str]:
        """Return the hunks of each changed file, in the order of `changes`."""
        text = self.run("diff-tree", "-r", "-p", "--no-renames", before, after).decode("utf-8", "replace")
        files = re.split(r"^diff --git .*$", text, flags=re.MULTILINE)[1:]
        return [file[place:] if (place := file.find("\n@@ ") + 1) else "" for file in files]

    def _merged_tree(self, ours: str, theirs: str) -> str | None:
        """Return the tree of both merged; None for a conflict."""
        done = self._done(("merge-tree", "--write-tree", "--no-messages", ours, theirs))
        return done.stdout.decode().split()[0] if done.returncode == 0 else None

    def _merge_base(self, one: str, other: str) -> str | None:
        return self._done(("merge-base", one, other)).stdout.decode().strip() or None

    def _is_ancestor(self, ancestor: str, descendant: str) -> bool:
        return self._done(("merge-base", "--is-ancestor", ancestor, descendant)).returncode == 0

    def _between(self, before: str, after: str) -> tuple[str, ...]:
        """Return the commits of `after` that `before` lacks, oldest first."""
        listed = self.run("rev-list", "--topo-order", "--reverse", after, f"^{before}")
        return tuple(listed.decode().split())

    def _changes(self, before: str, after: str) -> tuple[Change, ...]:
        """Return how the tree of `after` differs from that of `before`, by path."""
        options = ("-r", "-z", "--no-renames", "--raw", "--numstat")
        fields = self.run("diff-tree", *options, before, after).split(b"\0")
        raw = [field for field in fields if field.startswith(b":")]
        paths = [fields[place + 1] for place, field in enumerate(fields) if field.startswith(b":")]
        counts = dict(_counted(field) for field in fields[2 * len(raw) :] if field)
        return tuple(_change(head, path, counts.get(path, (0, 0))) for head, path in zip(raw, paths, strict=True))

    def _commit(self, sha: str, raw: bytes) -> Commit:
        return commit_of(sha, raw, Files(self, sha), self._network_ids)

    def _done(
        self, arguments: Sequence[str], feed: bytes = b"", extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        words = ["git", "-C", str(self.path), *arguments]
        environment = self._environment | dict(extra or {})
        return subprocess.run(words, env=environment, input=feed, capture_output=True, check=False)


class Files(Mapping[str, bytes]):
    """The files of a commit, read when they are asked for."""

    def __init__(self, bare: Bare, sha: str) -> None:
        self._bare = bare
        self._sha = sha
        self._blobs: dict[str, str] | None = None

    def __getitem__(self, path: str) -> bytes:
        """Return the bytes of a file."""
        return self._bare.blob(self._tree()[path])

    def __contains__(self, path: object) -> bool:
        """Tell whether there is such a file, without reading it."""
        return path in self._tree()

    def __iter__(self) -> Iterator[str]:
        """Go through the paths, sorted."""
        return iter(self._tree())

    def __len__(self) -> int:
        """Count the files."""
        return len(self._tree())

    def _tree(self) -> dict[str, str]:
        if self._blobs is None:
            self._blobs = self._bare.tree(self._sha)
        return self._blobs


def _objects(answer: bytes, kind: str) -> Iterator[tuple[str, bytes]]:
    """Read what `git cat-file --batch` printed: `SHA kind size`, the bytes, a newline; or `SHA missing`."""
    place = 0
    while place < len(answer):
        end = answer.index(b"\n", place)
        words = answer[place:end].decode().split(" ")
        place = end + 1
        if len(words) != 3:
            continue
        size = int(words[2])
        if words[1] == kind:
            yield words[0], answer[place : place + size]
        place += size + 1


def _counted(field: bytes) -> tuple[bytes, tuple[int, int]]:
    added, removed, path = field.split(b"\t", 2)
    return path, (int(added), int(removed)) if added != b"-" else (0, 0)


def _change(head: bytes, path: bytes, counts: tuple[int, int]) -> Change:
    _, _, before, after, letter = head.decode().split(" ")
    return Change(
        path=path.decode("utf-8", "replace"),
        kind=_KINDS.get(letter[0], "modified"),
        additions=counts[0],
        deletions=counts[1],
        blob=before if letter[0] == "D" else after,
    )
