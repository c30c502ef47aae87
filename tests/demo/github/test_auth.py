"""Who may do what with the simulated GitHub."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.demo.github.client import SimulatedGitHub
from tests.fixtures.github import APP_ID, Caller, Shop, app_jwt, installation_caller

BAD_TIMES = [
    ({"issued": -700, "expires": -10}, 401, "'exp'"),
    ({"issued": 120, "expires": 300}, 401, "'iat'"),
    ({"issued": -60, "expires": 700}, 401, "too far in the future"),
    ({"issuer": "1"}, 404, "Integration not found"),
]


@pytest.mark.parametrize(("claims", "status", "message"), BAD_TIMES)
def test_bad_claims_are_refused(
    github: SimulatedGitHub, app_key: rsa.RSAPrivateKey, claims: dict[str, int], status: int, message: str
) -> None:
    answer = Caller(github.url, f"Bearer {app_jwt(app_key, **claims)}").get("/app")  # type: ignore[arg-type]
    assert answer.status_code == status
    assert message in answer.json()["message"]


@pytest.mark.parametrize("claims", [{"issued": 50}, {"issuer": "Iv23liSimulatedApp01"}])
def test_a_clock_a_little_ahead_and_the_client_id_are_accepted(
    github: SimulatedGitHub, app_key: rsa.RSAPrivateKey, claims: dict[str, int]
) -> None:
    answer = Caller(github.url, f"Bearer {app_jwt(app_key, **claims)}").get("/app")  # type: ignore[arg-type]
    assert answer.json()["id"] == APP_ID


def test_another_key_is_refused(github: SimulatedGitHub) -> None:
    other = rsa.generate_private_key(65537, 2048)
    answer = Caller(github.url, f"Bearer {app_jwt(other)}").get("/app")
    assert (answer.status_code, answer.json()["message"]) == (401, "A JSON web token could not be decoded")


@pytest.mark.parametrize("authorization", ["Bearer ghs_nobody", "token a.b", "Basic eDp5"])
def test_unknown_credentials_are_bad(github: SimulatedGitHub, shop: Shop, authorization: str) -> None:
    answer = Caller(github.url, authorization).get(shop.path)
    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")


def test_a_token_ends_after_an_hour(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.shift_clock(3_590)
    assert as_installation.get(shop.path).status_code == 200
    github.shift_clock(3_610)
    assert as_installation.get(shop.path).status_code == 401


def test_a_token_ends_with_its_installation(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.uninstall(shop.installation_id)
    assert as_installation.get(shop.path).status_code == 401


def test_a_suspended_installation_is_refused(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.change_installation(shop.installation_id, suspended=True)
    assert as_installation.get(shop.path).status_code == 403
    github.change_installation(shop.installation_id, suspended=False)
    assert as_installation.get(shop.path).status_code == 200


def test_a_private_repository_of_another_installation_is_not_found(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    other = github.create_repository(f"{shop.name.split('/')[0]}x/hidden")
    github.install(other.full_name.split("/")[0])
    assert as_installation.get(f"/repos/{other.full_name}").status_code == 404


def test_a_public_repository_can_be_read_but_not_written_without_an_installation(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    other = github.create_repository(f"{shop.name.split('/')[0]}y/open", private=False)
    sha = github.open_pull_request(other.full_name).head_sha
    assert as_installation.get(f"/repos/{other.full_name}/pulls/1").status_code == 200
    answer = as_installation.call("POST", f"/repos/{other.full_name}/statuses/{sha}", {"state": "success"})
    assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by integration")


def test_a_missing_permission_is_named(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    github.change_installation(shop.installation_id, permissions={"metadata": "read", "checks": "read"})
    answer = as_installation.call("POST", f"{shop.path}/check-runs", {"name": "ephemera", "head_sha": sha})
    assert answer.status_code == 403
    assert answer.headers["X-Accepted-GitHub-Permissions"] == "checks=write"
    assert as_installation.get(f"{shop.path}/commits/{sha}/check-runs").status_code == 200


def test_what_may_not_be_read_can_be_concealed_as_github_does_by_operation(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    github.change_installation(shop.installation_id, permissions={"metadata": "read"})
    path = f"{shop.path}/commits/{sha}/check-runs"
    assert as_installation.get(path).headers["X-Accepted-GitHub-Permissions"] == "checks=read"
    github.conceal_forbidden()
    assert as_installation.get(path).status_code == 404
    made = as_installation.call("POST", f"{shop.path}/check-runs", {"name": "ephemera", "head_sha": sha})
    assert made.status_code == 403


def test_a_narrowed_token_can_do_less(github: SimulatedGitHub, as_app: Caller, shop: Shop) -> None:
    owner = shop.name.split("/")[0]
    github.create_repository(f"{owner}/other")
    narrow = installation_caller(as_app, shop, repositories=["shop"], permissions={"checks": "read"})
    assert narrow.get(f"/repos/{owner}/other").status_code == 404
    assert narrow.get(f"{shop.path}/pulls").status_code == 403
    assert [one["name"] for one in narrow.get("/installation/repositories").json()["repositories"]] == ["shop"]


@pytest.mark.parametrize("narrowed", [{"permissions": {"administration": "write"}}, {"repositories": ["nothing"]}])
def test_a_token_cannot_be_widened(as_app: Caller, shop: Shop, narrowed: dict[str, object]) -> None:
    answer = as_app.call("POST", f"/app/installations/{shop.installation_id}/access_tokens", narrowed)
    assert answer.status_code == 422


def test_each_credential_has_its_own_operations(as_app: Caller, as_installation: Caller, shop: Shop) -> None:
    assert as_installation.get("/app").status_code == 401
    assert as_app.get("/installation/repositories").status_code == 403
    assert Caller(as_app.url, "").get(shop.path).status_code == 404


def test_no_credential_reaches_the_ledger(
    github: SimulatedGitHub, as_app: Caller, as_installation: Caller, shop: Shop
) -> None:
    github.keep_answers(on=False)
    github.reset_ledger()
    as_app.get("/app")
    as_installation.get(shop.path)
    written = str(github.ledger())
    for caller in (as_app, as_installation):
        assert caller.authorization.split()[1] not in written
