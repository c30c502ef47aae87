"""The sweep finds what fell between the stages, and says what has become late."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from app.domain.environment import Status
from app.ports import Ring
from tests.domain.builders import OLD_SHA, pull_request
from tests.stages.house import House
from tests.stages.test_story import FOLDER, closed, opened


def swept(house: House) -> None:
    """Sweep once and let everything follow."""
    house.sweeper.ring_for_what_is_behind()
    house.settle()


def aged(house: House, column: str) -> None:
    """Let twenty minutes pass since then."""
    with house.store.begin() as session:
        session.execute(text(f"UPDATE environments SET {column} = {column} - interval '20 minutes'"))


def test_every_ring_that_was_lost_is_made_good_by_one_sweep_each(house: House) -> None:
    house.truth.pull_requests[42] = pull_request()
    house.deliver("d-1", "opened")
    for behind in (Ring.DECIDE, Ring.PUBLISH, Ring.REPORT):
        house.bell.rung.clear()
        house.sweeper.ring_for_what_is_behind()
        assert behind in house.bell.rung
        house.run(behind)
    house.bell.rung.clear()
    house.sweeper.ring_for_what_is_behind()
    assert house.bell.rung == set()
    assert len(house.texts.checks) == 1


def test_environment_that_does_not_become_ready_in_time_is_said_to_have_failed(house: House) -> None:
    opened(house)
    swept(house)
    assert house.environment().status is Status.PROVISIONING
    aged(house, "published_at")
    swept(house)
    assert house.environment().status is Status.FAILED
    [comment] = house.texts.comments.values()
    assert "Does the syncer run?" in comment


def test_removal_that_takes_too_long_is_said_to_be_stuck(house: House) -> None:
    opened(house)
    closed(house)
    [comment] = house.texts.comments.values()
    assert "stuck" not in comment
    aged(house, "desired_at")
    swept(house)
    [comment] = house.texts.comments.values()
    assert "stuck while being removed" in comment


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"head_sha": OLD_SHA}, "sweep.missed_change"),
        ({"is_draft": True}, "sweep.missed_change"),
        ({"is_open": False}, "sweep.missed_closing"),
    ],
)
def test_change_whose_webhook_was_missed_is_found(house: House, change: dict[str, object], reason: str) -> None:
    opened(house)
    house.truth.pull_requests[42] = pull_request(**change)
    house.run(Ring.RECONCILE)
    house.settle()
    row = house.environment()
    assert row.asked.reason == reason
    assert row.is_published
    assert bool(house.files(FOLDER)) == ("head_sha" in change)


def test_opening_whose_webhook_was_missed_is_found_and_nothing_else_is_touched(house: House) -> None:
    opened(house)
    house.truth.pull_requests[43] = replace(pull_request(), number=43)
    house.run(Ring.RECONCILE)
    house.settle()
    assert house.environment(43).is_published
    assert house.environment(42).asked.generation == 1
