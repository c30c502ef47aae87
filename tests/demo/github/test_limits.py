"""The secondary limits as a client meets them, and the ledger that counts what was sent."""

import threading
import time

import pytest
import requests

from app.demo.github.client import SimulatedGitHub
from app.demo.github.faults import Fault
from tests.fixtures.github import Caller, Shop


def _writes(caller: Caller, shop: Shop, github: SimulatedGitHub) -> list[tuple[str, str, dict[str, object]]]:
    """Return one of each kind of write that GitHub may count as content."""
    pull = github.open_pull_request(shop.name)
    comment = github.comment(shop.name, pull.number, author="ada", body="Hello")
    run = caller.call("POST", f"{shop.path}/check-runs", {"name": "ephemera", "head_sha": pull.head_sha}).json()["id"]
    deployment = {"ref": pull.head_sha, "auto_merge": False, "required_contexts": []}
    made = caller.call("POST", f"{shop.path}/deployments", deployment).json()["id"]
    return [
        ("POST", f"{shop.path}/issues/{pull.number}/comments", {"body": "Ready"}),
        ("PATCH", f"{shop.path}/issues/comments/{comment.id}", {"body": "Ready"}),
        ("POST", f"{shop.path}/issues/comments/{comment.id}/reactions", {"content": "eyes"}),
        ("POST", f"{shop.path}/check-runs", {"name": "ephemera", "head_sha": pull.head_sha}),
        ("PATCH", f"{shop.path}/check-runs/{run}", {"status": "in_progress"}),
        ("POST", f"{shop.path}/statuses/{pull.head_sha}", {"state": "pending"}),
        ("POST", f"{shop.path}/deployments", deployment),
        ("POST", f"{shop.path}/deployments/{made}/statuses", {"state": "queued"}),
    ]


def test_every_write_about_a_pull_request_is_content(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    writes = _writes(as_installation, shop, github)
    assert len(writes) * 10 == 80
    github.set_limits(secondary=True, reset=True)
    answers = [as_installation.call(*write) for write in writes for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200, 201}
    refused = [as_installation.call(*write) for write in writes]
    assert {answer.status_code for answer in refused} == {403}
    assert all(50 <= int(answer.headers["retry-after"]) <= 61 for answer in refused)
    assert {entry.limit for entry in github.ledger()[-len(writes) :]} == {"content_minute"}
    assert as_installation.get(shop.path).status_code == 200


def test_the_limit_ends_when_the_minute_is_over(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    path = f"{shop.path}/statuses/{github.open_pull_request(shop.name).head_sha}"
    github.set_limits(secondary=True, secondary_status=429, reset=True)
    answers = [as_installation.call("POST", path, {"state": "pending"}) for _ in range(81)]
    assert answers[-1].status_code == 429
    github.shift_clock(int(answers[-1].headers["retry-after"]))
    assert as_installation.call("POST", path, {"state": "pending"}).status_code == 201


def test_writes_can_have_to_be_a_second_apart(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    path = f"{shop.path}/statuses/{github.open_pull_request(shop.name).head_sha}"
    github.set_limits(secondary=True, strict_spacing=True, reset=True)
    assert [as_installation.call("POST", path, {"state": "pending"}).status_code for _ in range(2)] == [201, 403]
    github.shift_clock(2)
    assert as_installation.call("POST", path, {"state": "pending"}).status_code == 201


def test_a_hundred_requests_at_once_are_answered_and_no_more(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    github.set_limits(secondary=True, reset=True)
    github.fault(Fault("stall", path=shop.path, seconds=60, times=100))
    answers: list[int] = []
    sent = {"Authorization": as_installation.authorization}
    threads = [
        threading.Thread(
            target=lambda: answers.append(requests.get(github.url + shop.path, headers=sent, timeout=60).status_code)
        )
        for _ in range(100)
    ]
    for thread in threads:
        thread.start()
    _wait_until_all_are_taken(github)
    refused = as_installation.get(f"{shop.path}/pulls")
    assert (refused.status_code, refused.headers["retry-after"]) == (403, "1")
    github.clear_faults()
    for thread in threads:
        thread.join()
    assert answers == [200] * 100
    assert as_installation.get(f"{shop.path}/pulls").status_code == 200


def _wait_until_all_are_taken(github: SimulatedGitHub) -> None:
    end = time.monotonic() + 30
    while github.call("GET", "/faults"):
        assert time.monotonic() < end, "the server did not take a hundred requests at once"


def test_a_limit_that_does_not_say_when_it_ends(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.fault(Fault("secondary_limit", status=429, seconds=0))
    answer = as_installation.get(shop.path)
    assert answer.status_code == 429
    assert "retry-after" not in answer.headers


def test_the_tally_tells_who_sent_what(
    github: SimulatedGitHub, as_app: Caller, as_installation: Caller, shop: Shop
) -> None:
    path = f"{shop.path}/statuses/{github.open_pull_request(shop.name).head_sha}"
    github.reset_ledger()
    as_app.get("/app")
    as_app.call("POST", f"/app/installations/{shop.installation_id}/access_tokens")
    as_installation.call("POST", path, {"state": "pending"})
    tag = as_installation.get(shop.path).headers["ETag"]
    as_installation.get(shop.path, **{"If-None-Match": tag})
    github.fault(Fault("status", path=path))
    as_installation.call("POST", path, {"state": "pending"})
    github.set_limits(limit=1)
    as_installation.call("POST", path, {"state": "pending"})
    faulty, app, installation = github.tallies()
    assert (faulty.principal, faulty.writes) == ("", 1)
    assert (app.principal, app.writes, app.reads, app.tokens) == ("app", 1, 1, 1)
    assert installation.principal == f"installation ID {shop.installation_id}"
    assert (installation.writes, installation.reads, installation.free_reads) == (1, 2, 1)
    assert (installation.tokens, installation.refused) == (0, 1)
    assert installation.by_operation == (
        ("GET /repos/<owner>/<repo>", 2),
        ("POST /repos/<owner>/<repo>/statuses/<sha>", 1),
    )


@pytest.mark.parametrize("is_on", [True, False])
def test_bodies_are_kept_unless_memory_is_to_be_saved(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, is_on: bool
) -> None:
    path = f"{shop.path}/statuses/{github.open_pull_request(shop.name).head_sha}"
    github.keep_bodies(on=is_on)
    as_installation.call("POST", path, {"state": "pending"})
    kept = github.ledger()[-1].body
    github.keep_bodies(on=True)
    github.reset_ledger()
    assert kept == ('{"state": "pending"}' if is_on else None)
