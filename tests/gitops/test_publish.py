"""Publishing to a real Git repository over HTTP: what lies there afterwards."""

import secrets
import traceback
from pathlib import Path

import pytest

from app.demo.git_faults import Fault
from gitops.change import Change, Person
from gitops.errors import Contended, HistoryRewritten, Rejected, RemoteUnavailable
from gitops.publish import publish
from gitops.remote import Credentials, Remote
from gitops.repository import Repository
from tests.gitops.upstream import FOLDER, Upstream, change, unguarded

OTHER = "environments/main/acme/shop/pr-8-shop"


def put(repository: Repository, *changes: Change) -> list[tuple[str | None, bool]]:
    """Publish, and return (commit, changed) of each."""
    return [(each.commit, each.changed) for each in publish(repository, lambda: changes, unguarded)]


def test_change_becomes_one_commit_with_its_author_and_trailers(repository: Repository, upstream: Upstream) -> None:
    trailers = {"Environment": "pr-7-shop", "Pull-Request": "acme/shop#7", "Head-SHA": "0" * 40, "Reason": "opened"}
    assert put(repository, change("one", **trailers)) == [(upstream.head(), True)]
    assert upstream.files("environments") == {f"{FOLDER}/app.yaml": "one"}
    assert upstream.git("log", "-1", "--format=%an <%ae>, %cn", "main") == "Ada <ada@example.com>, Ephemera"
    told = upstream.git("log", "-1", "--format=%s%n%(trailers:only,unfold)", "main").splitlines()
    assert told == ["Update pr-7-shop", *(f"{name}: {value}" for name, value in trailers.items())]


def test_published_tree_is_the_one_git_computes(repository: Repository, upstream: Upstream) -> None:
    (published,) = publish(repository, lambda: [change("one")], unguarded)
    assert published.tree == upstream.git("rev-parse", f"main:{FOLDER}")


def test_many_changes_become_one_commit_each_and_one_push(repository: Repository, upstream: Upstream) -> None:
    folders = [f"environments/main/acme/shop/pr-{number}-shop" for number in range(20)]
    results = put(repository, *(change(folder, folder) for folder in folders))
    assert [commit for commit, _ in results] == upstream.git("rev-list", "--reverse", "-20", "main").splitlines()
    assert len(upstream.files("environments")) == 20
    assert upstream.pushes() == 1


def test_folder_is_replaced_whole(repository: Repository, upstream: Upstream) -> None:
    person = Person("Ada", "ada@example.com")
    put(repository, Change(FOLDER, {"a.yaml": b"1", "b.yaml": b"2"}, "Create", (), person))
    put(repository, Change(FOLDER, {"b.yaml": b"3"}, "Update", (), person))
    assert upstream.files("environments") == {f"{FOLDER}/b.yaml": "3"}


def test_removed_folder_leaves_nothing_behind_and_no_neighbour_is_touched(
    repository: Repository, upstream: Upstream
) -> None:
    put(repository, change("one"), change("two", OTHER))
    put(repository, change(None))
    assert upstream.files("environments") == {f"{OTHER}/app.yaml": "two"}
    put(repository, change(None, OTHER))
    assert upstream.git("ls-tree", "--name-only", "main") == "README.md"


def test_identical_folder_makes_no_commit_and_no_push(repository: Repository, upstream: Upstream) -> None:
    ((first, _),) = put(repository, change("one"))
    put(repository, change("two", OTHER))
    pushes = upstream.pushes()
    assert put(repository, change("one")) == [(first, False)]
    assert (len(upstream.commits()), upstream.pushes()) == (3, pushes)


def test_unchanged_ones_beside_a_change_name_the_commit_that_made_them(
    repository: Repository, upstream: Upstream
) -> None:
    ((first, _),) = put(repository, change("one"))
    assert put(repository, change("one"), change("two", OTHER)) == [(first, False), (upstream.head(), True)]


def test_removal_names_its_commit_when_asked_again_and_none_where_there_never_was_a_folder(
    repository: Repository,
) -> None:
    put(repository, change("one"))
    ((removal, _),) = put(repository, change(None))
    assert put(repository, change(None), change(None, OTHER)) == [(removal, False), (None, False)]


def test_nothing_due_asks_nobody(repository: Repository, upstream: Upstream) -> None:
    put(repository, change("one"))
    upstream.host.fail(Fault("refuse", service="git-upload-pack", discovery=True))
    assert put(repository) == []


def test_publisher_with_an_empty_cache_continues_where_another_stopped(upstream: Upstream, tmp_path: Path) -> None:
    ((first, _),) = put(Repository(upstream.remote(), tmp_path / "a"), change("one"))
    assert put(Repository(upstream.remote(), tmp_path / "b"), change("one")) == [(first, False)]


