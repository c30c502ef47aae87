"""Webhooks about installations and repositories ask for a look at all installations; any other is kept and ignored."""

import pytest

from app.ports import Ring
from tests.fixtures.payloads import Payload, every_example, example
from tests.web.house import House

FOLLOWED = [
    ("installation", "created"),
    ("installation", "deleted"),
    ("installation", "suspend"),
    ("installation", "unsuspend"),
    ("installation", "new_permissions_accepted"),
    ("installation_repositories", "added"),
    ("installation_repositories", "removed"),
    ("repository", "renamed"),
    ("repository", "transferred"),
    ("repository", "privatized"),
]


@pytest.mark.parametrize(("event", "action"), FOLLOWED)
def test_change_of_what_the_app_sees_asks_for_a_look(house: House, event: str, action: str) -> None:
    answer = house.send(example(event, action))
    assert (answer.status_code, answer.get_json()["outcome"]) == (202, "marked")
    assert house.bell.rung == [Ring.FOLLOW]
    assert house.environments() == []


def test_deleted_repository_asks_for_a_look(house: House) -> None:
    document = example("repository", "renamed").document | {"action": "deleted"}
    house.send(Payload("repository", "deleted", document))
    assert house.bell.rung == [Ring.FOLLOW]


def test_delivery_that_was_here_before_asks_for_nothing(house: House) -> None:
    for _ in range(2):
        house.send(example("installation", "deleted"), "d-1")
    assert house.bell.rung == [Ring.FOLLOW]


@pytest.mark.parametrize("event", ["push", "status", "workflow_run", "ping", "star"])
def test_what_nothing_depends_on_is_kept_and_ignored(house: House, event: str) -> None:
    sent = [payload for payload in every_example() if payload.event == event]
    answers = [house.send(payload).get_json()["outcome"] for payload in sent]
    assert answers == ["ignored"] * len(sent) != []
    assert len(house.deliveries()) == len(sent)
    assert house.bell.rung == []


@pytest.mark.parametrize(("event", "action"), [("repository", "edited"), ("repository", "created")])
def test_other_news_of_repositories_change_nothing(house: House, event: str, action: str) -> None:
    assert house.send(example(event, action)).get_json()["outcome"] == "ignored"
    assert house.bell.rung == []
