"""Git over HTTP: what a hosting service must serve, and what can be made to go wrong."""

import gzip
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import requests

from app.demo.git_faults import Fault
from app.demo.git_host import GitHost, GitHostFailed, RunningGitHost
from app.demo.ports import listens, wait_until

Git = Callable[..., subprocess.CompletedProcess[str]]


def test_new_repository_is_empty_and_its_branch_is_main(git_server: GitHost, git: Git) -> None:
    url = git_server.create("acme/empty")
    assert git("ls-remote", url).stdout == ""
    git("clone", "--quiet", url, "clone")
    assert git("-C", "clone", "symbolic-ref", "HEAD").stdout == "refs/heads/main\n"


def test_creating_again_changes_nothing(git_server: GitHost, git: Git) -> None:
    url = git_server.create("acme/twice", readme=True)
    before = git("ls-remote", url).stdout
    assert git_server.create("acme/twice") == url
    assert git("ls-remote", url).stdout == before != ""


@pytest.mark.parametrize("name", ["acme", "acme/../../etc", "a/b/c", "/a/b", "a/-b", "a/b\n"])
def test_name_that_is_not_owner_and_name_is_refused(git_server: GitHost, name: str) -> None:
    with pytest.raises(GitHostFailed, match="owner/name"):
        git_server.create(name)


def test_push_arrives(git: Git, clone: Path, environments_repository: str) -> None:
    git("-C", "clone", "push", "--quiet", "origin", "main", "main:refs/environments/pr-1-shop")
    head = git("-C", "clone", "rev-parse", "HEAD").stdout.strip()
    refs = git("ls-remote", environments_repository).stdout.split("\n")
    assert f"{head}\trefs/heads/main" in refs
    assert f"{head}\trefs/environments/pr-1-shop" in refs


def test_large_push_comes_in_chunks(git: Git, clone: Path, environments_repository: str) -> None:
    (clone / "large").write_bytes(os.urandom(3_000_000))
    git("-C", "clone", "add", "large")
    git("-C", "clone", "commit", "--quiet", "--message", "Add a large file")
    git("-C", "clone", "-c", "http.postBuffer=65536", "push", "--quiet")
    git("clone", "--quiet", environments_repository, "again")
    assert (clone.parent / "again" / "large").read_bytes() == (clone / "large").read_bytes()


def test_clone_may_leave_out_the_blobs_and_fetch_one_by_its_id(git: Git, clone: Path) -> None:
    git("-C", "clone", "push", "--quiet")
    url = git("-C", "clone", "remote", "get-url", "origin").stdout.strip()
    git("clone", "--quiet", "--bare", "--filter=blob:none", url, "bare")
    missing = git("-C", "bare", "rev-list", "--objects", "--missing=print", "--all").stdout
    assert missing.count("?") == 2
    assert git("-C", "bare", "show", "main:file").stdout == "content"


def test_compressed_request_and_protocol_version_reach_git(git_server: GitHost, environments_repository: str) -> None:
    answer = requests.post(
        f"{environments_repository}/git-upload-pack",
        data=gzip.compress(b"0014command=ls-refs\n0000"),
        headers={
            "Content-Type": "application/x-git-upload-pack-request",
            "Content-Encoding": "gzip",
            "Git-Protocol": "version=2",
        },
        auth=(git_server.username, git_server.password),
        timeout=10,
    )
    assert answer.status_code == 200
    assert b"refs/heads/main" in answer.content


@pytest.mark.parametrize("credentials", [None, ("ephemera", "wrong"), ("somebody", "")])
def test_nobody_gets_in_without_the_password(environments_repository: str, credentials: tuple[str, str] | None) -> None:
    answer = requests.get(f"{environments_repository}/info/refs?service=git-upload-pack", auth=credentials, timeout=10)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_other_addresses_are_not_found(git_server: GitHost) -> None:
    signed_in = (git_server.username, git_server.password)
    for path in ("", "acme/none.git/info/refs?service=git-upload-pack", "acme/../x.git/config"):
        assert requests.get(f"{git_server.url}/{path}", auth=signed_in, timeout=10).status_code == 404


def test_hook_refuses_a_push(running_git_host: RunningGitHost, git: Git, clone: Path) -> None:
    url = git("-C", "clone", "remote", "get-url", "origin").stdout.strip()
    hook = running_git_host.root / url.removeprefix(f"{running_git_host.host.url}/") / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho no pushes today\nexit 1\n")
    hook.chmod(0o755)
    pushed = git("-C", "clone", "push", check=False)
    assert pushed.returncode == 1
    assert "no pushes today" in pushed.stderr


