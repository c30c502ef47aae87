"""The local clone is a cache: whatever happens to it, the next publication works."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gitops.errors import CloneUnusable
from gitops.publish import publish
from gitops.remote import Remote
from gitops.repository import Repository
from tests.gitops.upstream import FOLDER, Upstream, change, unguarded


def put(repository: Repository, content: str) -> str | None:
    """Publish the one folder, and return its commit."""
    return publish(repository, lambda: [change(content)], unguarded)[0].commit


def clone_directory(repository: Repository) -> Path:
    """Where the repository's first clone lies."""
    (directory,) = repository.cache.glob("*/0.git")
    return directory


def truncate_packs(clone: Path) -> None:
    """Lose the second half of every pack."""
    for pack in clone.glob("objects/pack/*.pack"):
        content = pack.read_bytes()
        pack.chmod(0o600)
        pack.write_bytes(content[: len(content) // 2])


def lose_objects(clone: Path) -> None:
    """Lose every object."""
    shutil.rmtree(clone / "objects" / "pack")


def spoil_head(clone: Path) -> None:
    """Name a commit that does not exist."""
    (clone / "refs/remotes/origin/tracked").write_text("1" * 40 + "\n")


def garble_head(clone: Path) -> None:
    """Write half a commit id, as a full disk does."""
    (clone / "refs/remotes/origin/tracked").write_bytes(b"\xff12")


def leave_locks(clone: Path) -> None:
    """Leave the locks of a git that was killed."""
    (clone / "refs/ephemera").mkdir(parents=True, exist_ok=True)
    (clone / "refs/ephemera/next.lock").touch()


def spoil_config(clone: Path) -> None:
    """Write nonsense into the settings."""
    (clone / "config").write_text("[core\n")


DAMAGES = [
    pytest.param(truncate_packs, marks=pytest.mark.slow),
    lose_objects,
    spoil_head,
    garble_head,
    leave_locks,
    spoil_config,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_clone_is_thrown_away_and_made_anew(
    repository: Repository, upstream: Upstream, damage: Callable[[Path], None]
) -> None:
    # git itself may go round in circles over half a pack, until it is killed.
    repository = replace(repository, timeout_seconds=5)
    put(repository, "one")
    damage(clone_directory(repository))
    assert put(repository, "two") == upstream.head()
    assert upstream.commits()[1:] == ["Update pr-7-shop"] * 2


def test_cache_that_cannot_be_written_is_the_operators_matter(upstream: Upstream, tmp_path: Path) -> None:
    repository = Repository(upstream.remote(), tmp_path / "cache")
    put(repository, "one")
    home = clone_directory(repository).parent
    shutil.rmtree(home / "0.git")
    (home / "0.new").symlink_to("/proc/nowhere")
    with pytest.raises(CloneUnusable):
        put(repository, "two")


def test_cache_that_is_no_folder_is_the_operators_matter(upstream: Upstream, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CloneUnusable, match="making room"):
        put(Repository(upstream.remote(), tmp_path / "file" / "cache"), "one")


def test_half_made_clone_of_a_killed_process_is_replaced(repository: Repository, upstream: Upstream) -> None:
    put(repository, "one")
    directory = clone_directory(repository)
    shutil.copytree(directory, directory.with_suffix(".new"))
    shutil.rmtree(directory)
    assert put(repository, "two") == upstream.head()


def test_second_publisher_on_one_machine_does_not_wait_for_a_stopped_first(
    repository: Repository, upstream: Upstream
) -> None:
    with repository.clone():
        assert put(repository, "one") == upstream.head()


def test_clone_stays_tidy_over_many_publications(repository: Repository, upstream: Upstream) -> None:
    put(repository, "first")
    first = clone_directory(repository).stat().st_ino
    for number in range(55):
        put(repository, str(number))
    assert len(list(clone_directory(repository).glob("objects/pack/*.pack"))) < 50
    assert upstream.files(FOLDER) == {f"{FOLDER}/app.yaml": "54"}
    assert clone_directory(repository).stat().st_ino == first


def test_password_is_neither_in_the_clone_nor_in_arguments(repository: Repository, upstream: Upstream) -> None:
    put(repository, "one")
    for file in clone_directory(repository).rglob("*"):
        assert not file.is_file() or upstream.host.password.encode() not in file.read_bytes()


def test_surroundings_do_not_reach_git(
    repository: Repository, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-push").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-push").chmod(0o755)
    (tmp_path / ".gitconfig").write_text(
        f"[core]\nhooksPath = {hooks}\n[url 'http://127.0.0.1:9/']\ninsteadOf = http://\n"
    )
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "foreign")], check=True)
    for name, value in {
        "HOME": tmp_path,
        "GIT_DIR": tmp_path / "foreign" / ".git",
        "GIT_NAMESPACE": "elsewhere",
    }.items():
        monkeypatch.setenv(name, str(value))
    put(repository, "one")
    for name in ("GIT_DIR", "GIT_NAMESPACE"):
        monkeypatch.delenv(name)
    assert upstream.files(FOLDER) == {f"{FOLDER}/app.yaml": "one"}


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch/x",
        "ext::sh -c touch% /tmp/x",
        "https://user:secret@host/x.git",
        "https://token@host/x.git",
        "",
    ],
)
def test_address_that_is_no_plain_address_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="environments repository's URL") as caught:
        Remote(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("branch", ["", "-x", "a..b", "a b", "a/.b", "a.lock", "a:b", "refs/heads/*", "a\nb"])
def test_branch_that_is_no_plain_name_is_refused(branch: str) -> None:
    with pytest.raises(ValueError, match="branch"):
        Remote("https://example.com/x.git", branch)
