"""What an installation does not grant: what can be done is done, and the rest is named."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from app.domain.permissions import needed
from app.domain.pull_request import Missing, PullRequest
from app.domain.report import CheckRun, CheckStatus
from app.errors import Stalled
from app.github.connect import GitHub
from tests.github import answers
from tests.github.answers import SHOP, token_reply
from tests.github.conftest import MovedClock, Shop
from tests.github.scripted import Reply, Scripted

TOKENS = "POST /app/installations/5/access_tokens"
INSTALLATION = "GET /app/installations/5"
PULL = "GET /repos/acme/shop/pulls/42"
REFUSED = Reply(422, {"message": "The permissions requested are not granted to this installation."})


def _grant(script: Scripted, *, without: str) -> None:
    permissions = {name: level for name, level in answers.installation()["permissions"].items() if name != without}
    script.on(TOKENS, REFUSED, token_reply("ghs_less"))
    script.on(INSTALLATION, Reply(body=answers.installation(permissions=permissions)))


def test_what_is_granted_is_asked_for_where_not_all_is(github: GitHub, script: Scripted) -> None:
    _grant(script, without="checks")
    script.on(PULL, Reply(body=answers.pull_request()))
    assert isinstance(github.pull_requests.look_up(SHOP, 42), PullRequest)
    wanted, given = (seen.body["permissions"] for seen in script.asked(TOKENS))
    assert {name: level for name, level in wanted.items() if name != "checks"} == given
    assert script.asked(PULL)[0].token == "ghs_less"


def test_missing_permission_is_named_once_in_the_log(github: GitHub, script: Scripted, clock: MovedClock) -> None:
    _grant(script, without="checks")
    script.on(PULL, Reply(body=answers.pull_request()))
    with capture_logs() as logs:
        for minutes in (0, 5, 11, 22):
            clock.ahead = timedelta(minutes=minutes)
            github.pull_requests.look_up(SHOP, 42)
    (line,) = logs
    assert (line["event"], line["log_level"]) == ("github.permission_missing", "warning")
    assert line["problem"] == "installation 5 (acme) does not grant the App checks: write"


def test_missing_permission_is_named_in_every_refusal(connected: GitHub, shop: Shop) -> None:
    assert shop.repository.installation_id is not None
    some = {"metadata": "read", "pull_requests": "read", "issues": "write", "checks": "read"}
    shop.people.change_installation(shop.repository.installation_id, permissions=some)
    assert connected.reports.put_comment(shop.repository, shop.number, "<!-- m -->", "<!-- m -->", None)
    for _ in range(2):
        with pytest.raises(Stalled, match=r"does not grant the App checks: write, deployments: write, statuses: write"):
            connected.reports.put_check_run(shop.repository, _check(shop), None, look=False)


def test_permission_that_was_granted_meanwhile_is_used_soon(connected: GitHub, shop: Shop, clock: MovedClock) -> None:
    assert shop.repository.installation_id is not None
    installation_id = shop.repository.installation_id
    shop.people.change_installation(installation_id, permissions=needed() | {"checks": "read"})
    with pytest.raises(Stalled, match="checks"):
        connected.reports.put_check_run(shop.repository, _check(shop), None, look=False)
    shop.people.change_installation(installation_id, permissions=needed())
    clock.ahead = timedelta(minutes=11)
    assert connected.reports.put_check_run(shop.repository, _check(shop), None, look=False)


def test_repository_out_of_sight_is_told_from_a_missing_permission(github: GitHub, script: Scripted) -> None:
    script.on(TOKENS, Reply(422, {"message": "There is at least one repository that does not exist"}))
    script.on(INSTALLATION, Reply(body=answers.installation()))
    with capture_logs() as logs, pytest.raises(Stalled, match="the App does not see acme/shop"):
        github.pull_requests.look_up(SHOP, 42)
    assert logs == []


@pytest.mark.parametrize("is_known", [True, False])
def test_pull_request_that_a_missing_permission_hides_is_not_missing(
    connected: GitHub, shop: Shop, is_known: bool
) -> None:
    assert shop.repository.installation_id is not None
    if is_known:
        connected.pull_requests.look_up(shop.repository, shop.number)
    shop.people.change_installation(shop.repository.installation_id, permissions={"metadata": "read"})
    shop.people.conceal_forbidden()
    try:
        with pytest.raises(Stalled):
            connected.pull_requests.look_up(shop.repository, shop.number)
    finally:
        shop.people.conceal_forbidden(on=False)


def test_pull_request_is_missing_for_certain_with_all_permissions(connected: GitHub, shop: Shop) -> None:
    assert connected.pull_requests.look_up(shop.repository, 999) == Missing()


def _check(shop: Shop) -> CheckRun:
    return CheckRun(shop.head_sha, "1", CheckStatus.QUEUED, None, "Title", "Summary", None)
