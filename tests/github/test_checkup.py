"""What `ephemera check` says about GitHub."""

from typing import Any

import pytest

from app.domain.permissions import needed, subscriptions
from app.github.connect import Account, GitHub, connect
from tests.github import answers
from tests.github.conftest import KeyPair, MovedClock
from tests.github.scripted import Reply, Scripted

ELSEWHERE = "https://git.example/acme/envs.git"


def _serve(script: Scripted, *, app: dict[str, Any], installations: list[dict[str, Any]]) -> None:
    script.on("GET /app", Reply(body=app))
    script.on("GET /app/installations", Reply(body=installations))


def _granted(**changes: str) -> dict[str, str]:
    return {name: level for name, level in (needed() | changes).items() if level != "none"}


def test_app_with_everything_needed_is_well(github: GitHub, script: Scripted) -> None:
    _serve(script, app=answers.app(), installations=[answers.installation()])
    script.on("GET /repos/acme/envs/installation", Reply(body=answers.installation()))
    findings = github.checkup.findings(f"{script.url}/acme/envs.git")
    assert [(finding.what, finding.is_ok) for finding in findings] == [
        ("GitHub App", True),
        ("GitHub permissions", True),
        ("GitHub events", True),
        ("GitHub installation", True),
        ("GitHub environments repository", True),
    ]
    assert findings[0].detail == "Ephemera test (ephemera-test), id 1"


@pytest.mark.parametrize(
    ("app", "installations", "what", "detail"),
    [
        ({"permissions": {"metadata": "read"}}, [{}], "GitHub permissions", "checks: write, deployments: write"),
        ({"permissions": _granted(checks="read")}, [{}], "GitHub permissions", "lacks checks: write"),
        ({"permissions": _granted(statuses="none")}, [{}], "GitHub permissions", "lacks statuses: write"),
        ({"permissions": _granted(deployments="none")}, [{}], "GitHub permissions", "lacks deployments: write"),
        ({"permissions": _granted(pull_requests="none")}, [{}], "GitHub permissions", "lacks pull_requests: read"),
        ({"events": []}, [{}], "GitHub events", "pull_request, issue_comment, repository"),
        ({"events": ["pull_request", "repository"]}, [{}], "GitHub events", "not told about issue_comment"),
        ({}, [], "GitHub installations", "installed nowhere"),
        ({}, [{"permissions": {"metadata": "read"}}], "GitHub installation", "does not grant checks: write"),
        ({}, [{}, {"permissions": _granted(issues="read")}], "GitHub installation", "does not grant issues: write"),
    ],
)
def test_lack_is_named_with_advice(
    github: GitHub, script: Scripted, app: dict[str, Any], installations: list[dict[str, Any]], what: str, detail: str
) -> None:
    _serve(script, app=answers.app(**app), installations=[answers.installation(**found) for found in installations])
    (bad,) = [finding for finding in github.checkup.findings(ELSEWHERE) if not finding.is_ok]
    assert bad.what == what
    assert detail in bad.detail
    assert bad.advice


def test_statuses_are_not_asked_for_where_they_are_not_set(
    script: Scripted, app_key: KeyPair, clock: MovedClock
) -> None:
    less: dict[str, Any] = {"permissions": _granted(statuses="none")}
    _serve(script, app=answers.app(**less), installations=[answers.installation(**less)])
    github = connect(Account(script.url, 1, app_key.private, sets_statuses=False), clock)
    assert all(finding.is_ok for finding in github.checkup.findings(ELSEWHERE))


def test_pushing_is_asked_for_only_where_the_environments_repository_is(github: GitHub, script: Scripted) -> None:
    less: dict[str, Any] = {"permissions": _granted(contents="none")}
    _serve(script, app=answers.app(**less), installations=[answers.installation(**less)])
    assert all(finding.is_ok for finding in github.checkup.findings(ELSEWHERE))
    script.on("GET /repos/acme/envs/installation", Reply(body=answers.installation(**less)))
    bad = [finding.what for finding in github.checkup.findings(f"{script.url}/acme/envs.git") if not finding.is_ok]
    assert bad == ["GitHub permissions", "GitHub environments repository"]


def _proposing(script: Scripted, key: KeyPair, clock: MovedClock) -> GitHub:
    return connect(Account(script.url, 1, key.private, environments="acme/envs", proposes=True), clock)


def test_proposing_is_asked_for_where_changes_are_reviewed(
    script: Scripted, app_key: KeyPair, clock: MovedClock
) -> None:
    whole = needed(proposes=True)
    asked = answers.app(permissions=whole, events=list(subscriptions(proposes=True)))
    _serve(script, app=asked, installations=[answers.installation()])
    script.on("GET /repos/acme/envs/installation", Reply(body=answers.installation(permissions=whole)))
    findings = _proposing(script, app_key, clock).checkup.findings(ELSEWHERE)
    assert all(finding.is_ok for finding in findings)
    assert findings[-1].detail == "the App may push to and propose in acme/envs"


@pytest.mark.parametrize(
    ("reply", "details"),
    [
        (Reply(body=answers.installation()), "may not push to and propose in acme/envs: it lacks pull_requests: write"),
        (Reply(404, {"message": "Not Found"}), "the App does not see acme/envs"),
    ],
    ids=["permission", "installation"],
)
def test_what_review_lacks_is_named(
    script: Scripted, app_key: KeyPair, clock: MovedClock, reply: Reply, details: str
) -> None:
    _serve(script, app=answers.app(events=list(subscriptions())), installations=[answers.installation()])
    script.on("GET /repos/acme/envs/installation", reply)
    bad = [found for found in _proposing(script, app_key, clock).checkup.findings(ELSEWHERE) if not found.is_ok]
    assert [(found.what, found.detail) for found in bad[:-1]] == [
        ("GitHub permissions", "the App lacks pull_requests: write"),
        ("GitHub events", "the App is not told about pull_request_review"),
    ]
    assert details in bad[-1].detail
    assert "environments repository" in bad[-1].advice or "pull_requests: write" in bad[-1].advice


def test_suspended_installation_is_mentioned_and_not_a_fault(github: GitHub, script: Scripted) -> None:
    suspended = answers.installation(suspended_at="2030-01-01T00:00:00Z")
    _serve(script, app=answers.app(), installations=[suspended])
    findings = github.checkup.findings(ELSEWHERE)
    assert all(finding.is_ok for finding in findings)
    assert "suspended" in findings[-1].detail


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (Reply(404, {"message": "Not Found"}), "the App does not see acme/envs"),
        (Reply(body=answers.installation(permissions={"contents": "read"})), "may not push to acme/envs"),
    ],
)
def test_environments_repository_that_cannot_be_pushed_to_is_named(
    github: GitHub, script: Scripted, reply: Reply, detail: str
) -> None:
    _serve(script, app=answers.app(), installations=[answers.installation()])
    script.on("GET /repos/acme/envs/installation", reply)
    finding = github.checkup.findings(f"{script.url}/acme/envs.git")[-1]
    assert not finding.is_ok
    assert detail in finding.detail


def test_app_that_github_does_not_know_is_the_only_finding(github: GitHub, script: Scripted) -> None:
    script.on("GET /app", Reply(401, {"message": "Integration not found"}))
    (finding,) = github.checkup.findings(ELSEWHERE)
    assert not finding.is_ok
    assert "Integration not found" in finding.detail
    assert "EPHEMERA_GITHUB_APP_ID" in finding.advice
