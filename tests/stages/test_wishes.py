"""What people ask for beyond a look: more time, one commit and no other, another life; and what ends by itself."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from app.domain.desired import Absent
from app.domain.environment import Status
from app.domain.health import Health, Phase
from app.ports import Ring
from app.store import wishing
from app.store.wishing import Refused
from tests.domain.builders import OLD_SHA, SHA, health, pull_request, web
from tests.stages.house import House
from tests.stages.test_removal import left
from tests.stages.test_story import FOLDER, NAMESPACE, closed, opened, ready
from tests.store.published import ELDER, published

DAY = timedelta(days=1)


def pushed(house: House, sha: str) -> None:
    """Push, and let everything follow."""
    house.truth.pull_requests[42] = pull_request(head_sha=sha)
    house.deliver(f"d-push-{sha[:4]}", "synchronize")
    house.settle()


def passed(house: House, length: timedelta) -> None:
    """Let time pass, then sweep and let everything follow."""
    columns = ("active_at", "wanted_since", "expires_at", "extended_until")
    with house.store.begin() as session:
        changes = ", ".join(f"{column} = {column} - :length" for column in columns)
        session.execute(text(f"UPDATE environments SET {changes}"), {"length": length})
    house.sweeper.ring_for_what_is_behind()
    house.settle()


def looked(house: House, ring: Ring = Ring.DECIDE) -> None:
    """Let everything follow from what was asked for."""
    house.bell.ring(ring)
    house.settle()


def rolled_back(house: House, sha: str) -> None:
    """Ask to have what is recorded of a commit run again."""
    with house.store.begin() as session:
        wishing.rollback(session, house.environment().id, sha, "grace", "command.rollback")


def expires_at(house: House) -> datetime:
    """When the environment goes by itself."""
    found = house.environment().expires_at
    assert found is not None
    return found


def test_environment_that_nobody_uses_goes_and_says_how_to_have_it_back(house: House) -> None:
    opened(house)
    passed(house, 3 * DAY - timedelta(minutes=1))
    assert house.has(FOLDER)
    passed(house, timedelta(minutes=1))
    assert not house.has(FOLDER)
    desired = house.environment().desired
    assert isinstance(desired, Absent)
    assert (desired.is_expired, "not used for 72 hours" in desired.reason) == (True, True)
    assert house.environment().expires_at is None
    house.bell.rung.clear()
    house.sweeper.ring_for_what_is_behind()
    house.run(Ring.RECONCILE)
    assert house.environment().asked.generation == house.environment().decided_generation


@pytest.mark.parametrize("how", ["push", "redeploy"])
def test_what_went_by_itself_comes_back_for_a_whole_life(house: House, how: str) -> None:
    opened(house)
    passed(house, 15 * DAY)
    assert not house.has(FOLDER)
    if how == "push":
        pushed(house, OLD_SHA)
    else:
        with house.store.begin() as session:
            wishing.redeploy(session, house.environment().id, "ada", "command.deploy")
        looked(house)
    assert house.has(FOLDER)
    passed(house, 2 * DAY)
    assert house.has(FOLDER)


def test_other_deliveries_do_not_count_as_use(house: House) -> None:
    opened(house)
    first = expires_at(house)
    house.deliver("d-label", "labeled")
    house.settle()
    assert expires_at(house) == first
    pushed(house, OLD_SHA)
    assert expires_at(house) > first


def test_busiest_environment_goes_after_its_longest_life(house: House) -> None:
    opened(house)
    for day in range(6):
        passed(house, 2 * DAY)
        pushed(house, str(day) * 40)
        assert house.has(FOLDER)
    passed(house, 2 * DAY)
    assert not house.has(FOLDER)
    desired = house.environment().desired
    assert isinstance(desired, Absent)
    assert "existed for 14 days" in desired.reason


def test_row_of_an_older_version_counts_from_now(house: House) -> None:
    """Else an upgrade would remove everything at once."""
    opened(house)
    with house.store.begin() as session:
        session.execute(text("UPDATE environments SET active_at = NULL, wanted_since = NULL, expires_at = NULL"))
    commits = house.commits()
    house.sweeper.ring_for_what_is_behind()
    house.run(Ring.RECONCILE)
    house.deliver("d-again", "opened-again")
    house.settle()
    assert house.commits() == commits
    assert expires_at(house) > house.environment().desired_at + 2 * DAY  # type: ignore[operator]


def test_extension_keeps_it_and_is_told_exactly(house: House) -> None:
    opened(house)
    with house.store.begin() as session:
        until = wishing.extend(session, house.environment().id, 10 * DAY, "grace", "command.extend")
    # At once, so that nobody reads the old day beside the answer.
    assert house.environment().expires_at == until
    looked(house)
    assert expires_at(house) == until
    passed(house, 9 * DAY)
    assert house.has(FOLDER)
    passed(house, DAY)
    assert not house.has(FOLDER)


def test_extension_never_shortens_a_life_and_never_exceeds_the_longest(house: House) -> None:
    opened(house)
    before = expires_at(house)
    with house.store.begin() as session:
        assert wishing.extend(session, house.environment().id, timedelta(hours=1), "grace", "button.extend") >= before
        until = wishing.extend(session, house.environment().id, 99 * DAY, "grace", "api.extend")
    assert timedelta(0) <= until - before - 11 * DAY < timedelta(minutes=5)


def test_nothing_is_extended_where_nothing_should_be(house: House) -> None:
    opened(house)
    closed(house)
    with house.store.begin() as session, pytest.raises(Refused, match="/ephemera deploy"):
        wishing.extend(session, house.environment().id, DAY, "grace", "command.extend")
    assert house.environment().asked.generation == house.environment().decided_generation


def test_pinned_commit_runs_until_it_is_unpinned(house: House) -> None:
    opened(house)
    with house.store.begin() as session:
        wishing.pin(session, house.environment().id, SHA, "grace", "command.pin")
    pushed(house, OLD_SHA)
    assert (house.environment().commit_sha, house.environment().pinned_sha) == (OLD_SHA, SHA)
    assert f":{SHA}" in house.git("show", f"main:{FOLDER}/deployment.yaml")
    ready(house, SHA)
    assert house.environment().status is Status.READY
    with house.store.begin() as session:
        wishing.unpin(session, house.environment().id, "grace", "command.unpin")
    looked(house)
    assert f":{OLD_SHA}" in house.git("show", f"main:{FOLDER}/deployment.yaml")
    assert house.values("SELECT actor || ' ' || kind FROM events WHERE kind LIKE '%pinned' ORDER BY id") == [
        "grace pinned",
        "grace unpinned",
    ]
    with house.store.begin() as session, pytest.raises(Refused, match="No commit is pinned"):
        wishing.unpin(session, house.environment().id, "grace", "command.unpin")


@pytest.mark.parametrize(
    ("sha", "says"), [(SHA[:12], "whole SHA"), ("e" * 40, "one that was deployed"), (SHA.upper(), "whole SHA")]
)
def test_commit_that_the_pull_request_never_had_cannot_be_pinned(house: House, sha: str, says: str) -> None:
    opened(house)
    with house.store.begin() as session, pytest.raises(Refused, match=says):
        wishing.pin(session, house.environment().id, sha, "grace", "command.pin")
    assert house.environment().pinned_sha is None


def test_pin_ends_with_the_pull_request(house: House) -> None:
    opened(house)
    with house.store.begin() as session:
        wishing.pin(session, house.environment().id, SHA, "grace", "command.pin")
    closed(house)
    assert house.environment().pinned_sha is None


def test_commit_of_a_deployment_names_the_pinned_commit(house: House) -> None:
    opened(house)
    with house.store.begin() as session:
        wishing.pin(session, house.environment().id, SHA, "grace", "command.pin")
    pushed(house, OLD_SHA)
    with house.store.begin() as session:
        wishing.redeploy(session, house.environment().id, "grace", "command.redeploy")
    looked(house)
    assert house.commits()[0].endswith(SHA[:7])


def test_recorded_spec_runs_until_it_is_unpinned_whatever_is_pushed(house: House) -> None:
    opened(house)
    published(house.store, house.environment().id, ELDER, head_sha=OLD_SHA, image="ghcr.io/acme/shop:then", port=3000)
    rolled_back(house, ELDER[:7])
    looked(house)
    assert house.commits()[0].endswith(OLD_SHA[:7])
    assert "\nReason: command.rollback\n" in house.git("log", "-1", "--format=%B", "main")
    before = house.commits()
    pushed(house, "e" * 40)
    assert house.commits() == before
    with house.store.begin() as session:
        wishing.redeploy(session, house.environment().id, "grace", "command.redeploy")
    looked(house)
    assert len(house.commits()) == len(before) + 1
    manifest = house.git("show", f"main:{FOLDER}/deployment.yaml")
    assert ("ghcr.io/acme/shop:then" in manifest, "containerPort: 3000" in manifest) == (True, True)
    with house.store.begin() as session:
        wishing.unpin(session, house.environment().id, "grace", "command.unpin")
    looked(house)
    assert f":{'e' * 40}" in house.git("show", f"main:{FOLDER}/deployment.yaml")
    assert house.values("SELECT message FROM events WHERE kind IN ('rolled_back', 'unpinned') ORDER BY id") == [
        f"to {ELDER}, which ran {OLD_SHA}",
        f"from {ELDER}",
    ]


def test_rollback_and_pin_end_each_other_and_the_pull_request_ends_both(house: House) -> None:
    opened(house)
    published(house.store, house.environment().id, ELDER)
    held = "SELECT coalesce(rollback ->> 'commit', '') || ',' || coalesce(pinned_sha, '') FROM environments"
    rolled_back(house, ELDER)
    with house.store.begin() as session:
        wishing.pin(session, house.environment().id, SHA, "grace", "command.pin")
    assert house.values(held) == [f",{SHA}"]
    rolled_back(house, ELDER)
    assert house.values(held) == [f"{ELDER},"]
    closed(house)
    assert house.values(held) == [","]


def test_recreated_environment_goes_and_comes_back_when_nothing_is_left_of_it(house: House) -> None:
    opened(house)
    ready(house)
    with house.store.begin() as session:
        wishing.recreate(session, house.environment().id, "grace", "button.recreate")
    looked(house, Ring.CLEAN_UP)
    assert not house.has(FOLDER)
    house.cluster.healths[NAMESPACE] = Health(Phase.TERMINATING)
    left(house, f"Namespace/{NAMESPACE}")
    house.sweeper.ring_for_what_is_behind()
    house.settle()
    assert not house.has(FOLDER)
    left(house)
    house.sweeper.ring_for_what_is_behind()
    house.settle()
    assert house.has(FOLDER)
    house.cluster.healths[NAMESPACE] = health(web(generation=1))
    house.observe()
    assert house.environment().status is Status.READY


def test_redeploy_ends_a_recreation_that_does_not_come_to_an_end(house: House) -> None:
    opened(house)
    with house.store.begin() as session:
        wishing.recreate(session, house.environment().id, "grace", "button.recreate")
    looked(house, Ring.CLEAN_UP)
    assert not house.has(FOLDER)
    with house.store.begin() as session:
        wishing.redeploy(session, house.environment().id, "grace", "command.redeploy")
    looked(house)
    assert house.has(FOLDER)


def test_recreating_what_is_not_there_is_a_redeploy(house: House) -> None:
    opened(house)
    with house.store.begin() as session:
        wishing.destroy(session, house.environment().id, "grace", "command.destroy")
    looked(house, Ring.CLEAN_UP)
    with house.store.begin() as session:
        wishing.recreate(session, house.environment().id, "grace", "command.recreate")
    looked(house)
    assert house.has(FOLDER)
