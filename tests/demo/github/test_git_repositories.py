"""Repositories of the simulated GitHub that Git programs clone from and push to."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from app.demo.github.client import SimulatedGitHub
from app.demo.github.faults import Fault
from tests.demo.github.place import BRANCH, Place, run
from tests.fixtures.github import Caller, Receiver, installation_caller


@pytest.fixture
def clone(place: Place, tmp_path: Path) -> Path:
    """Give a clone that `ada` made with her password."""
    directory = tmp_path / "clone"
    run(tmp_path, "clone", "--quiet", place.url("ada", place.github.give_password("ada")), str(directory))
    return directory


def _commit(clone: Path, path: str, text: str = "x\n") -> str:
    (clone / path).write_text(text, "utf-8")
    run(clone, "add", path)
    run(clone, "commit", "--quiet", "--message", f"Add {path}")
    return run(clone, "rev-parse", "HEAD").stdout.strip()


def test_a_person_clones_and_pushes_and_the_api_sees_it(place: Place, clone: Path, receiver: Receiver) -> None:
    run(clone, "switch", "--quiet", "--create", BRANCH)
    sha = _commit(clone, "a.yaml")
    run(clone, "push", "--quiet", "origin", BRANCH)
    assert place.api("GET", f"/branches/{BRANCH}").json()["commit"]["sha"] == sha
    shown = place.api("GET", f"/commits/{sha[:10]}").json()
    assert (shown["sha"], shown["commit"]["message"], shown["parents"][0]["sha"]) == (sha, "Add a.yaml", place.sha())
    raw = place.installation.get(f"{place.shop.path}/contents/a.yaml?ref={BRANCH}", Accept="application/vnd.github.raw")
    assert raw.content == b"x\n"
    assert place.heard(receiver) == ["push", "check_suite.requested"]


def test_the_app_pushes_with_its_token_outside_the_ledger(place: Place, clone: Path) -> None:
    _commit(clone, "b.yaml")
    before = len(place.github.ledger())
    run(clone, "push", "--quiet", place.url("x-access-token", place.token), "HEAD:main")
    assert place.sha() == run(clone, "rev-parse", "HEAD").stdout.strip()
    assert len(place.github.ledger()) == before
    (push,) = [one for one in place.github.git_requests() if one.is_push and f"/{place.name}." in one.path]
    assert (push.status, push.login) == (200, "ephemera[bot]")


def _narrowed(**permissions: str) -> Callable[[Place, Caller], tuple[str, str]]:
    def credentials(place: Place, as_app: Caller) -> tuple[str, str]:
        caller = installation_caller(as_app, place.shop, permissions=permissions)
        caller.session.close()
        return "x-access-token", caller.authorization.removeprefix("token ")

    return credentials


def _person(login: str) -> Callable[[Place, Caller], tuple[str, str]]:
    return lambda place, _as_app: (login, place.github.give_password(login))


ALLOWED = [
    (_narrowed(contents="write"), 200, 200),
    (_narrowed(contents="read"), 200, 403),
    (_narrowed(checks="write"), 404, 404),
    (_person("ada"), 200, 200),
    (_person("eve"), 200, 403),
    (_person("stranger"), 404, 404),
    (lambda _place, _as_app: ("ada", "wrong"), 401, 401),
    (lambda _place, _as_app: ("x-access-token", "ghs_unknown"), 401, 401),
]


@pytest.mark.parametrize(("credentials", "fetch", "push"), ALLOWED)
def test_who_may_fetch_and_push_is_answered_as_github_does(
    place: Place, as_app: Caller, credentials: Callable[[Place, Caller], tuple[str, str]], fetch: int, push: int
) -> None:
    given = credentials(place, as_app)
    address = f"{place.github.git_url(place.name)}/info/refs?service="
    got = [
        requests.get(f"{address}{service}", auth=given, timeout=10).status_code
        for service in ("git-upload-pack", "git-receive-pack")
    ]
    assert got == [fetch, push]


def test_nobody_in_particular_is_asked_who_they_are(place: Place) -> None:
    address = f"{place.github.git_url(place.name)}/info/refs?service=git-upload-pack"
    answer = requests.get(address, timeout=10)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="GitHub"')


def test_a_token_of_another_repository_opens_nothing(place: Place, as_app: Caller) -> None:
    place.github.create_repository(f"{place.owner}/shop")
    caller = installation_caller(as_app, place.shop, repositories=["shop"])
    caller.session.close()
    token = caller.authorization.removeprefix("token ")
    address = f"{place.github.git_url(place.name)}/info/refs?service=git-upload-pack"
    assert requests.get(address, auth=("x-access-token", token), timeout=10).status_code == 404


def test_a_protected_branch_takes_pushes_of_those_who_bypass_it_alone(place: Place, clone: Path) -> None:
    place.github.protect(place.name, "main", approvals=1, bypass=["ephemera[bot]"])
    sha, before = _commit(clone, "c.yaml"), place.sha()
    refused = run(clone, "push", "origin", "HEAD:main", "HEAD:other", check=False)
    assert refused.returncode != 0
    assert "remote: error: GH006: Protected branch update failed for refs/heads/main." in refused.stderr
    assert "! [remote rejected] HEAD -> main (protected branch hook declined)" in refused.stderr
    assert (place.sha(), place.sha("other")) == (before, sha)
    run(clone, "push", "--quiet", place.url("x-access-token", place.token), "HEAD:main")
    assert place.sha() == sha
    place.github.protect(place.name, "main")
    _commit(clone, "d.yaml")
    run(clone, "push", "--quiet", "origin", "HEAD:main")


def test_what_github_keeps_for_itself_is_fetched_and_not_pushed(place: Place, clone: Path) -> None:
    head = place.change({"a": "1"}, "Add a")
    place.propose()
    run(clone, "fetch", "--quiet", "origin", "refs/pull/1/head")
    assert run(clone, "rev-parse", "FETCH_HEAD").stdout.strip() == head
    assert "deny updating a hidden ref" in run(clone, "push", "origin", "HEAD:refs/pull/1/head", check=False).stderr


@pytest.mark.slow
def test_a_large_push_arrives_in_chunks(place: Place, clone: Path) -> None:
    text = "".join(f"{number * 7919 % 1_000_003}\n" for number in range(400_000))
    sha = _commit(clone, "large.txt", text)
    run(clone, "-c", "http.postBuffer=65536", "push", "--quiet", "origin", "HEAD:large")
    assert place.sha("large") == sha


def test_a_push_whose_answer_is_lost_was_carried_out(place: Place, clone: Path) -> None:
    sha = _commit(clone, "e.yaml")
    place.github.fault(Fault("lost_answer", method="POST", git=True))
    assert run(clone, "push", "origin", "HEAD:main", check=False).returncode != 0
    assert place.sha() == sha


def test_a_fault_of_the_api_does_not_meet_git(place: Place, clone: Path) -> None:
    place.github.fault(Fault("status", status=500))
    run(clone, "fetch", "--quiet", "origin")
    assert place.api("GET", "").status_code == 500


def test_a_branch_is_shown_and_deleted_by_the_api(place: Place, receiver: Receiver) -> None:
    sha = place.change({"a": "1"}, "Add a")
    assert place.api("GET", f"/git/ref/heads/{BRANCH}").json()["object"]["sha"] == sha
    assert place.api("DELETE", f"/git/refs/heads/{BRANCH}").status_code == 204
    assert place.api("GET", f"/git/ref/heads/{BRANCH}").status_code == 404
    again = place.api("DELETE", f"/git/refs/heads/{BRANCH}")
    assert (again.status_code, again.json()["message"]) == (422, "Reference does not exist")
    place.github.protect(place.name, "main", approvals=1)
    assert place.api("DELETE", "/git/refs/heads/main").status_code == 422
    assert place.heard(receiver) == ["push", "check_suite.requested", "push"]


def test_a_repository_keeps_its_commits_when_it_is_renamed(place: Place, github: SimulatedGitHub) -> None:
    sha = place.sha()
    github.rename_repository(place.name, name="previews")
    shown = place.installation.get(f"/repos/{place.owner}/previews/branches/main").json()
    assert shown["commit"]["sha"] == sha
    for name in (place.name, f"{place.owner}/previews"):
        address = f"{github.git_url(name)}/info/refs?service=git-upload-pack"
        assert sha in requests.get(address, auth=("x-access-token", place.token), timeout=10).text
