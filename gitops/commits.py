"""The stream for `git fast-import` that makes commits of changes. Source: git-fast-import(1), "Input Format"."""

import re
from collections.abc import Iterator, Sequence

from gitops.change import Change, Person
from gitops.text import single_line

SCRATCH = "refs/ephemera/next"
"""The ref under which new commits wait to be pushed. It is overwritten by the next ones."""
COMMITTER = Person("Ephemera", "ephemera@localhost")

_NOT_IN_NAME = re.compile(r"[<>]+")
_NOT_IN_EMAIL = re.compile(r"[<>\s]+")
_NOT_IN_TRAILER = re.compile(r"[^A-Za-z0-9-]+")


def question(head: str, change: Change) -> bytes:
    """Asks for the tree of the change's folder at `head`; `answered_tree` reads the answer."""
    return f"ls {head} {change.folder}\n".encode()


def answered_tree(answer: bytes) -> str | None:
    """The tree id in an answer to `question`; None where the folder is absent. Raises ValueError for anything else."""
    match answer.split():
        case [b"missing", _]:
            return None
        case [b"040000", b"tree", tree, _]:
            return tree.decode()
    raise ValueError(f"no answer about a folder: {answer!r}")


def import_stream(head: str | None, changes: Sequence[Change]) -> bytes:
    """One commit for each change, in order, the first on `head`; git answers with one commit id a line."""
    return b"".join(_stream(head, changes))


def _stream(head: str | None, changes: Sequence[Change]) -> Iterator[bytes]:
    parent = head
    for number, change in enumerate(changes, start=1):
        yield from _commit(number, parent, change)
        parent = f":{number}"
    for number in range(1, len(changes) + 1):
        yield b"get-mark :%d\n" % number
    yield b"done\n"


def _commit(mark: int, parent: str | None, change: Change) -> Iterator[bytes]:
    yield f"commit {SCRATCH}\nmark :{mark}\n".encode()
    yield b"author %s now\ncommitter %s now\n" % (_person(change.author), _person(COMMITTER))
    yield _data(_message(change).encode())
    if parent is not None:
        yield f"from {parent}\n".encode()
    yield f"D {change.folder}\n".encode()
    for name, content in sorted((change.files or {}).items()):
        yield f"M 100644 inline {change.folder}/{name}\n".encode()
        yield _data(content)


def _message(change: Change) -> str:
    lines = [f"{_NOT_IN_TRAILER.sub('-', name)}: {single_line(value)}" for name, value in change.trailers]
    return "\n".join([single_line(change.subject, 100), "", *lines, ""])


def _person(person: Person) -> bytes:
    name = single_line(_NOT_IN_NAME.sub("", person.name)) or COMMITTER.name
    email = _NOT_IN_EMAIL.sub("", single_line(person.email)) or COMMITTER.email
    return f"{name} <{email}>".encode()


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)