def test_human_commit_is_kept_and_the_change_lands_on_it(repository: Repository, upstream: Upstream) -> None:
    put(repository, change("one"))
    human = upstream.human_pushes("apps/prod.yaml", "precious")
    put(repository, change("two"))
    assert upstream.git("rev-parse", "main~1") == human
    assert upstream.files()["apps/prod.yaml"] == "precious"


def test_moved_branch_is_read_again_so_that_the_newest_wish_is_published(
    repository: Repository, upstream: Upstream
) -> None:
    put(repository, change("one"))
    upstream.human_pushes("README.md", "new words")
    wishes = iter(["two", "three"])
    publish(repository, lambda: [change(next(wishes))], unguarded)
    assert upstream.files(FOLDER) == {f"{FOLDER}/app.yaml": "three"}


def test_what_a_human_changed_meanwhile_is_not_taken_for_published(repository: Repository, upstream: Upstream) -> None:
    put(repository, change("one"))
    upstream.human_pushes(f"{FOLDER}/app.yaml", "mine")
    assert put(repository, change("one")) == [(upstream.head(), True)]
    assert upstream.files(FOLDER) == {f"{FOLDER}/app.yaml": "one"}


def test_branch_that_moves_under_every_try_ends_as_contended(
    repository: Repository, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitops.clone._PACK_LIMIT", 3)
    put(repository, change("one"))
    pushed: list[str] = []

    def outrun() -> None:
        pushed.append(upstream.human_pushes("README.md", str(len(pushed))))

    with pytest.raises(Contended, match="8 tries"):
        publish(repository, lambda: [change("two")], outrun)
    assert upstream.head() == pushed[-1]
    assert len(list(repository.cache.rglob("*.pack"))) <= 2, "what the tries left behind is gathered"


def test_caller_that_lost_its_lock_pushes_nothing(repository: Repository, upstream: Upstream) -> None:
    before = upstream.head()

    def refuse() -> None:
        raise PermissionError("lost the lock")

    with pytest.raises(PermissionError):
        publish(repository, lambda: [change("stale")], refuse)
    assert upstream.head() == before


def test_first_publication_makes_the_branch_of_an_empty_repository(empty_upstream: Upstream, tmp_path: Path) -> None:
    repository = Repository(empty_upstream.remote(), tmp_path / "cache")
    assert put(repository, change(None)) == [(None, False)]
    put(repository, change("one"), change("two", OTHER))
    assert empty_upstream.commits() == ["Update pr-7-shop"] * 2
    assert len(empty_upstream.files()) == 2


def test_rival_that_makes_the_branch_first_is_built_upon(empty_upstream: Upstream, tmp_path: Path) -> None:
    ours = Repository(empty_upstream.remote(), tmp_path / "a")
    put(ours, change(None))
    put(Repository(empty_upstream.remote(), tmp_path / "b"), change("theirs", OTHER))
    put(ours, change("ours"))
    assert empty_upstream.files() == {f"{FOLDER}/app.yaml": "ours", f"{OTHER}/app.yaml": "theirs"}


def test_hook_that_declines_is_told_to_the_operator_and_not_retried(repository: Repository, upstream: Upstream) -> None:
    upstream.refuse_pushes("commits need a ticket")
    with pytest.raises(Rejected, match="commits need a ticket"):
        put(repository, change("one"))
    assert upstream.pushes() == 1
    upstream.accept_pushes()
    assert put(repository, change("one")) == [(upstream.head(), True)]


def test_rewritten_history_is_told_once_and_never_overwritten(repository: Repository, upstream: Upstream) -> None:
    put(repository, change("one"))
    rewritten = upstream.git("commit-tree", "-m", "History, shortened", "main^{tree}")
    upstream.git("update-ref", "refs/heads/main", rewritten)
    with pytest.raises(HistoryRewritten, match=rewritten):
        put(repository, change("two"))
    assert upstream.head() == rewritten
    put(repository, change("two"))
    assert upstream.commits() == ["History, shortened", "Update pr-7-shop"]


def test_commits_that_somebody_took_back_do_not_return(repository: Repository, upstream: Upstream) -> None:
    put(repository, change("one"))
    put(repository, change("a password, by mistake", OTHER))
    upstream.git("update-ref", "refs/heads/main", "main~1")
    with pytest.raises(HistoryRewritten):
        put(repository, change("two"))
    put(repository, change("two"))
    assert upstream.files("environments") == {f"{FOLDER}/app.yaml": "two"}


def test_vanished_branch_is_not_made_anew(repository: Repository, upstream: Upstream) -> None:
    put(repository, change("one"))
    upstream.git("update-ref", "-d", "refs/heads/main")
    for _ in range(2):
        with pytest.raises(HistoryRewritten, match="is gone"):
            put(repository, change("two"))
    assert upstream.git("for-each-ref") == ""


def test_push_whose_answer_was_lost_makes_no_second_commit(repository: Repository, upstream: Upstream) -> None:
    put(repository, change("one"))
    upstream.host.fail(Fault("drop_answer", times=1))
    (result,) = put(repository, change("two"))
    assert result[0] == upstream.head()
    assert len(upstream.commits()) == 3


def test_remote_that_never_answers_a_push_is_unavailable_and_the_next_call_settles(
    repository: Repository, upstream: Upstream
) -> None:
    upstream.host.fail(Fault("refuse", status=503))
    with pytest.raises(RemoteUnavailable, match="503"):
        put(repository, change("one"))
    upstream.host.heal()
    assert put(repository, change("one")) == [(upstream.head(), True)]


def test_remote_that_is_down_is_unavailable(tmp_path: Path) -> None:
    repository = Repository(Remote("http://127.0.0.1:9/acme/environments.git"), tmp_path / "cache")
    with pytest.raises(RemoteUnavailable):
        put(repository, change("one"))


def test_remote_that_stands_still_is_given_up_at_the_deadline(upstream: Upstream, tmp_path: Path) -> None:
    put(Repository(upstream.remote(), tmp_path / "cache"), change("one"))
    upstream.host.fail(Fault("hold_before"))
    with pytest.raises(RemoteUnavailable, match="no end after 1 s"):
        put(Repository(upstream.remote(), tmp_path / "cache", timeout_seconds=1), change("two"))


@pytest.mark.parametrize("status", [401, 403, 404])
def test_remote_that_denies_us_is_the_operators_matter(repository: Repository, upstream: Upstream, status: int) -> None:
    upstream.host.fail(Fault("refuse", status=status, discovery=True))
    with pytest.raises(Rejected, match="credentials may write to it"):
        put(repository, change("one"))


def test_wrong_password_is_the_operators_matter_and_is_not_told(upstream: Upstream, tmp_path: Path) -> None:
    password = secrets.token_hex()
    remote = Remote(upstream.url, "main", lambda: Credentials("ephemera", password))
    with pytest.raises(Rejected, match="credentials may read it") as caught:
        put(Repository(remote, tmp_path / "cache"), change("one"))
    assert password not in "".join(traceback.format_exception(caught.value)) + repr(remote)


def test_repository_that_cannot_leave_out_file_contents_is_cloned_whole(
    repository: Repository, upstream: Upstream
) -> None:
    upstream.git("config", "uploadpack.allowFilter", "false")
    put(repository, change("one"))
    assert upstream.files(FOLDER) == {f"{FOLDER}/app.yaml": "one"}


def test_old_file_contents_are_never_fetched(upstream: Upstream, tmp_path: Path) -> None:
    put(Repository(upstream.remote(), tmp_path / "a"), change("one"))
    late = Repository(upstream.remote(), tmp_path / "b")
    put(late, change(None, OTHER))
    before = len(upstream.host.state().requests)
    put(late, change("two"))
    services = [request.service for request in upstream.host.state().requests[before:]]
    assert services == ["git-receive-pack"] * 2


def test_hostile_words_stay_words(repository: Repository, upstream: Upstream) -> None:
    hostile = "x\r\nReason: forged\n\ncommit refs/heads/main\x1b[31m \u2028 \ud83d party 😀"
    wish = Change(FOLDER, {"a.yaml": b"1"}, hostile, (("Actor", hostile),), Person("a <b>\nc", "<x@y>\n z"))
    put(repository, wish)
    assert upstream.commits()[1:] == ["x Reason: forged commit refs/heads/main [31m party 😀"]
    trailers = upstream.git("log", "-1", "--format=%(trailers:only)", "main").splitlines()
    assert trailers == ["Actor: x Reason: forged commit refs/heads/main [31m party 😀"]
    assert upstream.git("log", "-1", "--format=%an <%ae>", "main") == "a b c <x@yz>"


def test_two_wishes_for_one_folder_are_refused(repository: Repository) -> None:
    with pytest.raises(ValueError, match="two changes of one folder"):
        put(repository, change("one"), change("two"))


def test_manifests_that_connect_a_cluster_are_published_the_same_way(
    repository: Repository, upstream: Upstream
) -> None:
    put(repository, change("one"), change("root", "bootstrap/main"))
    assert upstream.files("bootstrap") == {"bootstrap/main/app.yaml": "root"}
    assert put(repository, change("root", "bootstrap/main")) == [(upstream.head(), False)]
