"""The product against a GitHub that keeps its own rules: tokens, permissions, limits, renames."""

from datetime import timedelta

import pytest
import requests

from app.demo.github.faults import Fault, FaultKind
from app.domain.pull_request import Missing, PullRequest
from app.errors import RateLimited, Stalled
from app.github.connect import GitHub
from app.github.permissions import speaking
from app.github.tokens import Scope
from tests.github.conftest import MovedClock, Shop


def _look(connected: GitHub, shop: Shop) -> PullRequest:
    found = connected.pull_requests.look_up(shop.repository, shop.number)
    assert isinstance(found, PullRequest)
    return found


def test_pull_request_is_read_as_it_is(connected: GitHub, shop: Shop) -> None:
    found = _look(connected, shop)
    assert found.repository == shop.repository
    assert (found.number, found.title, found.head_sha) == (shop.number, "Sell more", shop.head_sha)
    assert (found.is_open, found.is_from_fork, found.author.login) == (True, False, "ada")


def test_change_is_seen_through_the_cache(connected: GitHub, shop: Shop) -> None:
    _look(connected, shop)
    _look(connected, shop)
    shop.people.merge(shop.name, shop.number)
    found = _look(connected, shop)
    assert (found.is_open, found.is_merged) == (False, True)
    assert [entry.status for entry in shop.people.ledger() if entry.method == "GET"] == [200, 304, 200]


def test_deleted_fork_counts_as_a_fork(connected: GitHub, shop: Shop) -> None:
    opened = shop.people.open_pull_request(shop.name, author="eve", fork="eve/shop")
    shop.people.delete_fork(shop.name, opened.number)
    found = connected.pull_requests.look_up(shop.repository, opened.number)
    assert isinstance(found, PullRequest)
    assert (found.head_repository_id, found.is_from_fork) == (None, True)


def test_missing_pull_request_is_certain(connected: GitHub, shop: Shop) -> None:
    assert connected.pull_requests.look_up(shop.repository, 999) == Missing()


def test_repository_out_of_sight_is_not_a_missing_pull_request(connected: GitHub, shop: Shop) -> None:
    assert shop.repository.installation_id is not None
    shop.people.change_installation(shop.repository.installation_id, repositories=[])
    with pytest.raises(Stalled, match=f"the App does not see {shop.name}"):
        connected.pull_requests.look_up(shop.repository, 999)


def test_lost_permission_is_named(connected: GitHub, shop: Shop) -> None:
    assert shop.repository.installation_id is not None
    shop.people.change_installation(shop.repository.installation_id, permissions={"metadata": "read"})
    with pytest.raises(Stalled, match=rf"reading {shop.name}#{shop.number}: .*pull_requests"):
        _look(connected, shop)


def test_uninstalled_app_stalls(connected: GitHub, shop: Shop) -> None:
    assert shop.repository.installation_id is not None
    _look(connected, shop)
    shop.people.uninstall(shop.repository.installation_id)
    with pytest.raises(Stalled):
        _look(connected, shop)


def test_renamed_repository_is_followed(connected: GitHub, shop: Shop) -> None:
    shop.people.rename_repository(shop.name, name="store")
    assert _look(connected, shop).repository.full_name == shop.name.replace("/shop", "/store")
    assert len(connected.pull_requests.open_in(shop.repository)) == 1


def test_all_open_pull_requests_are_listed_over_all_pages(connected: GitHub, shop: Shop) -> None:
    for _ in range(101):
        shop.people.open_pull_request(shop.name, author="ada")
    shop.people.close_pull_request(shop.name, shop.number)
    found = connected.pull_requests.open_in(shop.repository)
    assert len({pull_request.number for pull_request in found}) == len(found) == 101


def test_repositories_are_those_of_the_installations(connected: GitHub, shop: Shop) -> None:
    assert shop.repository in connected.pull_requests.repositories()
    assert shop.repository.installation_id is not None
    shop.people.change_installation(shop.repository.installation_id, suspended=True)
    assert shop.repository not in connected.pull_requests.repositories()


@pytest.mark.parametrize("minutes", [51, 61, 200])
def test_hours_go_by(connected: GitHub, shop: Shop, clock: MovedClock, minutes: int) -> None:
    _look(connected, shop)
    clock.ahead = timedelta(minutes=minutes)
    shop.people.shift_clock(minutes * 60)
    _look(connected, shop)
    tokens = [entry for entry in shop.people.ledger() if entry.target.endswith("/access_tokens")]
    assert len(tokens) == 2
    assert all(entry.status < 400 for entry in shop.people.ledger())


def test_revoked_token_is_renewed(connected: GitHub, shop: Shop) -> None:
    assert shop.repository.installation_id is not None
    scope = Scope(shop.repository.installation_id, shop.repository.id, speaking(sets_statuses=True))
    token = connected.tokens.token_for(scope)
    answer = requests.delete(
        f"{shop.people.url}/installation/token", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert answer.status_code == 204
    _look(connected, shop)
    assert [entry.status for entry in shop.people.ledger() if entry.method == "GET"] == [401, 200]


@pytest.mark.parametrize("kind", ["primary_limit", "secondary_limit"])
@pytest.mark.parametrize("status", [403, 429])
def test_limit_is_waited_for(connected: GitHub, shop: Shop, kind: FaultKind, status: int) -> None:
    shop.people.fault(Fault(kind, path=".*/pulls/.*", status=status, seconds=90))
    with pytest.raises(RateLimited, match="rate limit") as caught:
        _look(connected, shop)
    assert timedelta(seconds=85) < caught.value.retry_after <= timedelta(seconds=92)
    assert _look(connected, shop).is_open


def test_app_and_installation_pass_the_checkup(connected: GitHub, shop: Shop) -> None:
    findings = connected.checkup.findings(f"{shop.people.url}/{shop.name}.git")
    wanted = ("GitHub App", "GitHub permissions", "GitHub events", "GitHub environments repository")
    assert {finding.what: finding.is_ok for finding in findings if finding.what in wanted} == dict.fromkeys(
        wanted, True
    )
