"""Where an environment stands, as a table over its row and the time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.desired import Absent, Waiting
from app.domain.environment import Environment, Published, Stage, Status, Trouble
from app.domain.health import Cause, Phase, Problem
from app.domain.status import GONE_WITHIN, READY_WITHIN, TRIES, assess
from tests.domain.builders import NOW, OLD_SHA, environment, health, removed, teardown, torn_down, web

PULL = Problem(Cause.IMAGE_PULL, "Pod/web-1", "not found")
SECOND = timedelta(seconds=1)
ABSENT = health(phase=Phase.ABSENT)
LATE = Published(3, "b" * 40, "c" * 40, NOW - READY_WITHIN - SECOND, ("Deployment/web",))
BEHIND = Published(2, "b" * 40, "c" * 40, NOW - SECOND, ("Deployment/web",))
STALLED = {Stage.PUBLISH: Trouble("the template is broken", 1, is_stalled=True)}
TRYING = {Stage.DECIDE: Trouble("GitHub answered 503", TRIES - 1, is_stalled=False)}
GIVEN_UP = {Stage.DECIDE: Trouble("GitHub answered 503", TRIES, is_stalled=False)}


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (environment(desired=None, desired_generation=0), Status.PENDING),
        (environment(desired=None, desired_generation=0, troubles=TRYING), Status.PENDING),
        (environment(desired=None, desired_generation=0, troubles=GIVEN_UP), Status.FAILED),
        (environment(desired=Waiting("fork")), Status.WAITING),
        (environment(), Status.PROVISIONING),
        (environment(was_ready=True), Status.UPDATING),
        (environment(health=health(web())), Status.READY),
        (environment(health=health(web()), published=BEHIND), Status.PROVISIONING),
        (environment(health=health(web(sha=OLD_SHA)), was_ready=True), Status.UPDATING),
        (environment(health=health(web(ready=False, problem=PULL))), Status.FAILED),
        (environment(health=health(web()), published=LATE), Status.READY),
        (environment(health=health(web(sha=OLD_SHA)), published=LATE), Status.FAILED),
        (environment(published=replace(LATE, at=NOW - READY_WITHIN + SECOND)), Status.PROVISIONING),
        (environment(health=health(web()), troubles=STALLED), Status.FAILED),
        (removed(), Status.DESTROYING),
        (removed(health=health(web())), Status.DESTROYING),
        (removed(health=health(phase=Phase.TERMINATING), observed_at=NOW), Status.DESTROYING),
        (removed(health=ABSENT, observed_at=NOW), Status.DESTROYING),
        (removed(teardown=None), Status.DESTROYING),
        (removed(teardown=teardown("Namespace/pr-42-shop")), Status.DESTROYING),
        (removed(teardown=teardown("Application/pr-42-shop")), Status.DESTROYING),
        (removed(teardown=teardown("PersistentVolume/pvc-1")), Status.DESTROYING),
        (removed(teardown=torn_down()), Status.DESTROYED),
        (removed(teardown=torn_down(), published=replace(BEHIND, tree=None)), Status.DESTROYING),
        (removed(teardown=torn_down(), published=LATE), Status.DESTROYING),
        (removed(desired=Absent("draft"), teardown=torn_down()), Status.DESTROYED),
    ],
)
def test_status(row: Environment, status: Status) -> None:
    assert assess(row, NOW).status is status


def test_removal_is_stuck_only_after_its_deadline() -> None:
    assert not assess(removed(desired_at=NOW - GONE_WITHIN), NOW).is_stuck
    assert assess(removed(desired_at=NOW - GONE_WITHIN - SECOND), NOW).is_stuck


def test_failed_status_says_why() -> None:
    assessment = assess(environment(health=health(web(ready=False, problem=PULL)), troubles=STALLED), NOW)
    assert assessment.errors == ("the template is broken",)
    assert assessment.problems == (PULL,)


def test_late_environment_says_that_nothing_says_why() -> None:
    assert assess(environment(published=LATE), NOW).problems[0].cause is Cause.DEADLINE
