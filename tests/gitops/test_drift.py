"""What the branch holds, whoever put it there: told in full once, and then only when it moved."""

from pathlib import Path

import pytest

from app.demo.git_faults import Fault
from gitops.drift import Held, look, own_refs
from gitops.errors import HistoryRewritten, Rejected, RemoteUnavailable
from gitops.publish import publish
from gitops.remote import Credentials, Remote
from gitops.repository import Repository
from gitops.tree import blob_id
from tests.gitops.upstream import FOLDER, Upstream, change, followed, unguarded

OTHER = "environments/main/acme/shop/pr-8-shop"
SYNC = "syncs/main/pr-7-shop.yaml"


def seen(repository: Repository) -> Held:
    """What there is, of which nothing was seen before."""
    held = look(repository)
    assert held is not None
    return held


def test_every_folder_is_told_with_the_tree_that_was_published(repository: Repository, upstream: Upstream) -> None:
    wishes = [followed("one", sync="s"), change("two", OTHER)]
    publish(repository, lambda: wishes, unguarded)
    held = seen(repository)
    assert (held.head, held.syncs) == (upstream.head(), {SYNC: blob_id(b"s")})
    assert held.folders == {wish.folder: wish.tree for wish in wishes}


def test_unmoved_branch_is_one_question(repository: Repository, upstream: Upstream) -> None:
    publish(repository, lambda: [change("one")], unguarded)
    held = seen(repository)
    start = len(upstream.host.state().requests)
    assert look(repository, held.head) is None
    assert upstream.asked(start) == ["git-upload-pack"]


def test_what_a_human_changed_added_and_removed_is_told(repository: Repository, upstream: Upstream) -> None:
    publish(repository, lambda: [followed("one", sync="s"), change("two", OTHER)], unguarded)
    before = seen(repository)
    upstream.human_pushes(f"{FOLDER}/app.yaml", "mine")
    upstream.human_pushes("environments/main/acme/shop/pr-9-shop/app.yaml", "new")
    upstream.human_pushes("environments/main/README.md", "no environment")
    upstream.human_removes(f"{OTHER}/app.yaml")
    upstream.human_removes(SYNC)
    held = look(repository, before.head)
    assert held is not None
    assert held.head == upstream.head()
    assert held.folders == {
        FOLDER: change("mine").tree,
        "environments/main/acme/shop/pr-9-shop": change("new").tree,
    }
    assert held.syncs == {}


def test_looking_does_not_keep_a_publisher_from_noticing_a_rewritten_history(
    repository: Repository, upstream: Upstream
) -> None:
    publish(repository, lambda: [change("one")], unguarded)
    rewritten = upstream.git("commit-tree", "-m", "Shortened", "main^{tree}")
    upstream.git("update-ref", "refs/heads/main", rewritten)
    assert seen(repository).head == rewritten
    with pytest.raises(HistoryRewritten):
        publish(repository, lambda: [change("two")], unguarded)


def test_branch_without_a_commit_holds_nothing(empty_upstream: Upstream, tmp_path: Path) -> None:
    assert look(Repository(empty_upstream.remote(), tmp_path / "cache")) == Held(None, {}, {})


def test_own_refs_are_told_by_name(repository: Repository, upstream: Upstream) -> None:
    publish(repository, lambda: [followed("one"), change("two", OTHER)], unguarded)
    assert own_refs(repository) == upstream.own_refs()
    assert len(upstream.own_refs()) == 1


def test_damaged_clone_is_made_anew(repository: Repository, upstream: Upstream) -> None:
    publish(repository, lambda: [change("one")], unguarded)
    (clone,) = repository.cache.glob("*/0.git")
    for pack in clone.glob("objects/pack/*"):
        pack.unlink()
    assert seen(repository).head == upstream.head()


def test_remote_that_does_not_answer_proves_nothing(repository: Repository, upstream: Upstream) -> None:
    publish(repository, lambda: [change("one")], unguarded)
    upstream.host.fail(Fault("refuse", service="git-upload-pack", discovery=True))
    with pytest.raises(RemoteUnavailable):
        look(repository)


def test_remote_that_denies_us_proves_nothing(upstream: Upstream, tmp_path: Path) -> None:
    remote = Remote(upstream.url, "main", lambda: Credentials("ephemera", "wrong"))
    with pytest.raises(Rejected):
        look(Repository(remote, tmp_path / "cache"))
