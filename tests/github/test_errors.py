"""What GitHub's refusals, and its silences, become."""

import traceback
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from app.errors import EphemeraError, RateLimited, Stalled, Transient
from app.github.connect import Account, GitHub, connect
from app.github.errors import refused
from app.github.exchange import Answer, Request
from tests.github.answers import IN_SHOP, SHOP
from tests.github.conftest import KeyPair, MovedClock
from tests.github.scripted import Reply, Scripted

NOW = datetime(2030, 1, 1, tzinfo=UTC)
RESET = str(int(NOW.timestamp()) + 120)
PULL = "GET /repos/acme/shop/pulls/42"

TRANSIENT: list[tuple[int, dict[str, str], str, float | None]] = [
    (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}, "", 121),
    (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}, "", 121),
    (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET, "date": "Tue, 01 Jan 2030 00:01:00 GMT"}, "", 61),
    (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}, "", 1),
    (403, {"retry-after": "7"}, "", 7),
    (429, {"retry-after": "7"}, "", 7),
    (403, {}, '{"message": "You have exceeded a secondary rate limit."}', 60),
    (403, {}, '{"documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}', 60),
    (429, {}, "", 60),
    (429, {"retry-after": "soon"}, "", 60),
    (429, {"retry-after": "9" * 30}, "", 86400),
    (409, {}, "", None),
    (500, {}, "<html>", None),
    (502, {}, "", None),
    (503, {"retry-after": "30"}, "", 30),
]

STALLED: list[tuple[int, dict[str, str], str, str]] = [
    (400, {}, '{"message": "Problems parsing JSON"}', "refused it with 400: 'Problems parsing JSON'"),
    (401, {}, '{"message": "Bad credentials"}', "EPHEMERA_GITHUB_PRIVATE_KEY"),
    (403, {}, '{"message": "Resource not accessible by integration"}', "forbids it to the App"),
    (403, {"x-accepted-github-permissions": "checks=write"}, "{}", "grant the App checks=write"),
    (404, {}, "{}", "the App does not see acme/shop: was it removed from the installation?"),
    (410, {}, '{"message": "Gone"}', "does not see acme/shop"),
    (451, {}, '{"message": "Repository access blocked"}', "Repository access blocked"),
    (422, {}, '{"message": "Validation Failed", "errors": [{"field": "body"}]}', "'field': 'body'"),
    (422, {}, "[" * 100_000, "without a reason"),
]


def _refused(status: int, headers: Mapping[str, str], text: str) -> EphemeraError:
    request = Request("reading acme/shop#42", "/repos/acme/shop/pulls/42", repository="acme/shop")
    return refused(request, Answer(status, headers, text), NOW)


@pytest.mark.parametrize(("status", "headers", "text", "seconds"), TRANSIENT)
def test_refusal_that_passes_is_transient(
    status: int, headers: dict[str, str], text: str, seconds: float | None
) -> None:
    error = _refused(status, headers, text)
    assert isinstance(error, Transient)
    assert isinstance(error, RateLimited) is (status in (403, 429))
    assert error.retry_after == (None if seconds is None else timedelta(seconds=seconds))
    assert str(error).startswith("reading acme/shop#42: ")


@pytest.mark.parametrize(("status", "headers", "text", "words"), STALLED)
def test_refusal_that_needs_a_person_stalls(status: int, headers: dict[str, str], text: str, words: str) -> None:
    error = _refused(status, headers, text)
    assert isinstance(error, Stalled)
    assert words in str(error)
    assert str(error).startswith("reading acme/shop#42: ")


@pytest.mark.parametrize(("status", "is_named"), [(403, True), (404, True), (400, False), (422, False), (451, False)])
def test_what_the_token_lacks_is_named_where_it_may_be_the_reason(status: int, is_named: bool) -> None:
    request = Request("reading acme/shop#42", "/repos/acme/shop/pulls/42", repository="acme/shop")
    error = refused(request, Answer(status, {}, "{}"), NOW, "installation 5 does not grant it")
    assert str(error).endswith("; installation 5 does not grant it") is is_named


def test_long_message_is_cut() -> None:
    assert len(str(_refused(422, {}, '{"message": "' + "x" * 5000 + '"}'))) < 300


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(body={"number": 42}, fault="half_body"), "broke off in the middle"),
        (Reply(fault="cut"), "the connection to GitHub failed"),
        (Reply(body=b"<html>maintenance</html>", headers={"Content-Type": "text/html"}), "is not JSON"),
        (Reply(body=b"\xff\xfe"), "is not JSON"),
        (Reply(body=b"[" * 100_000), "is not JSON"),
    ],
)
def test_answer_that_does_not_arrive_whole_is_transient(
    github: GitHub, script: Scripted, reply: Reply, words: str
) -> None:
    script.on(PULL, reply)
    with pytest.raises(Transient, match=f"^reading acme/shop#42: .*{words}"):
        github.pull_requests.look_up(SHOP, 42)


def test_silence_is_transient(script: Scripted, app_key: KeyPair, clock: MovedClock) -> None:
    script.on("POST /app/installations/5/access_tokens", Reply(fault="stall"))
    github = connect(Account(script.url, 1, app_key.private, read_seconds=0.1), clock)
    with pytest.raises(Transient, match="did not answer in time"):
        github.tokens.token_for(IN_SHOP)


def test_nobody_listening_is_transient(script: Scripted, app_key: KeyPair, clock: MovedClock) -> None:
    github = connect(Account("http://127.0.0.1:1/api", 1, app_key.private), clock)
    with pytest.raises(Transient, match="the connection to GitHub failed"):
        github.tokens.token_for(IN_SHOP)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 500])
def test_no_traceback_holds_a_token_even_if_the_server_repeats_it(
    github: GitHub, script: Scripted, status: int
) -> None:
    script.on(PULL, Reply(status, {"message": "you sent Bearer ghs_first"}))
    with pytest.raises(EphemeraError) as caught:
        github.pull_requests.look_up(SHOP, 42)
    text = "".join(traceback.format_exception(caught.value))
    assert "reading acme/shop#42" in text or "reading acme/shop" in text
    assert "ghs_first" not in text
