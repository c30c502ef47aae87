"""Whether an environments repository can be used is found out without a trace."""

from pathlib import Path

import pytest

from app.demo.git_faults import Fault
from gitops.errors import HistoryRewritten, RefsRefused, Rejected
from gitops.probe import probe
from gitops.publish import publish
from gitops.remote import USUAL_REFS
from gitops.repository import Repository
from tests.gitops.upstream import Upstream, change, unguarded


@pytest.mark.parametrize("with_refs", [False, True])
def test_usable_repository_is_left_as_it_was(repository: Repository, upstream: Upstream, with_refs: bool) -> None:
    before = upstream.git("for-each-ref")
    assert probe(repository, with_refs=with_refs) == upstream.head()
    assert upstream.git("for-each-ref") == before


def test_nothing_is_pushed_where_no_refs_are_wanted(repository: Repository, upstream: Upstream) -> None:
    probe(repository)
    assert upstream.pushes() == 0


def test_host_that_refuses_own_refs_is_told(repository: Repository, upstream: Upstream) -> None:
    upstream.refuse_refs(USUAL_REFS, "branches and tags only")
    with pytest.raises(RefsRefused, match="branches and tags only"):
        probe(repository, with_refs=True)
    assert probe(repository) == upstream.head()


def test_host_that_lets_no_ref_be_removed_is_told(upstream: Upstream, tmp_path: Path) -> None:
    prefix = "refs/heads/environments/"
    upstream.git("config", "receive.denyDeletes", "true")
    with pytest.raises(RefsRefused, match="that we remove refs"):
        probe(Repository(upstream.remote(prefix), tmp_path / "cache"), with_refs=True)


def test_scratch_ref_of_a_check_that_was_killed_is_in_nobodys_way(repository: Repository, upstream: Upstream) -> None:
    stray = upstream.git("commit-tree", "-m", "Somebody's", "main^{tree}")
    upstream.git("update-ref", f"{USUAL_REFS}ephemera-check", stray)
    probe(repository, with_refs=True)
    assert upstream.own_refs() == {}


def test_repository_without_a_commit_is_usable_and_gets_none(empty_upstream: Upstream, tmp_path: Path) -> None:
    assert probe(Repository(empty_upstream.remote(), tmp_path / "cache"), with_refs=True) is None
    assert empty_upstream.git("for-each-ref") == ""


def test_repository_that_may_only_be_read_is_told(repository: Repository, upstream: Upstream) -> None:
    upstream.host.fail(Fault("refuse", status=403, discovery=True))
    with pytest.raises(Rejected, match="grant write access"):
        probe(repository, with_refs=True)


def test_probing_does_not_keep_a_publisher_from_noticing_a_rewritten_history(
    repository: Repository, upstream: Upstream
) -> None:
    publish(repository, lambda: [change("one")], unguarded)
    upstream.git("update-ref", "refs/heads/main", upstream.git("commit-tree", "-m", "Shortened", "main^{tree}"))
    probe(repository)
    with pytest.raises(HistoryRewritten):
        publish(repository, lambda: [change("two")], unguarded)
