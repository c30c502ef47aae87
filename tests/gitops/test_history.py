"""The history: all commits, whoever made them, at the level of environments, and no file fetched."""

import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.commits import import_stream
from gitops.errors import CloneUnusable, UnknownRevision
from gitops.history import reading, walk
from gitops.logged import FORMAT, OPTIONS, Commit, Touched, commits_of, trailers_of
from gitops.publish import publish
from gitops.repository import Repository
from gitops.tree import blob_id, tree_id
from tests.gitops.upstream import FOLDER, Upstream, change, followed, unguarded

ONE, TWO = tree_id({"app.yaml": b"one"}), tree_id({"app.yaml": b"two"})


def put(repository: Repository, content: str | None, **trailers: str) -> str:
    """Publish the one folder, and return its commit."""
    commit = publish(repository, lambda: [change(content, **trailers)], unguarded)[0].commit
    assert commit is not None
    return commit


def ids(commits: Iterable[Commit]) -> list[str]:
    """Of the commits, in their order."""
    return [commit.sha for commit in commits]


def test_every_commit_is_told_oldest_first(repository: Repository, upstream: Upstream) -> None:
    first = upstream.head()
    one = put(repository, "one", Environment="pr-7-shop", Actor="ada")
    human = upstream.human_pushes("docs/a.md", "hi")
    gone = put(repository, None)
    told = list(walk(repository))
    assert ids(told) == [first, one, human, gone]
    assert [commit.changes for commit in told[1:]] == [
        (Touched(FOLDER, None, ONE),),
        (Touched("docs/a.md", None, blob_id(b"hi")),),
        (Touched(FOLDER, ONE, None),),
    ]
    assert told[1].trailers == (("Environment", "pr-7-shop"), ("Actor", "ada"))
    assert (told[2].author.name, told[2].subject) == ("human", "Human: docs/a.md")
    assert ids(walk(repository, one[:12])) == [human, gone]


def test_file_beside_a_folder_is_told_by_itself(repository: Repository) -> None:
    publish(repository, lambda: [followed("one", sync="sync")], unguarded)
    *_, last = walk(repository)
    assert last.changes == (
        Touched(FOLDER, None, ONE),
        Touched("syncs/main/pr-7-shop.yaml", None, blob_id(b"sync")),
    )


def test_changed_byte_deep_in_a_folder_is_the_folders(repository: Repository, upstream: Upstream) -> None:
    put(repository, "one")
    upstream.human_pushes(f"{FOLDER}/app.yaml", "two")
    *_, last = walk(repository)
    assert last.changes == (Touched(FOLDER, ONE, TWO),)


def test_link_in_the_place_of_a_folder_is_no_folder(repository: Repository, upstream: Upstream) -> None:
    upstream.human_links(FOLDER, "elsewhere")
    upstream.human_links("syncs/main/pr-7-shop.yaml", "elsewhere")
    *_, folder, sync = walk(repository)
    wanted = f"120000 {blob_id(b'elsewhere')}"
    assert folder.changes == (Touched(FOLDER, None, wanted),)
    assert sync.changes == (Touched("syncs/main/pr-7-shop.yaml", None, wanted),)


def test_merge_tells_only_what_is_in_neither_parent(repository: Repository, upstream: Upstream, tmp_path: Path) -> None:
    base = put(repository, "one")
    work = tmp_path / "work"
    upstream.git("clone", "--quiet", upstream.url, str(work), cwd=tmp_path)
    upstream.git("checkout", "--quiet", "-b", "side", cwd=work)
    commit(upstream, work, f"{FOLDER}/side.yaml", "x")
    upstream.git("checkout", "--quiet", "main", cwd=work)
    commit(upstream, work, "docs/a.md", "x")
    upstream.git("merge", "--quiet", "--no-edit", "side", cwd=work)
    upstream.git("checkout", "--quiet", "-b", "evil", "HEAD~1", cwd=work)
    commit(upstream, work, "docs/b.md", "x")
    upstream.git("checkout", "--quiet", "main", cwd=work)
    upstream.git("merge", "--quiet", "--no-commit", "--no-ff", "evil", cwd=work)
    commit(upstream, work, f"{FOLDER}/evil.yaml", "x")
    upstream.git("push", "--quiet", "origin", "main", cwd=work)
    told = list(walk(repository, base))
    assert len(told) == 5
    clean, evil = [each for each in told if each.is_merge]
    assert clean.changes == ()
    assert [touched.path for touched in evil.changes] == [FOLDER]
    seen = set(ids(walk(repository)))
    for each in told:
        assert set(each.parents) <= seen


