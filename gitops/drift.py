"""What lies on the branch, whoever put it there: for a caller to compare with what he published.

Cheap with ten thousand environments: one question when nothing moved, else a fetch of what is new and two listings.
What a publisher knows stays as it is, so that it still notices a history that was replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from gitops.clone import Clone
from gitops.fields import is_environment_folder
from gitops.naming import FOLDER_ROOT
from gitops.remote import PEEKED
from gitops.repository import Repository
from gitops.syncs import SYNCS_ROOT


@dataclass(frozen=True, slots=True)
class Held:
    """What the branch holds."""

    head: str | None
    """None when there is no such branch, or nothing on it yet: no proof that anything was removed."""
    folders: Mapping[str, str]
    """{environment's folder: Git tree id}, to be compared with `Change.tree`."""
    syncs: Mapping[str, str]
    """{`syncs/<cluster>/<namespace>.yaml`: Git blob id}, to be compared with `tree.blob_id`."""


def look(repository: Repository, seen: str | None = None) -> Held | None:
    """What the remote's branch holds now; None when its head still is `seen`, the head of an earlier answer.

    Raises RemoteUnavailable, Rejected and CloneUnusable as `publish` does.
    """
    return repository.use("looking into", partial(_look, seen=seen))


def own_refs(repository: Repository) -> dict[str, str]:
    """{environment's name: commit} of the environments' own refs that the remote holds. Raises as `look`."""
    prefix = repository.remote.environment_refs
    there = repository.use("looking into", Clone.remote_refs)
    return {ref.removeprefix(prefix): commit for ref, commit in there.items() if ref.startswith(prefix)}


def _look(clone: Clone, seen: str | None) -> Held | None:
    head = clone.remote_head()
    if head is not None and head == seen:
        return None
    if head is not None and head not in (clone.head(), clone.head(PEEKED)):
        head = clone.fetch(PEEKED)
    if head is None:
        return Held(None, {}, {})
    trees = clone.entries(head, FOLDER_ROOT, "-d")
    folders = {path: tree for path, tree in trees.items() if is_environment_folder(path)}
    return Held(head, folders, clone.entries(head, SYNCS_ROOT))
