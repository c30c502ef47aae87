"""Branches of proposals, as anybody may have made them."""

import subprocess

import pytest

from gitops.branches import look
from gitops.propose import Proposal, propose
from gitops.repository import Repository
from tests.gitops.upstream import FOLDER, Upstream, change, unguarded

NAME = "pr-7-shop"
REF = f"refs/heads/ephemera/{NAME}"


def commit(upstream: Upstream, *parents: str, **files: str) -> str:
    """A commit on the server of just these files; not on any branch."""
    blobs = [f"100644 blob {_hashed(upstream, 'blob', text)}\t{name}\n" for name, text in sorted(files.items())]
    options = [option for parent in parents for option in ("-p", parent)]
    return upstream.git("commit-tree", _told(upstream, "".join(blobs), "mktree"), *options, "-m", "By hand")


def _hashed(upstream: Upstream, kind: str, content: str) -> str:
    return _told(upstream, content, "hash-object", "-w", "--literally", "-t", kind, "--stdin")


def _told(upstream: Upstream, words: str, *arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=upstream.path, input=words.encode(), capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_branch_without_common_history_shows_all_that_it_holds(repository: Repository, upstream: Upstream) -> None:
    one, two = commit(upstream, note="1"), commit(upstream, note="2", other="2")
    upstream.git("update-ref", REF, commit(upstream, one, two, note="1", other="2"))
    seen = look(repository, [NAME])[NAME]
    assert (seen.base, seen.is_behind, set(seen.contents)) == (None, True, {"note", "other"})
    assert len(seen.commits) == 3


def test_branch_that_took_in_the_followed_one_shows_only_its_own(repository: Repository, upstream: Upstream) -> None:
    propose(repository, lambda: [Proposal(change("one"), NAME, None)], unguarded)
    head = upstream.human_pushes("README.md", "moved on")
    tree = upstream.git("merge-tree", "--write-tree", REF, "main")
    upstream.git("update-ref", REF, upstream.git("commit-tree", tree, "-p", REF, "-p", "main", "-m", "Update branch"))
    seen = look(repository, [NAME])[NAME]
    assert (seen.base, seen.is_behind, set(seen.contents)) == (head, False, {f"{FOLDER}/app.yaml"})


def test_removed_file_has_no_id(repository: Repository, upstream: Upstream) -> None:
    upstream.git("update-ref", REF, commit(upstream, upstream.head(), note="1"))
    contents = look(repository, [NAME])[NAME].contents
    assert contents["README.md"] is None
    assert contents["note"] is not None


@pytest.mark.parametrize("text", ["cut\0off", "%x00%H\n\n:100644"])
def test_words_of_a_commit_are_never_taken_for_something_else(
    repository: Repository, upstream: Upstream, text: str
) -> None:
    raw = upstream.git("cat-file", "commit", commit(upstream, upstream.head(), note="1")).replace("By hand", text)
    upstream.git("update-ref", REF, _hashed(upstream, "commit", raw))
    (found,) = look(repository, [NAME])[NAME].commits
    assert (found.message, found.author.name) == (text.partition("\0")[0], "human")


def test_only_branches_that_exist_are_seen_and_forgotten_when_they_go(
    repository: Repository, upstream: Upstream
) -> None:
    upstream.git("update-ref", REF, upstream.head())
    assert set(look(repository, [NAME, "pr-8-shop"])) == {NAME}
    upstream.git("update-ref", "-d", REF)
    assert look(repository, [NAME]) == {}
    (home,) = repository.cache.glob("*/0.git")
    assert not (home / "refs/remotes/origin/proposed" / NAME).exists()


def test_branches_are_asked_for_once_and_fetched_once(repository: Repository, upstream: Upstream) -> None:
    look(repository, [NAME])
    for name in ("pr-7-shop", "pr-8-shop", "pr-9-shop"):
        upstream.git("update-ref", f"refs/heads/ephemera/{name}", commit(upstream, upstream.head(), note=name))
    start = len(upstream.host.state().requests)
    assert len(look(repository, ["pr-7-shop", "pr-8-shop", "pr-9-shop"])) == 3
    # Each asks for the refs; a fetch then asks for what it wants.
    assert upstream.asked(start) == ["git-upload-pack"] * 3