def test_no_file_is_fetched(repository: Repository, upstream: Upstream) -> None:
    upstream.git("config", "uploadpack.allowFilter", "true")
    for n in range(5):
        upstream.human_pushes(f"{FOLDER}/app.yaml", f"{n}")
    with reading(repository) as history:
        start = len(upstream.host.state().requests)
        assert len(list(history.walk(with_signatures=True))) == 6
        assert upstream.asked(start) == []


@pytest.mark.parametrize("revision", ["main", "HEAD", "--all", "^abcd", "0" * 40, "abc"])
def test_revision_that_is_none_says_so(repository: Repository, revision: str) -> None:
    put(repository, "one")
    with pytest.raises(UnknownRevision, match="commit"):
        list(walk(repository, revision))


def test_commit_that_was_taken_out_of_the_history_is_none_of_it(repository: Repository, upstream: Upstream) -> None:
    lost = put(repository, "one")
    upstream.git("update-ref", "refs/heads/main", f"{lost}~1")
    with pytest.raises(UnknownRevision):
        list(walk(repository, lost))


def test_repository_without_the_branch_has_no_history(empty_upstream: Upstream, tmp_path: Path) -> None:
    with reading(Repository(empty_upstream.remote(), tmp_path / "cache")) as history:
        assert (history.head, history.ids(), list(history.walk())) == (None, [], [])


def test_broken_clone_is_thrown_away_and_the_next_look_works(repository: Repository) -> None:
    commit = put(repository, "one")
    with pytest.raises(CloneUnusable, match="try again"):
        read_while_it_breaks(repository)
    assert ids(walk(repository))[-1] == commit


def test_history_longer_than_one_question_is_told_whole(repository: Repository, upstream: Upstream) -> None:
    made = [put(repository, f"{n}") for n in range(4)]
    with reading(repository) as history:
        assert ids(replace(history, at_once=2).walk())[1:] == made


@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=4), st.text(max_size=60))
def test_trailers_that_we_write_are_read_as_they_were_meant(values: list[tuple[str, str]], subject: str) -> None:
    """Whatever a name or a reason holds, it makes no trailer of another name."""
    names = [f"Name-{n}" for n in range(len(values))]
    made = change(
        "one", subject=f"S {subject}", **{name: value for name, (_, value) in zip(names, values, strict=True)}
    )
    stream = import_stream(None, [made])
    message = stream.split(b"\ndata ", 1)[1].split(b"\n", 1)[1].split(b"\nD environments", 1)[0].decode()
    assert [name for name, _ in trailers_of(message)] == names


@pytest.mark.parametrize(
    ("message", "trailers"),
    [
        ("Subject: no trailer\n", ()),
        ("S\n\nActor: ada\n\nwords\n", ()),
        ("S\n\nwords\n\nActor: ada\n more\nActor: eve\n", (("Actor", "ada more"), ("Actor", "eve"))),
        ("S\n\nwords\nActor: ada\n", (("Actor", "ada"),)),
        ("", ()),
    ],
)
def test_trailers_are_those_of_the_last_paragraph(message: str, trailers: tuple[tuple[str, str], ...]) -> None:
    assert trailers_of(message) == trailers


@given(path=st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=20))
def test_message_and_path_are_never_taken_for_something_else(path: str) -> None:
    sha, odd = "a" * 40, ":100644 100644 " + "b" * 40 + " " + "c" * 40 + " M"
    fields = ["", sha, "", odd, odd, sha, "", "0", f"{odd}\n\n{sha}"]
    meta = f":000000 100644 {'0' * 40} {'d' * 40} A"
    one = "\0".join([*fields, f"\n{meta}", path, "\n" + meta, odd])
    first, second = commits_of(f"{one}\0{one}".encode())
    assert first == second
    assert first.changes == tuple(Touched(name, None, "d" * 40) for name in dict.fromkeys([path, odd]))


def test_format_and_options_are_what_git_takes(upstream: Upstream) -> None:
    command = ["git", "-C", str(upstream.path), "log", *OPTIONS, f"--format={FORMAT}", "main"]
    (only,) = commits_of(subprocess.run(command, capture_output=True, check=True).stdout)
    assert only.sha == upstream.head()


def read_while_it_breaks(repository: Repository) -> None:
    """Its clone loses all objects between the fetch and the reading."""
    with reading(repository) as history:
        for pack in repository.cache.glob("*/0.git/objects/pack/*.pack"):
            pack.unlink()
        list(history.walk())


def commit(upstream: Upstream, work: Path, path: str, content: str) -> None:
    """A person commits a file in a work tree."""
    (work / path).parent.mkdir(parents=True, exist_ok=True)
    (work / path).write_text(content)
    upstream.git("add", "--all", cwd=work)
    upstream.git("commit", "--quiet", "--message", path, cwd=work)
