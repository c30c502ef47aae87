"""Faults on demand, and the ledger that shows what the client did about them."""

import pytest
import requests

from app.demo.github.client import SimulatedGitHub
from app.demo.github.faults import Fault
from app.demo.github.wire import ControlError
from tests.fixtures.github import Caller, Shop


def test_a_status_is_answered_as_often_as_asked(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.fault(Fault("status", path=f"{shop.path}.*", times=2, status=502))
    assert [as_installation.get(shop.path).status_code for _ in range(3)] == [502, 502, 200]


def test_a_fault_can_wait_for_a_later_request(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    github.fault(Fault("status", method="GET", path=shop.path, skip=1, status=500))
    assert [as_installation.get(shop.path).status_code for _ in range(3)] == [200, 500, 200]


@pytest.mark.parametrize("kind", ["half_body", "lost_answer"])
def test_a_cut_connection_has_done_its_work(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, kind: str
) -> None:
    pull = github.open_pull_request(shop.name)
    github.fault(Fault(kind, method="POST", path=".*/comments"))  # type: ignore[arg-type]
    with pytest.raises(requests.RequestException):
        as_installation.call("POST", f"{shop.path}/issues/{pull.number}/comments", {"body": "Ready"})
    assert [one.body for one in github.comments(shop.name, pull.number)] == ["Ready"]
    assert [(entry.status, entry.fault) for entry in github.ledger()][-1] == (0, kind)


def test_a_status_fault_has_done_nothing(github: SimulatedGitHub, as_installation: Caller, shop: Shop) -> None:
    pull = github.open_pull_request(shop.name)
    github.fault(Fault("status", method="POST", status=503))
    as_installation.call("POST", f"{shop.path}/issues/{pull.number}/comments", {"body": "Ready"})
    assert github.comments(shop.name, pull.number) == []


def test_a_stalled_request_goes_on_when_faults_are_cleared(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    github.fault(Fault("stall", path=shop.path, seconds=600))
    with pytest.raises(requests.ReadTimeout):
        requests.get(github.url + shop.path, headers={"Authorization": as_installation.authorization}, timeout=0.2)
    github.clear_faults()
    assert as_installation.get(shop.path).status_code == 200


LIMITS = [
    (Fault("primary_limit", status=403, seconds=60), "x-ratelimit-reset", "API rate limit exceeded"),
    (Fault("primary_limit", status=429, seconds=60), "x-ratelimit-reset", "API rate limit exceeded"),
    (Fault("secondary_limit", status=403, seconds=7), "retry-after", "You have exceeded a secondary rate limit"),
    (Fault("secondary_limit", status=429, seconds=7), "retry-after", "You have exceeded a secondary rate limit"),
]


@pytest.mark.parametrize(("fault", "header", "message"), LIMITS)
def test_rate_limits_are_answered_as_github_does(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop, fault: Fault, header: str, message: str
) -> None:
    github.fault(fault)
    answer = as_installation.get(shop.path)
    assert answer.status_code == fault.status
    assert header in answer.headers
    assert answer.json()["message"].startswith(message)


def test_a_bad_pattern_is_refused(github: SimulatedGitHub) -> None:
    with pytest.raises(ControlError, match="bad fault"):
        github.fault(Fault("status", path="("))


def test_the_ledger_keeps_what_was_asked_and_what_it_cost(
    github: SimulatedGitHub, as_installation: Caller, shop: Shop
) -> None:
    sha = github.open_pull_request(shop.name).head_sha
    github.reset_ledger()
    as_installation.get(f"{shop.path}/pulls?state=all")
    as_installation.call("POST", f"{shop.path}/statuses/{sha}", {"state": "success"})
    first, second = github.ledger()
    assert (first.method, first.target, first.status) == ("GET", f"{shop.path}/pulls?state=all", 200)
    assert (first.points, second.points, second.body) == (1, 5, '{"state": "success"}')
    assert first.installation_id == shop.installation_id
