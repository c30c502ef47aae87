"""A commit of the branch's history as a value, and how what `git log` says becomes one. Pure.

What a commit changed is told as coarsely as anybody asks: an environment's folder as one, the files beside the folders,
and every other path by itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from gitops.fields import is_environment_folder
from gitops.naming import FOLDER_ROOT

OPTIONS = ("-c", "--raw", "-t", "-z", "--no-renames", "--no-abbrev", "--root")
"""`-c`: of a merge, what differs from all its parents; `-t`: folders too. Source: git-log(1), git-diff(1)."""
FORMAT = "%x00%H%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%ct%x00%B"

_FIELDS = 8
_TREE, _FILE, _NOTHING = "040000", "100644", "000000"
_TRAILER = re.compile(r"([A-Za-z0-9-]+)\s*:\s*(.*)")


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a commit names: foreign text, that anybody may write."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Touched:
    """One path that a commit changed: an environment's folder, or a file."""

    path: str
    before: str | None
    """Git id; None where it was absent. Behind its mode where it is neither a folder nor a plain file."""
    after: str | None


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the history."""

    sha: str
    parents: tuple[str, ...]
    author: Identity
    committer: Identity
    committed_at: datetime
    subject: str
    trailers: tuple[tuple[str, str], ...]
    """(name, value) of the last paragraph, in their order; a name may be there twice."""
    changes: tuple[Touched, ...]
    """Of a merge, only what differs from all of its parents."""
    payload: bytes | None = None
    """What its signature would have to be made of; None where that was not read."""
    signature: str | None = None
    """Armored; None where it has none, or it was not read."""

    @property
    def is_merge(self) -> bool:
        """It has several parents."""
        return len(self.parents) > 1


def commits_of(output: bytes) -> Iterator[Commit]:
    """The commits in what `git log` says with `OPTIONS` and `FORMAT`. Raises ValueError for anything else.

    Fields are counted, never searched for, so that no name and no message can be taken for something else: none of
    them can hold a NUL.
    """
    tokens = iter(output.decode("utf-8", "replace").split("\0"))
    token = next(tokens, None)
    while token is not None:
        if not token.strip("\n"):
            token = next(tokens, None)
            continue
        fields = [token, *(_next(tokens) for _ in range(_FIELDS - 1))]
        touched: list[tuple[str, str]] = []
        token = next(tokens, None)
        while token is not None and (meta := token.lstrip("\n")[:1]) in ("", ":"):
            if meta:
                touched.append((token.lstrip("\n"), _next(tokens)))
            token = next(tokens, None)
        yield _commit(fields, touched)


def trailers_of(message: str) -> tuple[tuple[str, str], ...]:
    """The trailers of a message: those lines of its last paragraph, unless that is its first, that are `Name: value`.

    Source: git-interpret-trailers(1); a line that begins with a space goes on the line before.
    """
    paragraphs = [part for part in re.split(r"\n[ \t]*\n", message.strip("\n")) if part.strip()]
    found: list[tuple[str, str]] = []
    for line in paragraphs[-1].splitlines() if len(paragraphs) > 1 else ():
        if line[:1].isspace() and found:
            name, value = found[-1]
            found[-1] = (name, f"{value} {line.strip()}".strip())
        elif match := _TRAILER.fullmatch(line):
            found.append((match[1], match[2].strip()))
    return tuple(found)


def _next(tokens: Iterator[str]) -> str:
    token = next(tokens, None)
    if token is None:
        raise ValueError("git log: its answer ends in the middle of a commit")
    return token


def _commit(fields: list[str], touched: list[tuple[str, str]]) -> Commit:
    sha, parents, author, author_email, committer, committer_email, seconds, message = fields
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", sha):
        raise ValueError(f"git log: no commit id: {sha[:60]!r}")
    return Commit(
        sha,
        tuple(parents.split()),
        Identity(author, author_email),
        Identity(committer, committer_email),
        datetime.fromtimestamp(int(seconds), UTC),
        message.lstrip("\n").partition("\n")[0],
        trailers_of(message),
        tuple(_changes(touched)),
    )


def _changes(touched: list[tuple[str, str]]) -> Iterator[Touched]:
    found: dict[str, Touched] = {}
    inside = "\0"
    for meta, path in touched:
        if path.startswith(inside):
            continue  # the folder's id tells it
        is_folder = _is_folder(path)
        if is_folder:
            inside = f"{path}/"
        before, after = _sides(meta, is_folder=is_folder)
        if held := found.get(path):  # a file became a folder, or the other way round
            before, after = held.before or before, held.after or after
        if before is not None or after is not None:
            found[path] = Touched(path, before, after)
    yield from found.values()


def _sides(meta: str, *, is_folder: bool) -> tuple[str | None, str | None]:
    """What the first parent and the commit have there, of `:mode mode id id status` with a colon for each parent."""
    count = len(meta) - len(meta.lstrip(":"))
    words = meta.lstrip(":").split()
    modes, ids = words[: count + 1], words[count + 1 : 2 * (count + 1)]
    if not count or len(words) != 2 * (count + 1) + 1:
        raise ValueError(f"git log: no change of a path: {meta[:60]!r}")
    return _side(modes[0], ids[0], is_folder=is_folder), _side(modes[-1], ids[-1], is_folder=is_folder)


def _side(mode: str, identity: str, *, is_folder: bool) -> str | None:
    if mode == _NOTHING or (mode == _TREE and not is_folder):
        return None  # what lies in another folder is told file by file
    return identity if mode == (_TREE if is_folder else _FILE) else f"{mode} {identity}"


@lru_cache(maxsize=65_536)
def _is_folder(path: str) -> bool:
    return path.startswith(FOLDER_ROOT) and is_environment_folder(path)
