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
from gitops.remote import USUAL_REFS
from gitops.repository import Repository
from tests.gitops.upstream import FOLDER, Upstream, change, followed, unguarded

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
    names = [f"pr-{number}-shop" for number in range(200)]
    folders = {name: f"environments/main/acme/shop/{name}" for name in names}
    wanted = [Proposal(change(name, folders[name]), name, None) for name in names]
    head, before = upstream.head(), upstream.pushes()
    results = propose(repository, lambda: wanted, unguarded)
    assert {result.fate for result in results} == {Fate.PUSHED}
    assert upstream.pushes() == before + 1
    assert upstream.head() == head, "the followed branch is never pushed"
    commits = [str(result.commit) for result in results]
    told = upstream.git("show", "--format=%P", "--name-only", *commits).split()
    assert told == [word for name in names for word in (head, f"{folders[name]}/app.yaml")]
    again = [replace(each, known=commit) for each, commit in zip(wanted, commits, strict=True)]
    assert {result.fate for result in propose(repository, lambda: again, unguarded)} == {Fate.UNCHANGED}
    assert upstream.pushes() == before + 1


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
    assert results[0].commit == branch(upstream), "so that it can be looked at"


@pytest.mark.slow
def test_branch_that_vanishes_during_the_push_is_gone(repository: Repository, upstream: Upstream) -> None:
    ours = put(repository, change("one"))

    def vanish() -> None:
        upstream.git("update-ref", "-d", f"refs/heads/{BRANCH}")

    (result,) = propose(repository, lambda: [Proposal(None, NAME, ours.commit)], vanish)
    assert result == Proposed(NAME, Fate.GONE)


def test_two_clones_that_push_at_once_make_one_branch(
    repository: Repository, upstream: Upstream, tmp_path: Path
) -> None:
    other = replace(repository, cache=tmp_path / "other")
    winners: list[Proposed] = []
    proposals = [Proposal(change("mine"), NAME, None)]
    (lost,) = propose(repository, lambda: proposals, lambda: winners.append(put(other, change("theirs"))))
    assert (winners[0].fate, lost.fate) == (Fate.PUSHED, Fate.MOVED)
    assert lost.commit == winners[0].commit == branch(upstream)


def test_branch_that_the_host_refuses_is_told_and_the_others_go_through(
    repository: Repository, upstream: Upstream
) -> None:
    hook = upstream.path / "hooks" / "update"
    hook.write_text(f"#!/bin/sh\n[ $1 != refs/heads/{BRANCH} ] || {{ echo 'not this one' >&2; exit 1; }}\n")
    hook.chmod(0o755)
    other = Proposal(change("other", "environments/main/acme/shop/pr-8-shop"), "pr-8-shop", None)
    results = propose(repository, lambda: [Proposal(change("one"), NAME, None), other], unguarded)
    assert [result.fate for result in results] == [Fate.REFUSED, Fate.PUSHED]
    assert "hook declined" in results[0].words
    assert branch(upstream) is None


def test_newer_base_is_taken_unless_the_old_one_will_do(repository: Repository, upstream: Upstream) -> None:
    first = put(repository, change("one"))
    upstream.human_pushes("README.md", "moved on")
    assert put(repository, change("one"), first.commit, first.base).fate is Fate.UNCHANGED
    moved = put(repository, change("one"), first.commit)
    assert (moved.fate, moved.base) == (Fate.PUSHED, upstream.head())


def test_base_that_the_followed_branch_lost_will_not_do(
    repository: Repository, upstream: Upstream, tmp_path: Path
) -> None:
    lost = upstream.human_pushes("README.md", "a mistake")
    first = put(repository, change("one"))
    assert first.base == lost
    upstream.git("update-ref", "refs/heads/main", f"{lost}^")
    moved = put(repository, change("one"), first.commit, lost)
    assert (moved.fate, moved.base) == (Fate.PUSHED, upstream.head())
    elsewhere = replace(repository, cache=tmp_path / "elsewhere")
    assert put(elsewhere, change("two"), moved.commit, "1" * 40).base == upstream.head(), "also one nobody knows"


