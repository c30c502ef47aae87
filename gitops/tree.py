"""The ids that Git gives to a folder and a file, computed without Git. Source: git-mktree, git-hash-object; SHA-1."""

import hashlib
from collections.abc import Mapping

_FILE_MODE = b"100644"


def tree_id(files: Mapping[str, bytes]) -> str:
    """The object id of a tree that holds these files and no folders, {file name: content}; 40 hexadecimal digits."""
    entries = sorted((name.encode(), content) for name, content in files.items())
    body = b"".join(_FILE_MODE + b" " + name + b"\0" + _object(b"blob", content).digest() for name, content in entries)
    return _object(b"tree", body).hexdigest()


def blob_id(content: bytes) -> str:
    """The object id of a file with this content; 40 hexadecimal digits."""
    return _object(b"blob", content).hexdigest()


def _object(kind: bytes, body: bytes) -> "hashlib._Hash":
    return hashlib.sha1(kind + b" " + str(len(body)).encode() + b"\0" + body, usedforsecurity=False)
