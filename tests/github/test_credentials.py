"""The App's key."""

import traceback
from datetime import timedelta
from email.utils import format_datetime

import jwt
import pytest

from app.errors import Stalled
from app.github.connect import GitHub
from app.github.credentials import AsApp
from tests.github.answers import IN_SHOP, token_reply
from tests.github.conftest import KeyPair, MovedClock
from tests.github.scripted import Reply, Scripted

TOKENS = "POST /app/installations/5/access_tokens"


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


def test_refused_app_stalls_and_names_the_settings(github: GitHub, script: Scripted) -> None:
    script.on(TOKENS, Reply(401, {"message": "A JSON web token could not be decoded"}))
    with pytest.raises(Stalled, match="EPHEMERA_GITHUB_APP_ID and EPHEMERA_GITHUB_PRIVATE_KEY"):
        github.tokens.token_for(IN_SHOP)
    assert len(script.asked(TOKENS)) == 1


@pytest.mark.parametrize("minutes", [-10, 10])
def test_clock_that_goes_wrong_is_set_by_githubs(
    github: GitHub, script: Scripted, clock: MovedClock, app_key: KeyPair, minutes: int
) -> None:
    right = clock()
    clock.ahead = timedelta(minutes=minutes)
    refused = Reply(401, {"message": "'Expiration time' claim is too far"}, {"Date": format_datetime(right)})
    script.on(TOKENS, refused, token_reply("ghs_first"))
    assert github.tokens.token_for(IN_SHOP) == "ghs_first"
    claims = jwt.decode(script.asked(TOKENS)[-1].token, app_key.public, algorithms=["RS256"])
    assert claims["iat"] <= right.timestamp() < claims["exp"]
