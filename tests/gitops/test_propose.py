"""Proposals on a real Git server: what their branches hold afterwards, whoever else was at work, and what was lost."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.demo.git_faults import Fault
from gitops.branches import Seen, look
from gitops.change import Change
from gitops.contents import read
from gitops.errors import OddContents, Rejected, RemoteUnavailable
from gitops.propose import Fate, Proposal, Proposed, propose
from gitops.publish import publish
from gitops.repository import Repository
from tests.gitops.upstream import FOLDER, Upstream, change, unguarded

NAME = "pr-7-shop"
BRANCH = f"ephemera/{NAME}"


def put(
    repository: Repository, wanted: Change | None, known: str | None = None, based_on: str | None = None
) -> Proposed:
    """Propose one change."""
    (result,) = propose(repository, lambda: [Proposal(wanted, NAME, known, based_on)], unguarded)
    return result


def branch(upstream: Upstream) -> str | None:
    """Where the branch is on the server."""
    return upstream.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{BRANCH}") or None


def seen(repository: Repository) -> Seen:
    """The branch as it can be looked at."""
    return look(repository, [NAME])[NAME]


def person_commits(upstream: Upstream, path: str, content: str, on: str = BRANCH) -> str:
    """Somebody commits to the branch by hand."""
    tree = upstream.workspace / "person"
    if not tree.exists():
        upstream.git("clone", "--quiet", upstream.url, str(tree), cwd=upstream.workspace)
    upstream.git("fetch", "--quiet", "origin", cwd=tree)
    upstream.git("checkout", "--quiet", "--detach", f"origin/{on}", cwd=tree)
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text(content)
    upstream.git("add", "--all", cwd=tree)
    upstream.git("commit", "--quiet", "--message", "By hand", cwd=tree)
    upstream.git("push", "--quiet", "origin", f"HEAD:refs/heads/{on}", cwd=tree)
    return upstream.git("rev-parse", f"refs/heads/{on}")


def test_many_proposals_are_one_commit_each_and_one_push(repository: Repository, upstream: Upstream) -> None:
    names = [f"pr-{number}-shop" for number in range(1, 41)]
    folders = {name: f"environments/main/acme/shop/{name}" for name in names}
    wanted = [Proposal(change(name, folders[name]), name, None) for name in names]
    head, before = upstream.head(), upstream.pushes()
    results = propose(repository, lambda: wanted, unguarded)
    assert {result.fate for result in results} == {Fate.PUSHED}
    assert upstream.pushes() == before + 1
    assert upstream.head() == head, "the followed branch is never pushed"
    for result in results:
        assert upstream.git("rev-parse", f"{result.commit}^") == head
        assert (
            upstream.git("show", "--format=", "--name-only", str(result.commit))
            == f"{folders[result.namespace]}/app.yaml"
        )


def test_what_is_there_already_is_left_as_it_is(repository: Repository, upstream: Upstream) -> None:
    first = put(repository, change("one"))
    pushes = upstream.pushes()
    assert put(repository, change("one"), first.commit) == replace(first, fate=Fate.UNCHANGED)
    assert put(repository, change("one"), None).fate is Fate.UNCHANGED, "as after a crash that forgot the answer"
    assert upstream.pushes() == pushes
    assert put(repository, change("two"), first.commit).fate is Fate.PUSHED


def test_lost_answer_is_found_again_as_our_own(repository: Repository, upstream: Upstream) -> None:
    upstream.host.fail(Fault("drop_answer", times=1))
    try:
        result = put(repository, change("one"))
    except RemoteUnavailable:
        result = put(repository, change("one"))
    assert result.commit == branch(upstream)
    assert result.fate in (Fate.UNCHANGED, Fate.PUSHED)


def test_what_somebody_else_did_is_never_pushed_over(repository: Repository, upstream: Upstream) -> None:
    ours = put(repository, change("one"))
    theirs = person_commits(upstream, f"{FOLDER}/app.yaml", "edited")
    assert put(repository, change("two"), ours.commit) == Proposed(NAME, Fate.MOVED, ours.base, theirs)
    assert branch(upstream) == theirs
    assert put(repository, change("two"), theirs).fate is Fate.PUSHED, "what was looked at may be replaced"


def test_branch_that_moves_during_the_push_is_left_and_the_others_go_through(
    repository: Repository, upstream: Upstream
) -> None:
    ours = put(repository, change("one"))
    other = "environments/main/acme/shop/pr-8-shop"
    wanted: Sequence[Proposal] = [
        Proposal(change("two"), NAME, ours.commit),
        Proposal(change("other", other), "pr-8-shop", None),
    ]
    results = propose(repository, lambda: wanted, lambda: _ignore(person_commits(upstream, "note.txt", "mine")))
    assert [result.fate for result in results] == [Fate.MOVED, Fate.PUSHED]


def test_newer_base_is_taken_unless_the_old_one_will_do(repository: Repository, upstream: Upstream) -> None:
    first = put(repository, change("one"))
    upstream.human_pushes("README.md", "moved on")
    assert put(repository, change("one"), first.commit, first.base).fate is Fate.UNCHANGED
    moved = put(repository, change("one"), first.commit)
    assert (moved.fate, moved.base) == (Fate.PUSHED, upstream.head())


def test_nothing_is_proposed_that_the_followed_branch_holds(repository: Repository, upstream: Upstream) -> None:
    publish(repository, lambda: [change("one")], unguarded)
    assert put(repository, change("one")).fate is Fate.NEEDLESS
    assert put(repository, change(None)).fate is Fate.PUSHED, "its removal is something else"
    assert branch(upstream) is not None
    assert upstream.git("ls-tree", BRANCH, "--", FOLDER) == ""


def test_branch_is_removed_only_where_it_was_seen(repository: Repository, upstream: Upstream) -> None:
    first = put(repository, change("one"))
    theirs = person_commits(upstream, "note.txt", "mine")
    assert put(repository, None, first.commit).fate is Fate.MOVED
    assert put(repository, None, theirs).fate is Fate.GONE
    assert branch(upstream) is None
    assert put(repository, None, None).fate is Fate.GONE


def test_empty_repository_says_what_to_do(repository: Repository, upstream: Upstream) -> None:
    upstream.git("update-ref", "-d", "refs/heads/main")
    with pytest.raises(Rejected, match="push a first one"):
        put(repository, change("one"))


@pytest.mark.parametrize("name", ["", "Pr-1", "a/b", "..", "-x", "a b", "x" * 64])
def test_name_that_is_no_environment_is_no_branch(name: str) -> None:
    with pytest.raises(ValueError, match="no environment's name"):
        Proposal(None, name, None)


def test_branch_is_seen_with_all_that_it_changes_and_who_did(repository: Repository, upstream: Upstream) -> None:
    put(repository, change("one"))
    person_commits(upstream, "stray.txt", "mine")
    found = seen(repository)
    assert set(found.contents) == {f"{FOLDER}/app.yaml", "stray.txt"}
    assert [commit.author.name for commit in found.commits] == ["Ada", "human"]
    assert not found.is_behind
    upstream.human_pushes("README.md", "moved on")
    assert seen(repository).is_behind


def test_contents_are_read_also_by_a_clone_that_never_saw_the_commit(
    repository: Repository, upstream: Upstream, tmp_path: Path
) -> None:
    put(repository, change("one"))
    theirs = person_commits(upstream, f"{FOLDER}/app.yaml", "edited")
    held = read(replace(repository, cache=tmp_path / "another"), theirs, FOLDER)
    assert held.files == {"app.yaml": b"edited"}
    assert read(repository, upstream.head(), FOLDER).files is None


def test_link_in_a_folder_is_no_environment(repository: Repository, upstream: Upstream) -> None:
    upstream.human_links(f"{FOLDER}/passwd", "/etc/passwd")
    with pytest.raises(OddContents, match="mode 120000"):
        read(repository, upstream.head(), FOLDER)


def _ignore(_: object) -> None:
    """Nothing is made of it."""
