"""Each environment's own ref names the commit that changed it last, moves with the branch or not at all, and heals."""

from pathlib import Path

import pytest

from app.demo.git_faults import Fault
from gitops.change import Change
from gitops.errors import HistoryRewritten, RefsRefused, Rejected, RemoteUnavailable
from gitops.publish import publish
from gitops.remote import BRANCH_REFS, USUAL_REFS, Remote
from gitops.repository import Repository
from tests.gitops.upstream import FOLDER, Upstream, change, followed, unguarded

NAME = "pr-7-shop"
REF = f"{USUAL_REFS}{NAME}"
OTHER_NAME = "pr-8-shop"
OTHER = f"environments/main/acme/shop/{OTHER_NAME}"


def put(repository: Repository, *changes: Change) -> list[tuple[str | None, bool, bool]]:
    """Publish, and return (commit, changed, moved) of each."""
    return [(each.commit, each.changed, each.moved) for each in publish(repository, lambda: changes, unguarded)]


@pytest.mark.parametrize("prefix", [USUAL_REFS, BRANCH_REFS])
def test_each_ref_is_at_its_environments_own_commit_after_one_push(
    upstream: Upstream, tmp_path: Path, prefix: str
) -> None:
    repository = Repository(upstream.remote(prefix), tmp_path / "cache")
    (first, *_), (second, *_) = put(repository, followed("one"), followed("two", OTHER))
    assert upstream.own_refs(prefix) == {NAME: first, OTHER_NAME: second}
    assert second == upstream.head()
    (third, *_) = put(repository, followed("three"))[0]
    assert upstream.own_refs(prefix) == {NAME: third, OTHER_NAME: second}
    assert upstream.pushes() == 2