@pytest.mark.slow
def test_base_that_will_do_is_kept_for_another_change(repository: Repository, upstream: Upstream) -> None:
    first = put(repository, change("one"))
    upstream.human_pushes("README.md", "moved on")
    second = put(repository, change("two"), first.commit, first.base)
    assert (second.fate, second.base) == (Fate.PUSHED, first.base)
    assert upstream.git("rev-parse", f"{BRANCH}^") == first.base


@pytest.mark.slow
def test_merged_branch_is_not_taken_for_an_open_proposal(repository: Repository, upstream: Upstream) -> None:
    first = put(repository, change("one"))
    upstream.git("update-ref", "refs/heads/main", str(first.commit))
    upstream.human_removes(f"{FOLDER}/app.yaml")
    again = put(repository, change("one"), first.commit, first.base)
    assert (again.fate, again.base) == (Fate.PUSHED, upstream.head())


@pytest.mark.slow
@pytest.mark.parametrize("odd", ["link", "stray", "stray removal", "words"])
def test_commit_that_only_resembles_ours_is_somebody_elses(
    repository: Repository, upstream: Upstream, odd: str
) -> None:
    ours = put(repository, followed("one", sync="sync", follows_ref=False))
    tree = upstream.workspace / "resembling"
    upstream.git("clone", "--quiet", "--branch", BRANCH, upstream.url, str(tree), cwd=upstream.workspace)
    match odd:
        case "link":
            (beside := tree / "syncs/main/pr-7-shop.yaml").unlink()
            beside.symlink_to("sync")  # the same blob
        case "stray":
            (tree / "stray.txt").touch()
        case "stray removal":
            (tree / "README.md").unlink()
    upstream.git("add", "--all", cwd=tree)
    words = ["--message", "Mine"] if odd == "words" else ["--no-edit"]
    upstream.git("commit", "--quiet", "--amend", *words, cwd=tree)
    upstream.git("push", "--quiet", "--force", "origin", BRANCH, cwd=tree)
    wanted = followed("one", sync="sync", follows_ref=False)
    assert put(repository, wanted, ours.commit).fate is Fate.MOVED
    replaced = put(repository, wanted, branch(upstream))
    assert (replaced.fate, replaced.base) == (Fate.PUSHED, ours.base), "and is replaced once it was looked at"


@pytest.mark.slow
def test_file_that_keeps_the_folder_is_part_of_ours(repository: Repository, upstream: Upstream) -> None:
    wanted = replace(followed("one", sync="sync", follows_ref=False), keep=b"kept")
    ours = put(repository, wanted)
    assert put(repository, wanted).fate is Fate.UNCHANGED
    assert put(repository, replace(wanted, keep=b"other")).fate is Fate.MOVED
    assert branch(upstream) == ours.commit


@pytest.mark.slow
def test_clone_stays_tidy_over_many_proposals(repository: Repository) -> None:
    known = None
    for number in range(55):
        known = put(repository, change(str(number)), known).commit
    (home,) = repository.cache.glob("*/0.git")
    assert len(list(home.glob("objects/pack/*.pack"))) <= 51


@pytest.mark.slow
def test_proposing_leaves_what_a_publisher_knows(repository: Repository, upstream: Upstream) -> None:
    with repository.clone() as clone:
        known = clone.head()
    upstream.human_pushes("README.md", "moved on")
    put(repository, change("one"))
    with repository.clone() as clone:
        assert clone.head() == known != upstream.head()


@pytest.mark.parametrize(("branch", "refs"), [("ephemera/main", USUAL_REFS), ("main", "refs/heads/ephemera/")])
def test_other_branches_must_not_lie_among_proposals(
    repository: Repository, upstream: Upstream, branch: str, refs: str
) -> None:
    remote = replace(upstream.remote(), branch=branch, environment_refs=refs)
    with pytest.raises(Rejected, match="must not begin with refs/heads/ephemera/"):
        put(replace(repository, remote=remote), change("one"))


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


def test_two_proposals_for_one_environment_are_a_bug(repository: Repository) -> None:
    twice = [Proposal(change("one"), NAME, None), Proposal(None, NAME, None)]
    with pytest.raises(ValueError, match="two proposals"):
        propose(repository, lambda: twice, unguarded)


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
