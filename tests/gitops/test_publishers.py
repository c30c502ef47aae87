"""Publishers in processes of their own: many at once, and killed in the middle."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from app.demo.git_faults import Fault
from app.demo.ports import wait_until
from gitops.publish import publish
from gitops.repository import Repository
from tests.gitops.upstream import FOLDER, Upstream, followed, unguarded

PUBLISHERS = 20


@contextmanager
def publisher(
    upstream: Upstream, cache: Path, folder: str, content: str, **more: str
) -> Iterator[subprocess.Popen[str]]:
    """A running publisher; killed on leaving, if it still runs."""
    credentials = {"GIT_USERNAME": upstream.host.username, "GIT_PASSWORD": upstream.host.password}
    command = [sys.executable, str(Path(__file__).with_name("publisher.py")), upstream.url, str(cache), folder, content]
    process = subprocess.Popen(command, env=os.environ | credentials | more, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_twenty_publishers_and_a_human_all_land_each_in_its_own_folder(upstream: Upstream, tmp_path: Path) -> None:
    folders = [f"environments/main/acme/shop/pr-{number}-shop" for number in range(PUBLISHERS)]
    upstream.git("config", "receive.denyNonFastForwards", "true")
    start = upstream.head()
    with ExitStack() as stack:
        running = [stack.enter_context(publisher(upstream, tmp_path / "cache", name, name)) for name in folders]
        human = human_who_pushes_until_they_are_done(upstream, running)
        commits = [process.communicate(timeout=100)[0].strip() for process in running]

    assert [process.returncode for process in running] == [0] * PUBLISHERS
    history = upstream.git("rev-list", "--reverse", f"{start}..main").splitlines()
    assert sorted(history) == sorted([*commits, *human])
    assert upstream.git("rev-list", "--min-parents=2", "main") == ""
    for folder, commit in zip(folders, commits, strict=True):
        assert upstream.git("show", "--format=", "--name-only", commit) == f"{folder}/app.yaml"
    assert upstream.files("environments") == {f"{folder}/app.yaml": folder for folder in folders}
    names = [folder.rpartition("/")[2] for folder in folders]
    assert upstream.own_refs() == dict(zip(names, commits, strict=True))


def human_who_pushes_until_they_are_done(upstream: Upstream, running: list[subprocess.Popen[str]]) -> list[str]:
    """Push by hand, twice a second, while publishers run; returns the commits that landed.

    Without a pause, whoever needs longer for a push than they do would never have its turn.
    """
    landed: list[str] = []
    give_up_at = time.monotonic() + 100
    while any(process.poll() is None for process in running) and time.monotonic() < give_up_at:
        time.sleep(0.5)
        try:
            upstream.human_pushes("notes.txt", str(time.monotonic_ns()))
        except subprocess.CalledProcessError:
            continue  # a publisher was quicker
        landed.append(upstream.git("log", "-1", "--format=%H", "main", "--", "notes.txt"))
    return landed


def test_publisher_killed_between_commit_and_push_leaves_nothing_and_the_next_makes_one_commit(
    repository: Repository, upstream: Upstream
) -> None:
    with publisher(upstream, repository.cache, FOLDER, "one", DIE_BEFORE_PUSH="1") as process:
        process.wait()
    assert (len(upstream.commits()), upstream.own_refs()) == (1, {})
    publish(repository, lambda: [followed("one")], unguarded)
    assert (len(upstream.commits()), upstream.own_refs()) == (2, {"pr-7-shop": upstream.head()})


@pytest.mark.parametrize("fault", [Fault("hold_before"), Fault("hold_after")], ids=lambda fault: fault.what)
def test_publisher_killed_during_the_push_never_makes_a_second_commit(
    repository: Repository, upstream: Upstream, fault: Fault
) -> None:
    upstream.host.fail(fault)
    with publisher(upstream, repository.cache, FOLDER, "one") as process:
        wait_until(lambda: upstream.host.state().held == 1, 20.0, "the push to arrive")
        process.kill()
        process.wait()
    upstream.host.heal()
    publish(repository, lambda: [followed("one")], unguarded)
    assert upstream.files("environments") == {f"{FOLDER}/app.yaml": "one"}
    assert (len(upstream.commits()), upstream.own_refs()) == (2, {"pr-7-shop": upstream.head()})
