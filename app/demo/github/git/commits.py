"""Reads commit objects as Git stores them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from app.demo.github.records import Commit, Signature

_PERSON = re.compile(r"(?P<name>.*?) ?<(?P<email>[^>]*)> (?P<at>-?\d+) [+-]\d{4}")


def commit_of(sha: str, raw: bytes, files: Mapping[str, bytes], network_ids: frozenset[int]) -> Commit:
    """Return the commit that an object describes (git-commit-tree(1)). Raises ValueError for no commit."""
    head, _, message = raw.decode("utf-8", "replace").partition("\n\n")
    # A line that begins with a space goes on with the header before it.
    headers = [line.split(" ", 1) for line in head.replace("\n ", "\0").split("\n")]
    fields = {name: value.replace("\0", "\n") for name, value in headers}
    parents = tuple(value for name, value in headers if name == "parent")
    committer = _signature(fields["committer"])
    return Commit(
        sha=sha,
        parent=parents[0] if parents else None,
        message=message.rstrip("\n"),
        author_id=None,
        files=files,
        at=committer.at,
        network_ids=network_ids,
        tree=fields["tree"],
        other_parents=parents[1:],
        author=_signature(fields["author"]),
        committer=committer,
        signature=fields.get("gpgsig"),
    )


def _signature(text: str) -> Signature:
    found = _PERSON.fullmatch(text)
    if found is None:
        raise ValueError(f"no person in a commit: {text[:200]!r}")
    return Signature(found["name"], found["email"], datetime.fromtimestamp(int(found["at"]), UTC))
