"""What a commit holds of one environment, file by file."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from gitops.branches import bring_all
from gitops.clone import BrokenCloneError, Clone
from gitops.errors import OddContents, RemoteUnavailable
from gitops.fields import head_sha, is_environment_folder
from gitops.render import OBJECT_LIMIT, SIZE_LIMIT
from gitops.repository import Repository
from gitops.syncs import sync_path
from gitops.text import shown

_FOLDER, _FILE = "040000", "100644"


@dataclass(frozen=True, slots=True)
class Contents:
    """An environment's folder, and the file beside it."""

    files: Mapping[str, bytes] | None
    """`{name: bytes}`; None where there is no such folder."""
    sync: bytes | None
    """The file beside it; None where there is none."""
    tree: str | None
    sync_blob: str | None


def read(repository: Repository, commit: str, folder: str) -> Contents:
    """What the commit, of the followed branch or of a proposal's, holds of the environment.

    Raises OddContents for what cannot be one: links, folders in it, too much. RemoteUnavailable also where the remote
    does not show the commit; Rejected and CloneUnusable as `publish` does.
    """
    if not is_environment_folder(folder):
        raise ValueError(f"folder {shown(folder)} is not the folder of an environment")

    if head_sha(commit) is not None:
        raise ValueError(f"commit {shown(commit)} is not a full commit id")
    return repository.use("reading", partial(_read, commit=commit, folder=folder))


def _read(clone: Clone, commit: str, folder: str) -> Contents:
    _bring(clone, commit)
    listed = _listed(clone, commit, folder, beside := sync_path(folder))
    tree = _plain(folder, listed[folder], _FOLDER) if folder in listed else None
    sync = _plain(beside, listed[beside], _FILE) if beside in listed else None
    ids = {} if tree is None else _files(clone, folder, tree)
    try:
        held = clone.blobs([*ids.values(), *([sync] if sync else [])], SIZE_LIMIT)
    except OddContents as error:
        raise OddContents(f"{folder} holds too much for an environment: {error}") from error
    files = None if tree is None else dict(zip(ids, held, strict=False))
    return Contents(files, held[-1] if sync else None, tree, sync)


def _bring(clone: Clone, commit: str) -> None:
    """Fetch the commit where it is not here: it was seen by another clone, or on no clone yet."""
    if _is_here(clone, commit):
        return
    there = bring_all(clone)
    if _is_here(clone, commit):
        return
    if commit in there.values():
        raise BrokenCloneError(f"reading {commit}: it was fetched, and is not here")
    raise RemoteUnavailable(
        f"reading {commit}: {clone.remote.url} shows it neither on {clone.remote.branch} nor on a proposal's branch; "
        "it may not show it yet, or somebody has moved the branch"
    )


def _is_here(clone: Clone, commit: str) -> bool:
    return clone.command.run("cat-file", "-e", f"{commit}^{{commit}}").status == 0


def _files(clone: Clone, folder: str, tree: str) -> Mapping[str, str]:
    """{name: Git id} of the folder's files."""
    listed = _listed(clone, tree)
    if len(listed) > OBJECT_LIMIT:
        raise OddContents(f"{folder} holds {len(listed)} files; an environment may have {OBJECT_LIMIT}")
    return {name: _plain(f"{folder}/{name}", told, _FILE) for name, told in listed.items()}


def _listed(clone: Clone, treeish: str, *paths: str) -> dict[str, str]:
    """{path: `mode id`}."""
    output = clone.output("ls-tree", "-z", "--full-tree", treeish, *(["--", *paths] if paths else []))
    lines = (line.split("\t", 1) for line in output.decode("utf-8", "replace").split("\0") if line)
    return {path: f"{told.split()[0]} {told.split()[2]}" for told, path in lines}


def _plain(path: str, told: str, wanted: str) -> str:
    mode, identity = told.split()
    if mode != wanted:
        what = "a folder" if wanted == _FOLDER else "a plain file"
        raise OddContents(f"{shown(path)} has mode {mode}; make it {what}")
    return identity
