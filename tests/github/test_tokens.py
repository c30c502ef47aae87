"""Installation tokens: how far they reach, and how long they are used."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.pull_request import RepositoryRef
from app.errors import Stalled, Transient
from app.github.client import Client
from app.github.connect import Account, GitHub, connect
from app.github.credentials import AsApp
from app.github.errors import NotFound
from app.github.tokens import Tokens
from app.github.transport import Transport
from tests.github import answers
from tests.github.answers import IN_SHOP, SHOP, token_reply
from tests.github.conftest import KeyPair, MovedClock, Shop
from tests.github.scripted import Reply, Scripted

TOKENS = "POST /app/installations/5/access_tokens"
PULL = "GET /repos/acme/shop/pulls/42"


# How far they reach


def test_token_reaches_one_repository_and_what_its_use_needs(github: GitHub, script: Scripted) -> None:
    script.on(PULL, Reply(body=answers.pull_request()))
    github.pull_requests.look_up(SHOP, 42)
    (asked,) = script.asked(TOKENS)
    assert asked.body == {
        "repository_ids": [7],
        "permissions": {
            "metadata": "read",
            "pull_requests": "read",
            "checks": "write",
            "deployments": "write",
            "issues": "write",
            "statuses": "write",
        },
    }


def test_permission_to_set_statuses_is_asked_for_only_where_they_are_set(
    script: Scripted, app_key: KeyPair, clock: MovedClock
) -> None:
    script.on(PULL, Reply(body=answers.pull_request()))
    github = connect(Account(script.url, 1, app_key.private, sets_statuses=False), clock)
    github.pull_requests.look_up(SHOP, 42)
    assert "statuses" not in script.asked(TOKENS)[0].body["permissions"]


def test_looking_over_all_repositories_takes_one_token_that_only_reads(github: GitHub, script: Scripted) -> None:
    for number, name in enumerate(("shop", "store", "depot")):
        repository = RepositoryRef(number, f"acme/{name}", 5)
        script.on(f"GET /repos/acme/{name}/pulls", Reply(body=[]))
        github.pull_requests.open_in(repository)
    (asked,) = script.asked(TOKENS)
    assert asked.body == {"permissions": {"metadata": "read", "pull_requests": "read"}}


def test_one_token_serves_all_pull_requests_of_a_repository(connected: GitHub, shop: Shop) -> None:
    other = shop.people.open_pull_request(shop.name, author="ada")
    for number in (shop.number, other.number):
        connected.pull_requests.look_up(shop.repository, number)
        connected.reports.put_comment(shop.repository, number, "<!-- m -->", "<!-- m -->", None, look=False)
    assert [entry.status for entry in shop.people.ledger() if entry.target.endswith("/access_tokens")] == [201]


def test_tokens_used_longest_ago_are_given_up(script: Scripted, app_key: KeyPair, clock: MovedClock) -> None:
    client, app = Client(Transport(script.url), clock), AsApp(1, app_key.private, clock)
    tokens = Tokens(client, app, most=2)
    one, two, three = (replace(IN_SHOP, repository_id=number) for number in (1, 2, 3))
    for scope in (one, two, one, three, one, two):
        tokens.token_for(scope)
    assert [seen.body["repository_ids"] for seen in script.asked(TOKENS)] == [[1], [2], [3], [2]]


# How long they are used


@pytest.mark.parametrize(("minutes", "expected"), [(0, "ghs_first"), (49, "ghs_first"), (51, "ghs_second")])
def test_token_is_renewed_at_50_minutes(
    github: GitHub, script: Scripted, clock: MovedClock, minutes: int, expected: str
) -> None:
    script.on(TOKENS, token_reply("ghs_first"), token_reply("ghs_second"))
    github.tokens.token_for(IN_SHOP)
    clock.ahead = timedelta(minutes=minutes)
    assert github.tokens.token_for(IN_SHOP) == expected


@pytest.mark.parametrize("life", [timedelta(minutes=-90), timedelta(hours=30)])
def test_token_with_a_strange_end_is_kept_for_50_minutes(
    github: GitHub, script: Scripted, clock: MovedClock, life: timedelta
) -> None:
    script.on(TOKENS, token_reply("ghs_first", life), token_reply("ghs_second"))
    github.tokens.token_for(IN_SHOP)
    clock.ahead = timedelta(minutes=49)
    assert github.tokens.token_for(IN_SHOP) == "ghs_first"
    clock.ahead = timedelta(minutes=51)
    assert github.tokens.token_for(IN_SHOP) == "ghs_second"


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


def test_installation_that_is_gone_stalls(github: GitHub) -> None:
    with pytest.raises(
        Stalled, match=r"getting a token for acme/shop \(installation 6\): .* still installed"
    ) as caught:
        github.tokens.token_for(replace(IN_SHOP, installation_id=6))
    assert not isinstance(caught.value, NotFound)


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
    with pytest.raises(Transient, match="getting a token for acme/shop") as caught:
        github.tokens.token_for(IN_SHOP)
    assert "ghs_hidden" not in str(caught.value)


def test_no_secret_is_in_any_repr(script: Scripted, app_key: KeyPair, clock: MovedClock) -> None:
    account = Account(script.url, 1, app_key.private)
    github = connect(account, clock)
    token = github.tokens.token_for(IN_SHOP)
    shown = f"{account!r} {github!r} {vars(github.tokens)!r}"
    assert token not in shown
    assert "PRIVATE KEY" not in shown
