"""Webhooks about the environments repository: they say where to look, and never make an environment or a command."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from app.ports import Ring
from app.store.asking import Receipt
from app.web.doorbell import IGNORED, MARKED, QUARANTINED, parse_doorbell
from app.web.doorbell.proposals import ACTIONS
from tests.web.house import House

ENVIRONMENTS = "Acme/Environments"
REPOSITORY = {"id": 70, "full_name": "acme/environments"}
HEAD = {"ref": "ephemera/pr-7-shop", "sha": "a" * 40, "repo": {"id": 70}}
ADA = {"login": "ada", "id": 1, "type": "User"}
CLOSED: dict[str, Any] = {
    "action": "closed",
    "number": 12,
    "pull_request": {"number": 12, "head": HEAD},
    "repository": REPOSITORY,
    "sender": ADA,
}
COMMENT: dict[str, Any] = {
    "action": "created",
    "issue": {"number": 12, "pull_request": {}},
    "comment": {"id": 99, "body": "/ephemera destroy", "user": ADA},
    "repository": REPOSITORY,
    "sender": ADA,
}
RUN: dict[str, Any] = {
    "action": "rerequested",
    "check_run": {"id": 5, "name": "ephemera", "external_id": "3", "head_sha": "a" * 40, "app": {"id": 4711}},
    "repository": REPOSITORY,
    "sender": ADA,
}


def read(payload: dict[str, Any], event: str = "pull_request", environments: str | None = ENVIRONMENTS) -> Receipt:
    """The receipt of a delivery."""
    return parse_doorbell("d-1", event, json.dumps(payload).encode(), "4711", environments)


def with_head(**changes: Any) -> dict[str, Any]:
    """The ordinary delivery, about another head."""
    return CLOSED | {"pull_request": {"number": 12, "head": HEAD | changes}}


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_proposal_is_looked_at(action: str) -> None:
    receipt = read(CLOSED | {"action": action})
    assert (receipt.outcome, receipt.proposal) == (MARKED, 12)
    assert (receipt.ask, receipt.command) == (None, None)


def test_review_is_one_too_though_it_names_no_number_outside() -> None:
    review = {name: value for name, value in CLOSED.items() if name != "number"} | {"action": "submitted", "review": {}}
    assert read(review, "pull_request_review").proposal == 12


@pytest.mark.parametrize("changes", [{"base": {"ref": {"from": "main"}}}, {"title": {"from": "x"}}, None])
def test_edit_counts_where_it_changes_what_it_is_to_be_merged_into(changes: dict[str, Any] | None) -> None:
    is_looked_at = changes is not None and "base" in changes
    assert read(CLOSED | {"action": "edited", "changes": changes}).proposal == (12 if is_looked_at else None)


@pytest.mark.parametrize(
    ("payload", "event"),
    [
        (CLOSED | {"action": "opened"}, "pull_request"),
        (CLOSED | {"action": "labeled"}, "pull_request"),
        (CLOSED | {"action": None}, "pull_request"),
        (with_head(ref="fix-typo"), "pull_request"),
        (with_head(ref="xephemera/pr-7-shop"), "pull_request"),
        (with_head(repo={"id": 71}), "pull_request"),
        (with_head(repo=None), "pull_request"),
        (COMMENT, "issue_comment"),
        (RUN, "check_run"),
        ({"action": "rerequested", "repository": REPOSITORY, "check_suite": {}}, "check_suite"),
        ({"ref": "refs/heads/main", "repository": REPOSITORY}, "push"),
    ],
)
def test_everything_else_there_is_ignored_with_the_reason(payload: dict[str, Any], event: str) -> None:
    receipt = read(payload, event)
    assert (receipt.outcome, receipt.ask, receipt.command, receipt.proposal) == (IGNORED, None, None, None)
    assert receipt.reason is not None
    assert receipt.reason.startswith("it is about the environments repository")


@pytest.mark.parametrize("payload", [CLOSED, COMMENT, RUN])
@pytest.mark.parametrize("environments", [None, "acme/other", "acme/environments-2"])
def test_any_other_repository_is_read_as_ever(payload: dict[str, Any], environments: str | None) -> None:
    receipt = read(payload, environments=environments)
    assert receipt.proposal is None
    assert receipt.ask is not None or receipt.command is not None


def test_where_the_app_is_matters_there_too() -> None:
    receipt = read({"action": "renamed", "repository": REPOSITORY}, "repository")
    assert (receipt.outcome, receipt.proposal) == (MARKED, None)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (CLOSED | {"pull_request": {"number": "12", "head": HEAD}}, "pull_request.number is '12'"),
        (CLOSED | {"pull_request": {"number": 2**31, "head": HEAD}}, "pull_request.number is 2147483648"),
        (CLOSED | {"pull_request": {"number": 12, "head": None}}, "head is None"),
        (with_head(ref=7), "pull_request.head.ref is 7"),
        (CLOSED | {"repository": REPOSITORY | {"id": "70"}}, "repository.id is '70'"),
    ],
)
def test_wrong_shape_is_quarantined_naming_the_field(payload: dict[str, Any], field: str) -> None:
    receipt = read(payload)
    assert (receipt.outcome, receipt.proposal) == (QUARANTINED, None)
    assert receipt.reason is not None
    assert receipt.reason.startswith(field)


# In the database


@pytest.fixture
def court(house: House) -> House:
    """Give an application that knows proposals 11 and 12 of one environment; 12 is the newest."""
    house.execute("INSERT INTO repositories (id, full_name) VALUES (7, 'acme/shop')")
    house.execute(
        "INSERT INTO environments (repository_id, number, namespace, folder, host, cluster, asked_by, asked_reason)"
        " VALUES (7, 7, 'pr-7-shop', 'environments/default/acme/shop/pr-7-shop', 'h', 'default', 'ada', 'opened')"
    )
    house.execute("INSERT INTO template_versions (digest, files) VALUES ('t', '{}')")
    for number in (11, 12):
        house.execute(
            "INSERT INTO proposals (environment_id, number, is_current, generation, desired, templates, requirement,"
            f" evidence, asked_by, asked_reason) SELECT id, {number}, {number == 12}, 1, '{{}}', 't', '{{}}', '{{}}',"
            " 'ada', 'opened' FROM environments"
        )
    return house


def deliver(house: House, payload: dict[str, Any], delivery: str) -> Any:
    """Send it, and return the answer's JSON."""
    answer = house.deliver(json.dumps(payload).encode(), delivery=delivery)
    return answer.json


