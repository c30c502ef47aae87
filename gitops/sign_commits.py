"""Gives commits that were just made their signatures: fast-import cannot sign.

The new commits are written as loose objects, by no process at all; `Clone.tidy` gathers them. Source of the header
`gpgsig`: Git's Documentation/gitformat-signature.txt.
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

from gitops.command import Command
from gitops.signing import Signer

_PARENT = b"parent "
_HEADER = b"gpgsig "


def signed(command: Command, commits: Sequence[str], signer: Signer) -> list[str]:
    """The ids of the same commits with signatures, in the same order.

    A commit comes after those of the others that are its parents; its signed form stands on theirs. Raises ValueError
    or OSError where the repository cannot be read or written, and TimedOutError.
    """
    renamed: dict[str, str] = {}
    for commit, raw in zip(commits, _read(command, commits), strict=True):
        payload = _on(raw, renamed)
        renamed[commit] = _write(command.directory / "objects", _with(payload, signer.sign(payload)))
    return [renamed[commit] for commit in commits]


def divided(raw: bytes) -> tuple[bytes, str | None]:
    """What a raw commit's signature was made of, and the signature; None where it has none, or more than one."""
    headers, separator, message = raw.partition(b"\n\n")
    kept, found = [], []
    is_signature = False
    for line in headers.split(b"\n"):
        if line.startswith(_HEADER):
            is_signature = True
            found.append([line.removeprefix(_HEADER)])
        elif is_signature and line.startswith(b" "):
            found[-1].append(line[1:])
        else:
            is_signature = False
            kept.append(line)
    payload = b"\n".join(kept) + separator + message
    if len(found) != 1:
        return payload, None
    return payload, b"\n".join([*found[0], b""]).decode("ascii", "replace")


def raw_commits(command: Command, commits: Sequence[str]) -> list[bytes]:
    """The commits as they are stored, in the same order. Raises ValueError where one is missing, and TimedOutError."""
    return list(_read(command, commits))


def _read(command: Command, commits: Sequence[str]) -> Iterator[bytes]:
    outcome = command.run("cat-file", "--batch", stdin="".join(f"{commit}\n" for commit in commits).encode())
    output, start = outcome.output, 0
    for commit in commits:
        end = output.find(b"\n", start)
        head = output[start:end].split()
        if end < 0 or len(head) != 3 or head[1] != b"commit":
            raise ValueError(f"git cat-file: no commit {commit}: {outcome.complaint[:200]}")
        size = int(head[2])
        yield output[end + 1 : end + 1 + size]
        start = end + 1 + size + 1


def _on(raw: bytes, renamed: Mapping[str, str]) -> bytes:
    """The commit with the parents' new ids."""
    headers, separator, message = raw.partition(b"\n\n")
    lines = [_parent(line, renamed) if line.startswith(_PARENT) else line for line in headers.split(b"\n")]
    return b"\n".join(lines) + separator + message


def _parent(line: bytes, renamed: Mapping[str, str]) -> bytes:
    commit = line.removeprefix(_PARENT).decode("ascii")
    return _PARENT + renamed.get(commit, commit).encode("ascii")


def _with(payload: bytes, armored: str) -> bytes:
    """The commit with the signature as its last header, each line after the first behind a space."""
    headers, separator, message = payload.partition(b"\n\n")
    return headers + b"\n" + _HEADER + armored.rstrip("\n").replace("\n", "\n ").encode("ascii") + separator + message


def _write(objects: Path, raw: bytes) -> str:
    """Store the commit, once, and return its id. Source: gitformat-pack(5), "loose objects"."""
    stored = b"commit %d\0" % len(raw) + raw
    identity = hashlib.sha1(stored, usedforsecurity=False).hexdigest()
    file = objects / identity[:2] / identity[2:]
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        # Under another name first: a process that is killed leaves no half of it.
        with NamedTemporaryFile(dir=file.parent, prefix="tmp_obj_", delete=False) as unfinished:
            unfinished.write(zlib.compress(stored, 1))
        whole = Path(unfinished.name)
        whole.chmod(0o444)
        whole.replace(file)
    return identity
