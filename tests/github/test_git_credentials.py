"""Git over HTTP."""

from datetime import timedelta

import pytest

from app.errors import Stalled
from app.github.connect import GitHub
from app.github.git_credentials import full_name, is_on_this_github
from tests.github import answers
from tests.github.answers import token_reply
from tests.github.conftest import MovedClock, Shop
from tests.github.scripted import Reply, Scripted

TOKENS = "POST /app/installations/5/access_tokens"


@pytest.mark.parametrize(
    ("repository_url", "api_url", "expected"),
    [
        ("https://github.com/acme/envs.git", "https://api.github.com", True),
        ("https://github.com:443/acme/envs", "https://api.github.com/", True),
        ("https://GitHub.com/acme/envs.git", "https://api.github.com", True),
        ("https://gitlab.com/acme/envs.git", "https://api.github.com", False),
        ("https://github.com.evil.example/acme/envs.git", "https://api.github.com", False),
        ("https://api.github.com/acme/envs.git", "https://api.github.com", False),
        ("http://github.com/acme/envs.git", "https://api.github.com", False),
        ("git@github.com:acme/envs.git", "https://api.github.com", False),
        ("ssh://git@github.com/acme/envs.git", "https://api.github.com", False),
        ("/srv/git/envs.git", "https://api.github.com", False),
        ("https://ghe.acme.example/acme/envs.git", "https://ghe.acme.example/api/v3", True),
        ("https://ghe.acme.example:8443/acme/envs.git", "https://ghe.acme.example/api/v3", False),
        ("https://octo.ghe.com/acme/envs.git", "https://api.octo.ghe.com", True),
        ("http://127.0.0.1:4000/acme/envs.git", "http://127.0.0.1:4000", True),
        ("http://127.0.0.1:4001/acme/envs.git", "http://127.0.0.1:4000", False),
    ],
)
def test_repository_is_on_the_github_of_the_api(repository_url: str, api_url: str, expected: bool) -> None:
    assert is_on_this_github(repository_url, api_url) is expected


@pytest.mark.parametrize(
    "url",
    ["https://github.com/acme/envs.git", "https://github.com/acme/envs/", "http://127.0.0.1:1/git/acme/envs.git"],
)
def test_full_name_is_the_end_of_the_path(url: str) -> None:
    assert full_name(url) == "acme/envs"


@pytest.mark.parametrize(
    "url", ["https://github.com/", "https://bob:hunter2@github.com/envs.git", "https://github.com//x"]
)
def test_url_without_owner_and_name_stalls_and_shows_no_password(url: str) -> None:
    with pytest.raises(Stalled, match="EPHEMERA_ENVIRONMENTS_REPOSITORY") as caught:
        full_name(url)
    assert "hunter2" not in str(caught.value)


def test_git_signs_in_with_a_token_that_pushes_to_that_repository_alone(github: GitHub, script: Scripted) -> None:
    _serve(script)
    login = github.git_credentials.login(f"{script.url}/acme/envs.git")
    assert (login.username, login.password) == ("x-access-token", "ghs_pushing")
    assert "ghs_pushing" not in repr(login)
    assert script.asked(TOKENS)[-1].body == {
        "repository_ids": [70],
        "permissions": {"metadata": "read", "contents": "write"},
    }


def test_repository_is_located_once(github: GitHub, script: Scripted) -> None:
    _serve(script)
    for _ in range(3):
        github.git_credentials.login(f"{script.url}/acme/envs.git")
    assert len(script.seen) == 4


def test_repository_is_located_anew_when_it_gives_no_token(github: GitHub, script: Scripted, clock: MovedClock) -> None:
    _serve(script)
    github.git_credentials.login(f"{script.url}/acme/envs.git")
    script.on("GET /repos/acme/envs/installation", Reply(body=answers.installation(6)))
    script.on("POST /app/installations/6/access_tokens", token_reply("ghs_listing"), token_reply("ghs_moved"))
    script.on(TOKENS, Reply(404, {"message": "Not Found"}))
    clock.ahead = timedelta(minutes=51)
    with pytest.raises(Stalled, match="getting a token for acme/envs"):
        github.git_credentials.login(f"{script.url}/acme/envs.git")
    assert github.git_credentials.login(f"{script.url}/acme/envs.git").password == "ghs_moved"


def test_git_signs_in_though_the_repository_was_renamed(connected: GitHub, shop: Shop) -> None:
    shop.people.rename_repository(shop.name, name="store")
    assert connected.git_credentials.login(f"{shop.people.url}/{shop.name}.git").password


def _serve(script: Scripted) -> None:
    script.on("GET /repos/acme/envs/installation", Reply(body=answers.installation(5)))
    script.on("GET /repos/acme/envs", Reply(body={"id": 70, "full_name": "acme/envs"}))
    script.on(TOKENS, token_reply("ghs_listing"), token_reply("ghs_pushing"))
