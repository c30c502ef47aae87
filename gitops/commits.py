"""The stream for `git fast-import` that makes commits of changes. Source: git-fast-import(1), "Input Format"."""

import re
from collections.abc import Iterable, Iterator, Sequence

from gitops.change import COMMITTER, Change, Person
from gitops.syncs import keep_path
from gitops.text import single_line

SCRATCH = "refs/ephemera/next"
"""The ref under which new commits wait to be pushed. It is overwritten by the next ones."""

_NOT_IN_NAME = re.compile(r"[<>]+")
_NOT_IN_EMAIL = re.compile(r"[<>\s]+")
_NOT_IN_TRAILER = re.compile(r"[^A-Za-z0-9-]+")


def questions(head: str, paths: Iterable[str]) -> bytes:
    """Asks what each path is at `head`; `answered_id` reads an answer, one line for each."""
    return b"".join(f"ls {head} {path}\n".encode() for path in paths)


def answered_id(answer: bytes) -> str | None:
    """The id of a folder or plain file in an answer; None where it is absent.

    Something else in its place, as a link, has an id that nothing wanted has. Raises ValueError for no answer at all.
    """
    match answer.split():
        case [b"missing", _]:
            return None
        case [b"040000" | b"100644", _, identity, _]:
            return identity.decode()
        case [mode, _, identity, _]:
            return f"{mode.decode()} {identity.decode()}"
    raise ValueError(f"no answer about a path: {answer!r}")


def import_stream(
    head: str | None, changes: Sequence[Change], committer: Person = COMMITTER, *, is_apart: bool = False
) -> bytes:
    """One commit for each change, in order; git answers with one commit id a line. The first is on `head`, and each on
    the one before; with `is_apart`, every one is on `head`."""
    return b"".join(_stream(head, changes, committer, is_apart=is_apart))


def _stream(head: str | None, changes: Sequence[Change], committer: Person, *, is_apart: bool) -> Iterator[bytes]:
    parent = head
    for number, change in enumerate(changes, start=1):
        yield from _commit(number, parent, change, committer)
        parent = head if is_apart else f":{number}"
    for number in range(1, len(changes) + 1):
        yield b"get-mark :%d\n" % number
    yield b"done\n"


def _commit(mark: int, parent: str | None, change: Change, committer: Person) -> Iterator[bytes]:
    yield f"commit {SCRATCH}\nmark :{mark}\n".encode()
    yield b"author %s now\ncommitter %s now\n" % (_person(change.author), _person(committer))
    yield _data(message(change).encode())
    if parent is not None:
        yield f"from {parent}\n".encode()
    yield f"D {change.folder}\n".encode()
    for name, content in sorted((change.files or {}).items()):
        yield f"M 100644 inline {change.folder}/{name}\n".encode()
        yield _data(content)
    if change.sync_path is not None:
        yield from _sync(change.sync_path, change.sync)
    if change.keep is not None:
        yield from _sync(keep_path(change.folder), change.keep)


def _sync(path: str, content: bytes | None) -> Iterator[bytes]:
    # Removed first, in case that something else lies there.
    yield f"D {path}\n".encode()
    if content is not None:
        yield f"M 100644 inline {path}\n".encode()
        yield _data(content)


def message(change: Change) -> str:
    """The commit's words: subject, and trailers as its last paragraph."""
    lines = [f"{_NOT_IN_TRAILER.sub('-', name)}: {single_line(value)}" for name, value in change.trailers]
    return "\n".join([single_line(change.subject, 100), "", *lines, ""])


def _person(person: Person) -> bytes:
    name = single_line(_NOT_IN_NAME.sub("", person.name)) or COMMITTER.name
    email = _NOT_IN_EMAIL.sub("", single_line(person.email)) or COMMITTER.email
    return f"{name} <{email}>".encode()


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)
