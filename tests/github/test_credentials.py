"""The App's key and its tokens."""

import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import format_datetime

import jwt
import pytest

from app.errors import Stalled, Transient
from app.github.connect import Account, GitHub, connect
from app.github.credentials import AsApp
from tests.github import answers
from tests.github.answers import SHOP, token_reply
from tests.github.conftest import KeyPair, MovedClock
from tests.github.scripted import Reply, Scripted

TOKENS = "POST /app/installations/5/access_tokens"
PULL = "GET /repos/acme/shop/pulls/42"


def test_app_signs_in_for_less_than_ten_minutes_and_a_minute_back(app_key: KeyPair, clock: MovedClock) -> None:
    token = AsApp(17, app_key.private, clock).token()
    claims = jwt.decode(token, app_key.public, algorithms=["RS256"])
    now = clock().timestamp()
    assert claims["iss"] == "17"
    assert now - 65 <= claims["iat"] <= now - 60
    assert now < claims["exp"] <= claims["iat"] + 600


def test_key_may_be_bytes(app_key: KeyPair, clock: MovedClock) -> None:
    assert AsApp("17", app_key.private.encode(), clock).token()


@pytest.mark.parametrize("key", ["", "hunter2-secret", "-----BEGIN PRIVATE KEY-----\nhunter2-secret\n"])
def test_what_is_no_key_stalls_and_is_not_quoted(key: str, clock: MovedClock) -> None:
    with pytest.raises(Stalled, match="EPHEMERA_GITHUB_PRIVATE_KEY is not") as caught:
        AsApp(1, key, clock).token()
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(("minutes", "expected"), [(0, "ghs_first"), (49, "ghs_first"), (51, "ghs_second")])
def test_token_is_renewed_at_50_minutes(
    github: GitHub, script: Scripted, clock: MovedClock, minutes: int, expected: str
) -> None:
    script.on(TOKENS, token_reply("ghs_first"), token_reply("ghs_second"))
    github.tokens.token_for(5)
    clock.ahead = timedelta(minutes=minutes)
    assert github.tokens.token_for(5) == expected


@pytest.mark.parametrize("life", [timedelta(minutes=-90), timedelta(hours=30)])
def test_token_with_a_strange_end_is_kept_for_50_minutes(
    github: GitHub, script: Scripted, clock: MovedClock, life: timedelta
) -> None:
    script.on(TOKENS, token_reply("ghs_first", life), token_reply("ghs_second"))
    github.tokens.token_for(5)
    clock.ahead = timedelta(minutes=49)
    assert github.tokens.token_for(5) == "ghs_first"
    clock.ahead = timedelta(minutes=51)
    assert github.tokens.token_for(5) == "ghs_second"


def test_eight_threads_share_one_token(github: GitHub, script: Scripted) -> None:
    script.on(PULL, Reply(body=answers.pull_request()))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: github.pull_requests.look_up(SHOP, 42), range(40)))
    assert len(set(found)) == 1
    assert len(script.asked(TOKENS)) == 1


def test_threads_do_not_mix_their_answers(github: GitHub, script: Scripted) -> None:
    for number in range(40):
        script.on(f"GET /repos/acme/shop/pulls/{number}", Reply(body=answers.pull_request(number)))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: github.pull_requests.look_up(SHOP, number), range(40)))
    assert [getattr(pull_request, "number", None) for pull_request in found] == list(range(40))


def test_refused_token_is_renewed_once_and_the_request_repeated(github: GitHub, script: Scripted) -> None:
    script.on(TOKENS, token_reply("ghs_first"), token_reply("ghs_second"))
    script.on(PULL, Reply(401, {"message": "Bad credentials"}), Reply(body=answers.pull_request()))
    assert github.pull_requests.look_up(SHOP, 42)
    assert [seen.token for seen in script.asked(PULL)] == ["ghs_first", "ghs_second"]


def test_token_refused_twice_stalls(github: GitHub, script: Scripted) -> None:
    script.on(PULL, Reply(401, {"message": "Bad credentials"}))
    with pytest.raises(Stalled, match="reading acme/shop#42: GitHub does not accept our credentials"):
        github.pull_requests.look_up(SHOP, 42)
    assert len(script.asked(PULL)) == 2


def test_refused_app_stalls_and_names_the_settings(github: GitHub, script: Scripted) -> None:
    script.on(TOKENS, Reply(401, {"message": "A JSON web token could not be decoded"}))
    with pytest.raises(Stalled, match="EPHEMERA_GITHUB_APP_ID and EPHEMERA_GITHUB_PRIVATE_KEY"):
        github.tokens.token_for(5)
    assert len(script.asked(TOKENS)) == 1


@pytest.mark.parametrize("minutes", [-10, 10])
def test_clock_that_goes_wrong_is_set_by_githubs(
    github: GitHub, script: Scripted, clock: MovedClock, app_key: KeyPair, minutes: int
) -> None:
    right = clock()
    clock.ahead = timedelta(minutes=minutes)
    refused = Reply(401, {"message": "'Expiration time' claim is too far"}, {"Date": format_datetime(right)})
    script.on(TOKENS, refused, token_reply("ghs_first"))
    assert github.tokens.token_for(5) == "ghs_first"
    claims = jwt.decode(script.asked(TOKENS)[-1].token, app_key.public, algorithms=["RS256"])
    assert claims["iat"] <= right.timestamp() < claims["exp"]


def test_installation_that_is_gone_stalls(github: GitHub) -> None:
    with pytest.raises(Stalled, match=r"getting a token for installation 6: .* still installed"):
        github.tokens.token_for(6)


@pytest.mark.parametrize(
    "answer",
    [
        {"token": "ghs_hidden\nx", "expires_at": "2030-01-01T00:00:00Z"},
        {"token": "ghs_hidden", "expires_at": "tomorrow"},
        ["ghs_hidden"],
    ],
)
def test_malformed_token_answer_is_not_quoted(github: GitHub, script: Scripted, answer: object) -> None:
    script.on(TOKENS, Reply(201, answer))
    with pytest.raises(Transient, match="getting a token for installation 5") as caught:
        github.tokens.token_for(5)
    assert "ghs_hidden" not in str(caught.value)


def test_no_secret_is_in_any_repr(script: Scripted, app_key: KeyPair, clock: MovedClock) -> None:
    account = Account(script.url, 1, app_key.private)
    github = connect(account, clock)
    token = github.tokens.token_for(5)
    shown = f"{account!r} {github!r} {vars(github.tokens)!r}"
    assert token not in shown
    assert "PRIVATE KEY" not in shown
