"""What a token may ask for beyond another deployment: what a person may on the pull request."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.ports import Ring
from app.store import asking
from app.store.asking import Ask
from app.store.tokens import Scope, create
from tests.domain.builders import OLD_SHA, SHA, SHOP, spec
from tests.store.published import ELDER, YOUNGER, published, record
from tests.web.house import POLICY, House

OTHER = "9c48853fa3dc5c1c3d6f1f1f2743e792724102c9"


@pytest.fixture
def environment(house: House) -> int:
    """Give an environment of the repository's own that nobody has looked at yet."""
    with house.store.begin() as session:
        return asking.mark(session, Ask(SHOP, 42, "ada", "test"), POLICY)


def post(house: House, environment: int, verb: str, body: dict[str, Any] | None = None) -> TestResponse:
    """Ask for something with a token that may act."""
    with house.store.begin() as session:
        token = create(session, f"token-{len(house.rows('SELECT id FROM api_tokens'))}", Scope.ACT)
    path = f"/api/v1/environments/{environment}/{verb}"
    return house.client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})


def sees(house: House, *, fork: bool = False) -> None:
    """Have the last look have seen the commit."""
    house.execute(f"UPDATE environments SET commit_sha = '{SHA}', is_from_fork = {fork}")


def reasons(house: House) -> list[tuple[str, str]]:
    """Who asked for what, oldest first."""
    rows = house.rows("SELECT actor, message FROM events WHERE kind = 'asked' ORDER BY id")
    return [(row.actor, row.message) for row in rows]


def test_extension_is_promised_and_noted(house: House, environment: int) -> None:
    answer = post(house, environment, "extend", {"duration": "3d"})
    assert answer.status_code == 202
    assert answer.get_json()["answer"].startswith("It stays until ")
    [row] = house.environments()
    assert abs(row.extended_until - datetime.now(UTC) - timedelta(days=3)) < timedelta(minutes=5)
    assert reasons(house)[-1] == ("token:token-0", "api.extend")
    assert house.bell.rung == [Ring.DECIDE]


def test_commit_is_pinned_by_the_beginning_of_its_id_and_unpinned(house: House, environment: int) -> None:
    sees(house)
    answer = post(house, environment, "pin", {"sha": SHA[:7]})
    assert (answer.status_code, house.environments()[0].pinned_sha) == (202, SHA)
    assert SHA[:12] in answer.get_json()["answer"]
    answer = post(house, environment, "unpin")
    assert (answer.status_code, house.environments()[0].pinned_sha) == (202, None)
    assert [reason for _, reason in reasons(house)][-2:] == ["api.pin", "api.unpin"]


def test_commit_that_the_environment_never_had_is_refused_with_those_it_had(house: House, environment: int) -> None:
    sees(house)
    answer = post(house, environment, "pin", {"sha": OTHER})
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert SHA[:12] in answer.get_json()["detail"]
    assert (house.environments()[0].requested_generation, house.bell.rung) == (1, [])


@pytest.mark.parametrize(
    ("sha", "meant"), [(ELDER[:7], ELDER), (YOUNGER, YOUNGER), (OLD_SHA[:7], ELDER), (SHA, YOUNGER)]
)
def test_rollback_names_a_commit_of_either_repository_by_its_beginning(
    house: House, environment: int, sha: str, meant: str
) -> None:
    for commit, head_sha in ((ELDER, OLD_SHA), ("3" * 40, SHA), (YOUNGER, SHA), (None, SHA)):
        published(house.store, environment, commit, head_sha=head_sha)
    answer = post(house, environment, "rollback", {"sha": sha})
    [row] = house.environments()
    assert (answer.status_code, row.rollback["commit"]) == (202, meant)
    assert row.rollback["head_sha"] == row.rollback["spec"]["head_sha"] == (OLD_SHA if meant == ELDER else SHA)
    assert meant[:12] in answer.get_json()["answer"]
    assert post(house, environment, "unpin").status_code == 202
    assert house.environments()[0].rollback is None
    assert [reason for _, reason in reasons(house)][-2:] == ["api.rollback", "api.unpin"]


