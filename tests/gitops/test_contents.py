"""What a commit holds of an environment, also where somebody put there what does not belong."""

from dataclasses import replace

import pytest

from gitops.contents import read
from gitops.errors import OddContents, RemoteUnavailable
from gitops.propose import Proposal, propose
from gitops.publish import publish
from gitops.render import OBJECT_LIMIT, SIZE_LIMIT
from gitops.repository import Repository
from gitops.tree import blob_id
from tests.gitops.upstream import FOLDER, Upstream, change, followed, unguarded

pytestmark = pytest.mark.slow
SYNC = "syncs/main/pr-7-shop.yaml"


def test_files_and_the_one_beside_them_are_read_with_their_ids(repository: Repository, upstream: Upstream) -> None:
    wanted = replace(followed("one", sync="sync", follows_ref=False), files={"a.yaml": b"same", "b.yaml": b"same"})
    publish(repository, lambda: [wanted], unguarded)
    held = read(repository, upstream.head(), FOLDER)
    assert (held.files, held.sync) == (wanted.files, b"sync")
    assert (held.tree, held.sync_blob) == (wanted.tree, blob_id(b"sync"))


def test_removal_leaves_nothing(repository: Repository, upstream: Upstream) -> None:
    publish(repository, lambda: [change("one")], unguarded)
    (gone,) = propose(repository, lambda: [Proposal(change(None), "pr-7-shop", None)], unguarded)
    held = read(repository, str(gone.commit), FOLDER)
    assert (held.files, held.sync, held.tree, held.sync_blob) == (None, None, None, None)


@pytest.mark.parametrize("path", [f"{FOLDER}/large.yaml", SYNC])
def test_file_that_is_too_large_is_refused(repository: Repository, upstream: Upstream, path: str) -> None:
    upstream.human_pushes(path, "x" * (SIZE_LIMIT + 1))
    with pytest.raises(OddContents, match="too much"):
        read(repository, upstream.head(), FOLDER)


def test_too_many_files_are_refused(repository: Repository, upstream: Upstream) -> None:
    files = {f"{number}.yaml": b"" for number in range(OBJECT_LIMIT + 1)}
    publish(repository, lambda: [replace(change("one"), files=files)], unguarded)
    with pytest.raises(OddContents, match=f"{OBJECT_LIMIT + 1} files"):
        read(repository, upstream.head(), FOLDER)


@pytest.mark.parametrize("path", [f"{FOLDER}/inner/app.yaml", f"{SYNC}/app.yaml"])
def test_folder_in_place_of_a_file_is_refused(repository: Repository, upstream: Upstream, path: str) -> None:
    upstream.human_pushes(path, "x")
    with pytest.raises(OddContents, match="mode 040000; make it a plain file"):
        read(repository, upstream.head(), FOLDER)


def test_file_in_place_of_the_folder_is_refused(repository: Repository, upstream: Upstream) -> None:
    upstream.human_pushes(FOLDER, "x")
    with pytest.raises(OddContents, match="make it a folder"):
        read(repository, upstream.head(), FOLDER)


def test_commit_that_the_remote_does_not_show_costs_no_clone(repository: Repository, upstream: Upstream) -> None:
    read(repository, upstream.head(), FOLDER)
    (home,) = repository.cache.glob("*/0.git")
    before = home.stat().st_ino
    with pytest.raises(RemoteUnavailable, match="may not show it yet"):
        read(repository, "1" * 40, FOLDER)
    assert home.stat().st_ino == before


@pytest.mark.parametrize("commit", ["HEAD", "--help", "", "1234567"])
def test_anything_but_a_commit_id_is_a_bug(repository: Repository, commit: str) -> None:
    with pytest.raises(ValueError, match="not a full commit id"):
        read(repository, commit, FOLDER)
