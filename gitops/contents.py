"""What a commit holds of one environment, file by file."""

from collections.abc import Mapping
from dataclasses import dataclass

from gitops.branches import bring_all
from gitops.clone import Clone
from gitops.errors import OddContents
from gitops.fields import is_environment_folder
from gitops.render import OBJECT_LIMIT, SIZE_LIMIT
from gitops.repository import Repository
from gitops.syncs import sync_path
from gitops.text import shown


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

    Raises OddContents for what cannot be one: links, folders in it, too much. RemoteUnavailable, Rejected and
    CloneUnusable as `publish` does.
    """
    if not is_environment_folder(folder):
        raise ValueError(f"folder {shown(folder)} is not the folder of an environment")

    def work(clone: Clone) -> Contents:
        if clone.command.run("cat-file", "-e", f"{commit}^{{commit}}").status != 0:
            # It was seen by another clone, or on no clone yet.
            bring_all(clone)
        listed = _listed(clone, commit, folder, sync_path(folder))
        tree, sync = listed.get(folder), listed.get(sync_path(folder))
        files = None if tree is None else _files(clone, folder, _plain(folder, tree, "040000"))
        beside = None if sync is None else _plain(sync_path(folder), sync, "100644")
        held = clone.blobs([beside])[0] if beside is not None else None
        return Contents(files, held, tree and tree.split()[1], beside)

    return repository.use("reading", work)


def _files(clone: Clone, folder: str, tree: str) -> Mapping[str, bytes]:
    listed = _listed(clone, tree)
    if len(listed) > OBJECT_LIMIT:
        raise OddContents(f"{folder} holds {len(listed)} files; an environment may have {OBJECT_LIMIT}")
    ids = [_plain(f"{folder}/{name}", told, "100644") for name, told in listed.items()]
    contents = clone.blobs(ids)
    if (size := sum(map(len, contents))) > SIZE_LIMIT:
        raise OddContents(f"{folder} holds {size} bytes; an environment may have {SIZE_LIMIT}")
    return dict(zip(listed, contents, strict=True))


def _listed(clone: Clone, treeish: str, *paths: str) -> dict[str, str]:
    """{path: `mode id`}."""
    output = clone.output("ls-tree", "-z", "--full-tree", treeish, *(["--", *paths] if paths else []))
    lines = (line.split("\t", 1) for line in output.decode("utf-8", "replace").split("\0") if line)
    return {path: f"{told.split()[0]} {told.split()[2]}" for told, path in lines}


def _plain(path: str, told: str, wanted: str) -> str:
    mode, identity = told.split()
    if mode != wanted:
        what = "a folder" if wanted == "040000" else "a plain file"
        raise OddContents(f"{shown(path)} has mode {mode}; make it {what}")
    return identity