def test_newest_proposal_of_that_number_is_marked_once_and_rung(court: House) -> None:
    first, again = (deliver(court, CLOSED, "d-1") for _ in range(2))
    assert first == {"delivery": "d-1", "outcome": "marked", "reason": "proposal 12 is looked at"}
    assert again["outcome"] == "duplicate"
    assert {row.number: row.rung for row in court.rows("SELECT number, rung FROM proposals")} == {11: 0, 12: 1}
    assert court.bell.rung == [Ring.REVIEW]
    assert len(court.environments()) == 1


def test_proposal_that_nobody_knows_changes_nothing(court: House) -> None:
    deliver(court, CLOSED | {"pull_request": {"number": 11, "head": HEAD}}, "d-1")
    deliver(court, CLOSED | {"pull_request": {"number": 13, "head": HEAD}}, "d-2")
    assert {row.rung for row in court.rows("SELECT rung FROM proposals")} == {0}
    assert len(court.deliveries()) == 2


def test_what_is_said_there_is_kept_and_does_nothing(court: House) -> None:
    for number, payload in enumerate((CLOSED | {"action": "opened"}, COMMENT, RUN)):
        assert deliver(court, payload, f"d-{number}")["outcome"] == "ignored"
    assert court.bell.rung == []
    with court.store.begin() as session:
        assert session.execute(text("SELECT count(*) FROM commands")).scalar_one() == 0
    assert (len(court.environments()), len(court.deliveries())) == (1, 3)