@pytest.mark.parametrize(
    ("sha", "says"),
    [
        (OTHER, "one of `222222222222`, `111111111112`, `111111111111`."),
        (ELDER[:11], "say the whole id"),
        ("4" * 40, "Nothing is recorded of a commit `444444444444`"),
        ("5" * 40, "Nothing is recorded of a commit `555555555555`"),
        (YOUNGER, "does not pass today's rules"),
    ],
)
def test_what_cannot_be_rolled_back_to_is_refused(house: House, environment: int, sha: str, says: str) -> None:
    with house.store.begin() as session:
        other = asking.mark(session, Ask(SHOP, 43, "ada", "test"), POLICY)
    for commit in (ELDER, f"{ELDER[:11]}2{ELDER[12:]}"):
        published(house.store, environment, commit)
    record(house.store, environment, YOUNGER, {"kind": "present", "spec": spec().to_mapping() | {"port": 0}})
    published(house.store, other, "4" * 40)
    record(house.store, environment, "5" * 40, {"kind": "absent", "reason": "closed", "is_closed": True})
    answer = post(house, environment, "rollback", {"sha": sha})
    assert (answer.status_code, house.environments()[0].rollback) == (409, None)
    assert says in answer.get_json()["detail"]


def test_rollback_to_a_commit_of_a_fork_needs_its_approval(house: House, environment: int) -> None:
    sees(house, fork=True)
    published(house.store, environment, ELDER, head_sha=OLD_SHA)
    answer = post(house, environment, "rollback", {"sha": ELDER})
    assert (answer.status_code, f"/ephemera approve {OLD_SHA[:12]}" in answer.get_json()["detail"]) == (409, True)
    post(house, environment, "approve", {"sha": OLD_SHA})
    assert post(house, environment, "rollback", {"sha": ELDER}).status_code == 202


def test_recreation_of_nothing_is_a_deployment(house: House, environment: int) -> None:
    assert post(house, environment, "recreate").status_code == 202
    assert house.environments()[0].redeploys == 1
    assert reasons(house)[-1][1] == "api.recreate"


def test_approval_of_a_fork_names_the_token_and_the_whole_commit(house: House, environment: int) -> None:
    sees(house, fork=True)
    assert post(house, environment, "approve", {"sha": SHA}).status_code == 202
    [approval] = house.rows("SELECT * FROM approvals")
    assert (approval.commit_sha, approval.approver_login, approval.source) == (SHA, "token:token-0", "api")


def test_approval_where_none_is_needed_is_refused(house: House, environment: int) -> None:
    sees(house)
    answer = post(house, environment, "approve", {"sha": SHA})
    assert (answer.status_code, house.rows("SELECT * FROM approvals")) == (409, [])
    assert "need no approval" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("extend", {"duration": "15d"}, "duration"),
        ("extend", {"duration": 24}, "duration"),
        ("extend", {"duration": "24h", "more": 1}, "more"),
        ("extend", {}, "duration"),
        ("pin", {"sha": "main"}, "sha"),
        ("pin", {"sha": SHA[:6]}, "sha"),
        ("rollback", {"sha": SHA[:6]}, "sha"),
        ("approve", {"sha": SHA[:12]}, "sha"),
        ("approve", {"sha": f"{SHA}\n"}, "sha"),
        ("approve", {"sha": SHA.upper()}, "sha"),
    ],
)
def test_body_that_cannot_be_used_is_refused_naming_the_field(
    house: House, environment: int, verb: str, body: dict[str, Any], field: str
) -> None:
    answer = post(house, environment, verb, body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert [error["field"] for error in answer.get_json()["errors"]] == [field]
    assert house.environments()[0].requested_generation == 1


@pytest.mark.parametrize("verb", ["extend", "pin", "rollback", "unpin", "approve", "recreate"])
def test_environment_that_does_not_exist_is_not_found(house: House, verb: str) -> None:
    bodies = {"extend": {"duration": "24h"}, "pin": {"sha": SHA}, "rollback": {"sha": SHA}, "approve": {"sha": SHA}}
    assert post(house, 7, verb, bodies.get(verb)).status_code == 404
