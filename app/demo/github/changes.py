"""How one commit's files differ from another's."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """A path that differs."""

    path: str
    kind: str
    """`added`, `removed` or `modified`; nothing counts as renamed here."""
    additions: int
    deletions: int
    blob: str
    """SHA of the file's blob, of the one that is gone for a removed file."""


def changes_between(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[Change, ...]:
    """Return the differences between two sets of files, by path; one line each, whatever they hold."""
    paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return tuple(_change(path, before.get(path), after.get(path)) for path in paths)


def _change(path: str, before: bytes | None, after: bytes | None) -> Change:
    kind = "added" if before is None else "removed" if after is None else "modified"
    blob = hashlib.sha1(after or b"").hexdigest()
    return Change(path, kind, int(after is not None), int(before is not None), blob)