def test_refused_push_leaves_no_trace_and_the_next_one_passes(git_server: GitHost, git: Git, clone: Path) -> None:
    before = git("-C", "clone", "ls-remote").stdout
    git_server.fail(Fault("refuse", status=503, times=1))
    assert git("-C", "clone", "push", check=False).returncode != 0
    assert git("-C", "clone", "ls-remote").stdout == before
    git("-C", "clone", "push", "--quiet")


def test_discovery_can_be_refused(git_server: GitHost, git: Git, clone: Path) -> None:
    git_server.fail(Fault("refuse", service="git-upload-pack", status=500, discovery=True))
    assert git("-C", "clone", "fetch", check=False).returncode != 0
    git("-C", "clone", "push", "--quiet")


def test_push_is_accepted_although_its_answer_is_lost(git_server: GitHost, git: Git, clone: Path) -> None:
    git_server.fail(Fault("drop_answer", times=1))
    assert git("-C", "clone", "push", check=False).returncode != 0
    assert git("-C", "clone", "rev-parse", "HEAD").stdout.strip() in git("-C", "clone", "ls-remote").stdout


@pytest.mark.parametrize(("what", "has_arrived"), [("hold_before", False), ("hold_after", True)])
def test_push_is_held_until_the_fault_is_lifted(
    git_server: GitHost, git: Git, clone: Path, what: str, has_arrived: bool
) -> None:
    head = git("-C", "clone", "rev-parse", "HEAD").stdout.strip()
    git_server.fail(Fault.from_json({"what": what}))
    pushing = threading.Thread(target=lambda: git("-C", "clone", "push", "--quiet"))
    pushing.start()
    wait_until(lambda: git_server.state().held == 1, 10, "the push to be held")
    assert (head in git("-C", "clone", "ls-remote").stdout) == has_arrived
    git_server.heal()
    pushing.join()
    assert head in git("-C", "clone", "ls-remote").stdout


def test_push_of_a_client_that_died_while_it_was_held_is_void(git_server: GitHost, git: Git, clone: Path) -> None:
    before = git("-C", "clone", "ls-remote").stdout
    git_server.fail(Fault("hold_before"))
    environment = {"PATH": os.environ["PATH"], **git_server.client_environment()}
    pushing = subprocess.Popen(["git", "push", "--quiet"], cwd=clone, env=environment, start_new_session=True)
    wait_until(lambda: git_server.state().held == 1, 10, "the push to be held")
    # The connection is that of a program which git has started, and ends with it.
    connected = psutil.Process(pushing.pid).children(recursive=True)
    os.killpg(pushing.pid, 9)
    pushing.wait()
    wait_until(lambda: all(map(_has_ended, connected)), 10, "the connection to end")
    git_server.heal()
    wait_until(lambda: git_server.state().held == 0, 10, "the push to be let go")
    assert git("-C", "clone", "ls-remote").stdout == before


def _has_ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_throttled_push_arrives_whole(git_server: GitHost, git: Git, clone: Path) -> None:
    git_server.fail(Fault("throttle", bytes_per_second=5_000))
    git("-C", "clone", "push", "--quiet")
    assert git("-C", "clone", "rev-parse", "HEAD").stdout.strip() in git("-C", "clone", "ls-remote").stdout


def test_pushes_are_counted(git_server: GitHost, git: Git, clone: Path) -> None:
    before = sum(request.is_push for request in git_server.state().requests)
    git("-C", "clone", "push", "--quiet")
    git("-C", "clone", "fetch", "--quiet")
    assert sum(request.is_push for request in git_server.state().requests) == before + 1


def test_unknown_fault_is_refused(git_server: GitHost) -> None:
    answer = requests.post(
        f"{git_server.url}/_sim/faults",
        json={"what": "refuse", "colour": "blue"},
        auth=(git_server.username, git_server.password),
        timeout=10,
    )
    assert answer.status_code == 422
    assert "colour" in answer.json()["error"]


def test_stopped_server_is_gone(tmp_path: Path) -> None:
    running = RunningGitHost.start(tmp_path)
    port = int(running.host.url.rpartition(":")[2])
    running.stop()
    running.stop()
    assert not listens(port)