def test_one_changed_environment_costs_one_push_and_no_question(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one"))
    start = len(upstream.host.state().requests)
    put(repository, followed("two"))
    assert upstream.asked(start) == ["git-receive-pack"]


def test_environment_that_follows_the_branch_has_no_ref(repository: Repository, upstream: Upstream) -> None:
    assert [moved for *_, moved in put(repository, change("one"), followed("two", OTHER))] == [False, True]
    assert list(upstream.own_refs()) == [OTHER_NAME]


def test_ref_goes_with_its_environment(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one"), followed("two", OTHER))
    ((commit, *_),) = put(repository, followed(None))
    assert commit == upstream.head()
    assert list(upstream.own_refs()) == [OTHER_NAME]


def test_removal_does_not_mind_that_its_ref_is_gone_already(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one"))
    upstream.git("update-ref", "-d", REF)
    put(repository, followed(None))
    assert upstream.files("environments") == upstream.own_refs() == {}


def test_unchanged_environment_with_its_ref_in_place_is_asked_for_once_and_not_pushed(
    repository: Repository, upstream: Upstream
) -> None:
    ((commit, *_),) = put(repository, followed("one"))
    start = len(upstream.host.state().requests)
    assert put(repository, followed("one")) == [(commit, False, False)]
    assert upstream.asked(start) == ["git-upload-pack"]


@pytest.mark.parametrize("left_at", [None, "main~2"], ids=["deleted", "moved"])
def test_ref_that_was_changed_by_hand_is_put_back_without_a_commit(
    repository: Repository, upstream: Upstream, left_at: str | None
) -> None:
    ((commit, *_),) = put(repository, followed("one"))
    put(repository, followed("two", OTHER))
    upstream.git("update-ref", *([REF, left_at] if left_at else ["-d", REF]))
    head = upstream.head()
    assert put(repository, followed("one"), followed("two", OTHER)) == [(commit, False, True), (head, False, False)]
    assert (upstream.own_refs(), upstream.head()) == ({NAME: commit, OTHER_NAME: head}, head)


def test_ref_that_points_elsewhere_entirely_is_moved_all_the_same(repository: Repository, upstream: Upstream) -> None:
    stray = upstream.git("commit-tree", "-m", "Somebody's", "main^{tree}")
    upstream.git("update-ref", REF, stray)
    put(repository, followed("one"))
    upstream.git("update-ref", REF, stray)
    put(repository, followed("one"))
    assert upstream.own_refs() == {NAME: upstream.head()}


def test_environment_whose_syncer_was_switched_gets_its_ref_without_a_commit(
    repository: Repository, upstream: Upstream
) -> None:
    ((commit, *_),) = put(repository, change("one"))
    assert put(repository, followed("one")) == [(commit, False, True)]
    assert upstream.own_refs() == {NAME: commit}


def test_ref_left_behind_by_a_removed_environment_is_removed(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one"))
    put(repository, change(None))
    assert list(upstream.own_refs()) == [NAME]
    ((_, changed, moved),) = put(repository, followed(None))
    assert (changed, moved) == (False, True)
    assert upstream.own_refs() == {}


def test_ref_left_in_a_repository_without_a_branch_is_removed(
    repository: Repository, empty_upstream: Upstream, tmp_path: Path
) -> None:
    stray = empty_upstream.git("commit-tree", "-m", "Somebody's", empty_upstream.git("write-tree"))
    empty_upstream.git("update-ref", REF, stray)
    empty = Repository(empty_upstream.remote(), tmp_path / "empty")
    assert put(empty, followed(None)) == [(None, False, True)]
    assert empty_upstream.git("for-each-ref") == ""


def test_mended_refs_and_new_commits_go_in_one_push(repository: Repository, upstream: Upstream) -> None:
    ((commit, *_),) = put(repository, followed("one"))
    upstream.git("update-ref", "-d", REF)
    put(repository, followed("one"), followed("two", OTHER))
    assert upstream.own_refs() == {NAME: commit, OTHER_NAME: upstream.head()}
    assert upstream.pushes() == 2


def test_branch_that_moved_before_a_ref_is_mended_is_looked_at_again(
    repository: Repository, upstream: Upstream
) -> None:
    put(repository, followed("one"))
    upstream.git("update-ref", "-d", REF)
    humans = iter([f"{FOLDER}/app.yaml"])

    def outrun() -> None:
        for path in humans:
            upstream.human_pushes(path, "mine")

    ((commit, changed, _),) = publish_with(repository, outrun)
    assert (commit, changed) == (upstream.head(), True)
    assert upstream.own_refs() == {NAME: commit}
    assert upstream.files(FOLDER) == {f"{FOLDER}/app.yaml": "one"}


def publish_with(repository: Repository, guard: object) -> list[tuple[str | None, bool, bool]]:
    """Publish the one environment with this guard."""
    assert callable(guard)
    return [(each.commit, each.changed, each.moved) for each in publish(repository, lambda: [followed("one")], guard)]


def test_human_who_was_first_moves_the_branch_and_the_ref_follows_ours(
    repository: Repository, upstream: Upstream
) -> None:
    put(repository, followed("one"))
    human = upstream.human_pushes("apps/prod.yaml", "precious")
    put(repository, followed("two"))
    assert upstream.git("rev-parse", f"{REF}~1") == human
    assert upstream.own_refs() == {NAME: upstream.head()}


def test_rewritten_history_is_told_and_no_ref_moves(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one"))
    before = upstream.own_refs()
    upstream.git("update-ref", "refs/heads/main", upstream.git("commit-tree", "-m", "Shortened", "main^{tree}"))
    with pytest.raises(HistoryRewritten):
        put(repository, followed("two"))
    assert upstream.own_refs() == before


def test_host_that_refuses_such_refs_is_told_apart_and_the_branch_has_not_moved(
    repository: Repository, upstream: Upstream
) -> None:
    put(repository, change("one"))
    head = upstream.head()
    upstream.refuse_refs(USUAL_REFS, "branches and tags only")
    for wish in (followed("two"), followed("one")):
        with pytest.raises(RefsRefused, match=rf"refs under {USUAL_REFS}: .*branches and tags only.*{BRANCH_REFS}"):
            put(repository, wish)
    assert (upstream.head(), upstream.own_refs()) == (head, {})
    put(repository, change("three"))
    assert upstream.head() != head


def test_host_that_refuses_such_refs_from_the_first_publication_on_gets_no_branch(
    empty_upstream: Upstream, tmp_path: Path
) -> None:
    empty_upstream.refuse_refs(USUAL_REFS, "branches and tags only")
    with pytest.raises(RefsRefused):
        put(Repository(empty_upstream.remote(), tmp_path / "cache"), followed("one"))
    assert empty_upstream.git("for-each-ref") == ""


def test_host_that_refuses_the_branch_alone_is_not_taken_for_one_that_refuses_refs(
    repository: Repository, upstream: Upstream
) -> None:
    upstream.refuse_refs("refs/heads/main", "main is protected")
    with pytest.raises(Rejected, match=r"it refuses main: .*main is protected") as caught:
        put(repository, followed("one"))
    assert not isinstance(caught.value, RefsRefused)
    assert upstream.own_refs() == {}


def test_advice_for_a_host_that_refuses_the_other_prefix_does_not_name_it_again(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.refuse_refs(BRANCH_REFS, "no")
    with pytest.raises(RefsRefused, match=r"have them allowed$"):
        put(Repository(upstream.remote(BRANCH_REFS), tmp_path / "cache"), followed("one"))


def test_push_whose_answer_was_lost_is_not_made_again(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one"))
    upstream.host.fail(Fault("drop_answer", times=1))
    ((commit, *_),) = put(repository, followed("two"))
    assert upstream.own_refs() == {NAME: commit} == {NAME: upstream.head()}
    assert (len(upstream.commits()), upstream.pushes()) == (3, 2)


def test_push_that_never_arrived_leaves_branch_and_ref_where_they_were(
    repository: Repository, upstream: Upstream
) -> None:
    put(repository, followed("one"))
    before = (upstream.head(), upstream.own_refs())
    upstream.host.fail(Fault("refuse", status=503))
    with pytest.raises(RemoteUnavailable):
        put(repository, followed("two"))
    assert (upstream.head(), upstream.own_refs()) == before


def test_caller_that_lost_its_lock_mends_nothing(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one"))
    upstream.git("update-ref", "-d", REF)

    def refuse() -> None:
        raise PermissionError("lost the lock")

    with pytest.raises(PermissionError):
        publish_with(repository, refuse)
    assert upstream.own_refs() == {}


def test_names_of_environments_are_in_no_argument(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one"))
    (file,) = repository.cache.glob("*/0.git/refspecs")
    assert f":{REF}\n" in file.read_text()


def test_two_environments_of_one_name_are_refused(repository: Repository) -> None:
    with pytest.raises(ValueError, match="two environments of one name"):
        put(repository, followed("one"), followed("one", f"environments/other/acme/shop/{NAME}"))


@pytest.mark.parametrize("prefix", ["refs/environments/", "refs/heads/environments/", "refs/heads/a/b-c/", "refs/x/y/"])
def test_prefix_for_refs_may_lie_anywhere_that_is_free(prefix: str) -> None:
    assert Remote("https://example.com/x.git", environment_refs=prefix).own_ref("pr-7") == f"{prefix}pr-7"


@pytest.mark.parametrize(
    "prefix",
    [
        *["", "refs/", "refs//", "refs/environments", "environments/", "/refs/environments/", "refs/environments//"],
        *[
            "refs/heads/",
            "refs/heads/release/",
            "refs/heads/release/main/",
            "refs/tags/environments/",
            "refs/remotes/origin/",
        ],
        *[
            "refs/pull/",
            "refs/replace/",
            "refs/*/",
            "refs/../x/",
            "refs/x.lock/",
            "refs/-x y/",
            "refs/x:y/",
            "refs/x\n/",
        ],
    ],
)
def test_prefix_for_refs_that_could_reach_other_refs_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="own refs"):
        Remote("https://example.com/x.git", "release/main", environment_refs=prefix)
