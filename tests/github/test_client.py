"""Pages, the cache, redirects and addresses."""

import logging

import pytest

from app.domain.pull_request import PullRequest
from app.errors import Stalled
from app.github.connect import Account, GitHub, connect
from tests.github import answers
from tests.github.answers import SHA, SHOP
from tests.github.conftest import KeyPair, MovedClock
from tests.github.scripted import Reply, Scripted

PULLS = "GET /repos/acme/shop/pulls"
PULL = "GET /repos/acme/shop/pulls/42"
COMMENTS = "/repos/acme/shop/issues/42/comments"


def test_all_pages_are_read(github: GitHub, script: Scripted) -> None:
    link = f'<{script.url}/repositories/7/pulls?page=2>; rel="next", <{script.url}/x?page=2>; rel="last"'
    script.on(PULLS, Reply(body=[answers.pull_request(1), answers.pull_request(2)], headers={"Link": link}))
    script.on("GET /repositories/7/pulls?page=2", Reply(body=[answers.pull_request(2), answers.pull_request(3)]))
    assert [found.number for found in github.pull_requests.open_in(SHOP)] == [1, 2, 3]
    assert script.asked(PULLS)[0].path.endswith("?per_page=100&state=open")


def test_unchanged_answer_is_taken_from_memory(github: GitHub, script: Scripted) -> None:
    changed = Reply(body=answers.pull_request(title="Sell less"), headers={"ETag": '"two"'})
    script.on(PULL, Reply(body=answers.pull_request(), headers={"ETag": '"one"'}), Reply(304, b""), changed)
    found = [github.pull_requests.look_up(SHOP, 42) for _ in range(3)]
    assert [getattr(pull_request, "title", None) for pull_request in found] == [
        "Sell more 😀", "Sell more 😀", "Sell less"
    ]  # fmt: skip
    assert [seen.headers.get("If-None-Match") for seen in script.asked(PULL)] == [None, '"one"', '"one"']


def test_one_answers_memory_is_not_used_for_another(github: GitHub, script: Scripted) -> None:
    script.on(PULL, Reply(body=answers.pull_request(42), headers={"ETag": '"same"'}))
    script.on("GET /repos/acme/shop/pulls/43", Reply(body=answers.pull_request(43), headers={"ETag": '"same"'}))
    github.pull_requests.look_up(SHOP, 42)
    github.pull_requests.look_up(SHOP, 43)
    assert "If-None-Match" not in script.seen[-1].headers


def test_reading_follows_a_rename(github: GitHub, script: Scripted) -> None:
    renamed = answers.repository(full_name="acme/store")
    moved = answers.pull_request(base={"ref": "main", "repo": renamed})
    script.on(PULL, Reply(301, {}, {"Location": f"{script.url}/repositories/7/pulls/42"}))
    script.on("GET /repositories/7/pulls/42", Reply(body=moved))
    found = github.pull_requests.look_up(SHOP, 42)
    assert isinstance(found, PullRequest)
    assert found.repository.full_name == "acme/store"


@pytest.mark.parametrize("status", [302, 307, 308])
def test_writing_follows_a_rename_with_method_and_body(github: GitHub, script: Scripted, status: int) -> None:
    script.on(f"GET {COMMENTS}", Reply(body=[]))
    script.on(f"POST {COMMENTS}", Reply(status, {}, {"Location": "/repositories/7/issues/42/comments"}))
    script.on("POST /repositories/7/issues/42/comments", Reply(201, {"id": 9}))
    assert github.reports.put_comment(SHOP, 42, "<!-- m -->", "<!-- m -->\nhello", None) == 9
    assert script.asked("POST /repositories/7/issues/42/comments")[0].body == {"body": "<!-- m -->\nhello"}


@pytest.mark.parametrize("status", [301, 302, 307])
def test_redirect_to_another_host_stalls_and_carries_no_token_there(
    github: GitHub, script: Scripted, status: int
) -> None:
    script.on(PULL, Reply(status, {}, {"Location": "https://evil.example/pulls/42"}))
    with pytest.raises(Stalled, match="reading acme/shop#42: GitHub redirects elsewhere"):
        github.pull_requests.look_up(SHOP, 42)


def test_redirect_in_circles_stalls(github: GitHub, script: Scripted) -> None:
    script.on(PULL, Reply(307, {}, {"Location": f"{script.url}/repos/acme/shop/pulls/42"}))
    with pytest.raises(Stalled, match="refused it with 307"):
        github.pull_requests.look_up(SHOP, 42)


@pytest.mark.parametrize("prefix", ["", "/", "/api/v3", "/api/v3/"])
def test_address_may_have_a_prefix(script: Scripted, app_key: KeyPair, clock: MovedClock, prefix: str) -> None:
    below = prefix.rstrip("/")
    script.on(f"POST {below}/app/installations/5/access_tokens", answers.token_reply("ghs_first"))
    script.on(f"GET {below}/repos/acme/shop/pulls/42", Reply(body=answers.pull_request()))
    github = connect(Account(script.url + prefix, 1, app_key.private), clock)
    assert isinstance(github.pull_requests.look_up(SHOP, 42), PullRequest)


def test_debug_log_holds_no_token(github: GitHub, script: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "github")
    script.on(PULL, Reply(body=answers.pull_request(head={"sha": SHA, "repo": None})))
    github.pull_requests.look_up(SHOP, 42)
    assert "ghs_first" not in caplog.text
