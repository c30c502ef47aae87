"""Pull requests of a Git-backed repository: opened by the App, judged by people, merged for real."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from app.demo.github.faults import Fault
from app.demo.github.wire import ControlError
from tests.demo.github.place import BRANCH, Place
from tests.fixtures.github import Receiver


def _errors(answer: requests.Response) -> list[Any]:
    assert answer.status_code == 422, answer.text
    return [one.get("message") or (one["field"], one["code"]) for one in answer.json()["errors"]]


def _pass_check(place: Place, sha: str, name: str = "ephemera", conclusion: str = "success") -> None:
    body = {"name": name, "head_sha": sha, "conclusion": conclusion}
    assert place.api("POST", "/check-runs", body).status_code == 201


def test_a_proposal_says_what_it_changes(place: Place, receiver: Receiver) -> None:
    main = place.sha()
    place.change({"a": "1\n2\n"}, "Add a")
    head = place.change({"README.md": None}, "Remove the readme")
    made = place.propose()
    assert (made["number"], made["user"]["login"], made["body"]) == (1, "ephemera[bot]", "Why.")
    assert (made["head"]["sha"], made["base"]["sha"], made["head"]["label"]) == (head, main, f"{place.owner}:{BRANCH}")
    assert (made["mergeable"], made["mergeable_state"], made["auto_merge"]) == (True, "clean", None)
    assert [made[key] for key in ("commits", "changed_files", "additions", "deletions")] == [2, 2, 2, 1]
    files = {one["filename"]: one for one in place.api("GET", "/pulls/1/files").json()}
    assert (files["a"]["status"], files["a"]["patch"]) == ("added", "@@ -0,0 +1,2 @@\n+1\n+2\n")
    assert files["README.md"]["status"] == "removed"
    messages = [one["commit"]["message"] for one in place.api("GET", "/pulls/1/commits").json()]
    assert messages == ["Add a", "Remove the readme"]
    found = place.api("GET", f"/pulls?state=open&head={place.owner}:{BRANCH}&base=main").json()
    assert [one["number"] for one in found] == [1]
    assert place.heard(receiver)[-1] == "pull_request.opened"


def test_what_cannot_be_proposed_is_refused_in_githubs_words(place: Place) -> None:
    place.change({"a": "1"}, "Add a")
    place.propose()
    body = {"title": "Again", "head": f"{place.owner}:{BRANCH}", "base": "main"}
    assert _errors(place.api("POST", "/pulls", body)) == [f"A pull request already exists for {place.owner}:{BRANCH}."]
    assert _errors(place.api("POST", "/pulls", body | {"base": "nowhere"})) == [("base", "invalid")]
    assert _errors(place.api("POST", "/pulls", body | {"head": "nowhere"})) == [("head", "invalid")]
    assert _errors(place.api("POST", "/pulls", body | {"title": " "})) == [("title", "missing_field")]
    nothing = {"title": "Nothing", "head": "main", "base": BRANCH}
    assert _errors(place.api("POST", "/pulls", nothing)) == [f"No commits between {BRANCH} and main"]


def test_a_proposal_whose_answer_is_lost_was_opened(place: Place) -> None:
    place.change({"a": "1"}, "Add a")
    place.github.fault(Fault("lost_answer", method="POST", path=".*/pulls"))
    body = {"title": "Add", "head": BRANCH, "base": "main"}
    with pytest.raises(requests.ConnectionError):
        place.api("POST", "/pulls", body)
    assert len(place.api("GET", "/pulls").json()) == 1
    assert "already exists" in _errors(place.api("POST", "/pulls", body))[0]


def test_a_merge_makes_a_commit_of_both(place: Place, receiver: Receiver) -> None:
    head = place.change({"a": "1"}, "Add a")
    place.propose(title="Add pr-1")
    base = place.change({"b": "1"}, "Add b", branch="main", by="bob")
    place.forget(receiver)
    merged = place.github.merge(place.name, 1, by="ada")
    assert (merged.is_merged, merged.merged_by, merged.merge_commit_sha) == (True, "ada", place.sha())
    shown = place.git("show", "--no-patch", "--format=%P%n%an <%ae>%n%cn <%ce>%n%B", "main").strip()
    account = place.api("GET", "/issues/1").json()["closed_by"]
    assert shown.split("\n") == [
        f"{base} {head}",
        f"ada <{account['id']}+ada@users.noreply.github.com>",
        "GitHub <noreply@github.com>",
        f"Merge pull request #1 from {place.owner}/{BRANCH}",
        "",
        "Add pr-1",
    ]
    assert place.git("ls-tree", "--name-only", "main").split() == ["README.md", "a", "b"]
    events = [(one["event"], one["actor"]["login"]) for one in place.api("GET", "/issues/1/events").json()]
    assert events == [("merged", "ada"), ("closed", "ada")]
    assert place.heard(receiver) == ["pull_request.closed", "push", "check_suite.requested"]
    told = [json.loads(one.body) for one in receiver.received]
    (closed,) = [one["pull_request"] for one in told if "pull_request" in one]
    assert (closed["merged"], closed["merged_by"]["login"], closed["merge_commit_sha"]) == (True, "ada", place.sha())


def test_a_squash_of_one_commit_keeps_its_words(place: Place) -> None:
    place.change({"a": "1"}, "Add a\n\nBecause.\n\nEphemera-Change: 7")
    place.propose(title="Something else")
    base = place.sha()
    answer = place.api("PUT", "/pulls/1/merge", {"merge_method": "squash"}).json()
    assert answer == {"sha": place.sha(), "merged": True, "message": "Pull Request successfully merged"}
    # GitHub's author of a squash is who opened it; the one who wrote the commit is named as co-author.
    author, parents, message = place.git("show", "--no-patch", "--format=%an%x00%P%x00%B", "main").split("\0")
    assert (author, parents) == ("ephemera[bot]", base)
    assert message.startswith("Add a (#1)\n\nBecause.\n\nEphemera-Change: 7\n\nCo-authored-by: ada <")
    assert place.pull()["merged_by"]["login"] == "ephemera[bot]"


def test_a_squash_of_several_commits_lists_them(place: Place) -> None:
    place.change({"a": "1"}, "Add a")
    place.change({"b": "1"}, "Add b\n\nToo.")
    place.propose(title="Add both")
    place.github.merge(place.name, 1, by="bob", method="squash")
    message = place.git("show", "--no-patch", "--format=%B", "main")
    assert message.startswith("Add both (#1)\n\n* Add a\n\n* Add b\n\nToo.\n\n---------\n\nCo-authored-by: ada <")
    assert place.git("ls-tree", "--name-only", "main").split() == ["README.md", "a", "b"]


def test_a_rebase_makes_every_commit_again(place: Place) -> None:
    place.change({"a": "1"}, "Add a")
    place.change({"a": "2", "b": "1"}, "Change a\n\nMore.")
    place.propose()
    base = place.change({"c": "1"}, "Add c", branch="main")
    place.github.merge(place.name, 1, by="bob", method="rebase")
    assert place.git("rev-list", "--parents", "-1", "main~2").split()[0] == base
    made = place.git("log", "--format=%an %cn %s", f"{base}..main").splitlines()
    assert made == ["ada GitHub Change a", "ada GitHub Add a"]
    assert (place.git("show", "main:a"), place.git("show", "main:c")) == ("2", "1")
    assert place.pull()["merge_commit_sha"] == place.sha()


def test_a_conflict_is_dirty_and_is_not_merged(place: Place) -> None:
    place.change({"a": "1"}, "Add a")
    place.propose()
    before = place.change({"a": "2"}, "Add another a", branch="main")
    assert (place.pull()["mergeable"], place.pull()["mergeable_state"]) == (False, "dirty")
    for method in ("merge", "squash", "rebase"):
        answer = place.api("PUT", "/pulls/1/merge", {"merge_method": method})
        assert (answer.status_code, answer.json()["message"]) == (405, "Pull Request is not mergeable")
    assert place.api("PUT", "/pulls/1/update-branch").status_code == 422
    assert place.sha() == before


def test_another_head_than_the_expected_one_is_not_merged(place: Place) -> None:
    old = place.change({"a": "1"}, "Add a")
    place.propose()
    place.change({"a": "2"}, "Change a")
    answer = place.api("PUT", "/pulls/1/merge", {"sha": old})
    assert (answer.status_code, answer.json()["message"][:25]) == (409, "Head branch was modified.")


def test_a_protected_branch_waits_for_reviews_of_those_who_may_write(place: Place, receiver: Receiver) -> None:
    place.change({"a": "1"}, "Add a")
    place.propose()
    place.github.protect(place.name, "main", approvals=1, dismisses_stale_reviews=True)

    def refusal() -> str:
        answer = place.api("PUT", "/pulls/1/merge", {})
        assert answer.status_code == 405, answer.text
        return str(answer.json()["message"])

    missing = "At least 1 approving review is required by reviewers with write access."
    assert (place.pull()["mergeable_state"], refusal()) == ("blocked", missing)
    place.github.review(place.name, 1, by="eve", state="APPROVED")
    assert refusal() == missing
    place.github.review(place.name, 1, by="ada", state="APPROVED", body="Good")
    assert place.pull()["mergeable_state"] == "clean"
    place.github.review(place.name, 1, by="bob", state="CHANGES_REQUESTED", body="No")
    assert refusal() == "1 review requesting changes by reviewers with write access."
    place.github.review(place.name, 1, by="bob", state="APPROVED")
    place.forget(receiver)
    place.change({"a": "2"}, "Change a")
    assert refusal() == missing
    heard = place.heard(receiver)
    assert heard.count("pull_request_review.dismissed") == 3
    assert "pull_request.synchronize" in heard
    reviews = place.api("GET", "/pulls/1/reviews").json()
    told = [(one["user"]["login"], one["state"]) for one in reviews]
    assert told == [("eve", "DISMISSED"), ("ada", "DISMISSED"), ("bob", "CHANGES_REQUESTED"), ("bob", "DISMISSED")]
    with pytest.raises(ControlError, match="At least 1 approving"):
        place.github.merge(place.name, 1, by="ada")


def test_who_bypasses_the_branch_may_be_let_merge_past_it(place: Place) -> None:
    place.change({"a": "1"}, "Add a")
    place.propose()
    place.github.protect(place.name, "main", approvals=1, bypass=["ephemera"])
    assert place.api("PUT", "/pulls/1/merge", {}).status_code == 405
    place.github.protect(place.name, "main", approvals=1, bypass=["ephemera"], bypasses_merges=True)
    assert place.pull()["mergeable_state"] == "blocked"
    assert place.api("PUT", "/pulls/1/merge", {}).status_code == 200


@pytest.mark.slow
def test_pushes_and_merges_at_once_lose_nothing(place: Place) -> None:
    branches = [f"ephemera/pr-{number}" for number in range(4)]
    url = place.url("ada", place.github.give_password("ada"))
    for branch in branches:
        place.change({branch: "1"}, f"Add {branch}", branch=branch)
        place.propose(branch=branch)

    def merge(number: int) -> int:
        with requests.Session() as session:
            headers = {"Authorization": place.installation.authorization}
            address = f"{place.github.url}{place.shop.path}/pulls/{number}/merge"
            return session.put(address, json={}, headers=headers, timeout=30).status_code

    def push(number: int) -> int:
        place.git("push", "--quiet", url, f"main~0:refs/heads/other-{number}")
        return 200

    with ThreadPoolExecutor(8) as pool:
        done = [*pool.map(merge, range(1, 5)), *pool.map(push, range(4))]
    assert done == [200] * 8
    assert set(place.git("ls-tree", "-r", "--name-only", "main").split()) == {"README.md", *branches}


@pytest.mark.slow
def test_required_checks_of_an_up_to_date_head_have_to_succeed(place: Place) -> None:
    place.github.protect(place.name, "main", checks=["ephemera", "policy"], is_strict=True)
    head = place.change({"a": "1"}, "Add a")
    place.propose()
    steps = []

    def note() -> None:
        state, answer = place.pull()["mergeable_state"], place.api("PUT", "/pulls/1/merge", {})
        steps.append((state, answer.json()["message"]))

    note()
    _pass_check(place, head)
    _pass_check(place, head, "policy", "failure")
    note()
    place.api("POST", f"/statuses/{head}", {"state": "success", "context": "policy/other"})
    _pass_check(place, head, "policy")
    place.change({"b": "1"}, "Add b", branch="main")
    note()
    assert place.api("PUT", "/pulls/1/update-branch", {"expected_head_sha": head}).status_code == 202
    head = place.pull()["head"]["sha"]
    for name in ("ephemera", "policy", "linter"):
        _pass_check(place, head, name, "failure" if name == "linter" else "success")
    assert place.pull()["mergeable_state"] == "unstable"
    note()
    assert steps == [
        ("blocked", "2 of 2 required status checks are expected."),
        ("blocked", "1 of 2 required status checks is failing."),
        ("behind", "2 of 2 required status checks are expected."),
        ("unstable", "Pull Request successfully merged"),
    ]


def test_auto_merge_waits_for_the_last_requirement(place: Place, receiver: Receiver) -> None:
    place.github.protect(place.name, "main", approvals=1, checks=["ephemera"])
    head = place.change({"a": "1"}, "Add a")
    place.propose()
    waiting = place.github.enable_auto_merge(place.name, 1, by="bob", method="squash")
    assert (waiting.state, place.pull()["auto_merge"]["enabled_by"]["login"]) == ("open", "bob")
    place.github.review(place.name, 1, by="ada", state="APPROVED")
    assert place.pull()["state"] == "open"
    _pass_check(place, head)
    merged = place.pull()
    assert (merged["merged"], merged["merged_by"]["login"], merged["merge_commit_sha"]) == (True, "bob", place.sha())
    heard = [one for one in place.heard(receiver) if one.startswith("pull_request")]
    assert heard == [
        "pull_request.opened",
        "pull_request.auto_merge_enabled",
        "pull_request_review.submitted",
        "pull_request.closed",
    ]


def test_a_merge_queue_merges_as_itself(place: Place) -> None:
    place.change({"a": "1"}, "Add a")
    place.propose()
    place.github.merge(place.name, 1, by="github-merge-queue[bot]")
    merger = place.pull()["merged_by"]
    assert (merger["login"], merger["type"]) == ("github-merge-queue[bot]", "Bot")


def test_deleting_the_branch_closes_and_a_person_reopens_after_it_is_back(place: Place, receiver: Receiver) -> None:
    head = place.change({"a": "1"}, "Add a")
    place.propose()
    place.api("DELETE", f"/git/refs/heads/{BRANCH}")
    closed = place.pull()
    assert (closed["state"], closed["merged"], closed["head"]["sha"]) == ("closed", False, head)
    assert place.api("GET", "/issues/1").json()["closed_by"]["login"] == "ephemera[bot]"
    with pytest.raises(ControlError, match="Validation Failed"):
        place.github.reopen(place.name, 1, by="ada")
    place.git("update-ref", f"refs/heads/{BRANCH}", head)
    assert place.github.reopen(place.name, 1, by="ada").state == "open"
    assert place.api("GET", "/issues/1").json()["closed_by"] is None
    place.github.close_pull_request(place.name, 1, by="bob")
    events = [(one["event"], one["actor"]["login"]) for one in place.api("GET", "/issues/1/events").json()]
    assert events == [("closed", "ephemera[bot]"), ("reopened", "ada"), ("closed", "bob")]
    heard = [one for one in place.heard(receiver) if one.startswith("pull_request.")]
    assert heard == [f"pull_request.{action}" for action in ("opened", "closed", "reopened", "closed")]


def test_a_head_that_a_push_brings_into_its_base_is_merged(place: Place) -> None:
    head = place.change({"a": "1"}, "Add a")
    place.propose()
    place.change({"other": "1"}, "Add other", branch="side")
    place.propose(branch="side")
    place.git("push", "--quiet", place.url("bob", place.github.give_password("bob")), f"{BRANCH}:main")
    first, second = place.pull(1), place.pull(2)
    assert (first["merged"], first["merged_by"]["login"], first["merge_commit_sha"]) == (True, "bob", head)
    assert second["state"] == "open"


def test_a_head_that_is_set_back_to_its_base_is_closed_unmerged(place: Place) -> None:
    place.change({"a": "1"}, "Add a")
    place.propose()
    url = place.url("ada", place.github.give_password("ada"))
    place.git("push", "--quiet", "--force", url, f"main:{BRANCH}")
    assert (place.pull()["state"], place.pull()["merged"]) == ("closed", False)


def test_the_app_edits_closes_reopens_labels_and_comments(place: Place, receiver: Receiver) -> None:
    place.change({"a": "1"}, "Add a")
    place.propose()
    place.forget(receiver)
    edited = place.api("PATCH", "/pulls/1", {"title": "Better", "body": "So."}).json()
    assert (edited["title"], edited["body"]) == ("Better", "So.")
    assert place.api("PATCH", "/pulls/1", {"state": "closed"}).json()["state"] == "closed"
    assert place.api("PATCH", "/pulls/1", {"state": "open"}).json()["state"] == "open"
    assert place.api("POST", "/issues/1/labels", {"labels": ["ephemera"]}).status_code == 200
    assert place.api("POST", "/issues/1/comments", {"body": "Look"}).status_code == 201
    place.github.comment(place.name, 1, author="ada", body="Why?")
    assert [one["body"] for one in place.api("GET", "/issues/1/comments").json()] == ["Look", "Why?"]
    assert [one["name"] for one in place.pull()["labels"]] == ["ephemera"]
    expected = ["pull_request.edited", "pull_request.closed", "pull_request.reopened", "pull_request.labeled"]
    assert place.heard(receiver) == [*expected, "issue_comment.created", "issue_comment.created"]


def test_without_the_permission_nothing_is_proposed_or_merged(place: Place) -> None:
    place.change({"a": "1"}, "Add a")
    place.propose()
    permissions = {"metadata": "read", "contents": "read", "pull_requests": "read"}
    place.github.change_installation(place.shop.installation_id, permissions=permissions)
    refused = [
        place.api("POST", "/pulls", {"title": "x", "head": BRANCH, "base": "main"}),
        place.api("PATCH", "/pulls/1", {"title": "x"}),
        place.api("PUT", "/pulls/1/merge", {}),
        place.api("DELETE", f"/git/refs/heads/{BRANCH}"),
    ]
    assert [one.status_code for one in refused] == [403] * 4
    assert place.pull()["state"] == "open"


def test_a_person_opens_and_pushes_to_a_pull_request_as_elsewhere(place: Place) -> None:
    opened = place.github.open_pull_request(place.name, author="ada", files={"a": "1"}, title="Mine")
    pushed = place.github.push(place.name, opened.number, files={"a": "2"})
    assert place.git("show", f"{pushed.head_sha}:a") == "2"
    with pytest.raises(ControlError, match="your own"):
        place.github.review(place.name, opened.number, by="ada", state="APPROVED")
