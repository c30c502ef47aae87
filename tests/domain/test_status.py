"""Where an environment stands, as a table over its row and the time."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.desired import Absent, Waiting
from app.domain.environment import Environment, Published, Stage, Status, Trouble
from app.domain.health import Cause, Phase, Problem
from app.domain.proposal import ProposalState
from app.domain.status import GONE_WITHIN, READY_WITHIN, TRIES, assess
from tests.domain.builders import NOW, OLD_SHA, environment, health, proposal, removed, teardown, torn_down, web

PULL = Problem(Cause.IMAGE_PULL, "Pod/web-1", "not found")
SECOND = timedelta(seconds=1)
ABSENT = health(phase=Phase.ABSENT)
LATE = Published(3, "b" * 40, "c" * 40, NOW - READY_WITHIN - SECOND, ("Deployment/web",))
BEHIND = Published(2, "b" * 40, "c" * 40, NOW - SECOND, ("Deployment/web",))
STALLED = {Stage.PUBLISH: Trouble("the template is broken", 1, is_stalled=True)}
TRYING = {Stage.DECIDE: Trouble("GitHub answered 503", TRIES - 1, is_stalled=False)}
GIVEN_UP = {Stage.DECIDE: Trouble("GitHub answered 503", TRIES, is_stalled=False)}

OPEN = proposal()
REFUSED = proposal(state=ProposalState.REFUSED, decided_by="grace", decided_at=NOW)
MERGED = proposal(state=ProposalState.MERGED)
BROKEN = health(web(ready=False, sha=OLD_SHA, problem=PULL))
LEAVING = removed(desired_at=NOW - GONE_WITHIN - SECOND, published=BEHIND)


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


@pytest.mark.parametrize(
    ("row", "status"),
    [
        (environment(published=BEHIND, proposal=OPEN), Status.WAITING),
        (environment(published=BEHIND, proposal=OPEN, was_ready=True, health=BROKEN), Status.WAITING),
        (environment(published=BEHIND, proposal=replace(OPEN, trouble="403")), Status.WAITING),
        (environment(published=BEHIND, proposal=OPEN, troubles=STALLED), Status.WAITING),
        (environment(published=BEHIND, proposal=replace(OPEN, is_wanted=False)), Status.PROVISIONING),
        (environment(published=BEHIND, proposal=REFUSED), Status.FAILED),
        (environment(published=BEHIND, proposal=replace(REFUSED, is_wanted=False)), Status.PROVISIONING),
        (environment(published=BEHIND, proposal=MERGED), Status.PROVISIONING),
        (environment(published=BEHIND, proposal=MERGED, was_ready=True), Status.UPDATING),
        (environment(published=BEHIND, proposal=replace(OPEN, state=ProposalState.SPOILED)), Status.PROVISIONING),
        (environment(proposal=replace(MERGED, is_settled=True), health=health(web())), Status.READY),
        (environment(desired=Waiting("fork"), proposal=replace(REFUSED, is_wanted=False)), Status.WAITING),
        (replace(LEAVING, proposal=replace(OPEN, is_removal=True)), Status.DESTROYING),
        (replace(LEAVING, proposal=replace(REFUSED, is_removal=True)), Status.DESTROYING),
        (removed(proposal=replace(MERGED, is_removal=True), teardown=torn_down()), Status.DESTROYED),
    ],
)
def test_status_of_what_was_proposed(row: Environment, status: Status) -> None:
    assert assess(row, NOW).status is status


def test_change_in_review_hides_what_is_wrong_with_the_commit_before() -> None:
    assert assess(environment(published=BEHIND, proposal=OPEN, health=BROKEN), NOW).problems == ()
    assert assess(environment(published=BEHIND, proposal=REFUSED, health=BROKEN), NOW).problems == ()


@pytest.mark.parametrize("row", [environment(published=BEHIND), LEAVING])
def test_refusal_says_who_refused_and_what_asks_again(row: Environment) -> None:
    refused = replace(REFUSED, is_removal=isinstance(row.desired, Absent))
    [error] = assess(replace(row, proposal=refused), NOW).errors
    assert "grace closed proposal 12" in error
    assert "a new commit or `/ephemera deploy`" in error


def test_proposal_that_could_not_be_opened_says_why() -> None:
    assert assess(environment(proposal=replace(OPEN, trouble="GitHub answered 403")), NOW).errors == (
        "GitHub answered 403",
    )


def test_removal_in_review_is_not_stuck() -> None:
    assert assess(LEAVING, NOW).is_stuck
    for held in (OPEN, REFUSED):
        assert not assess(replace(LEAVING, proposal=replace(held, is_removal=True)), NOW).is_stuck


def test_removal_is_stuck_only_after_its_deadline() -> None:
    assert not assess(removed(desired_at=NOW - GONE_WITHIN), NOW).is_stuck
    assert assess(removed(desired_at=NOW - GONE_WITHIN - SECOND), NOW).is_stuck


def test_failed_status_says_why() -> None:
    assessment = assess(environment(health=health(web(ready=False, problem=PULL)), troubles=STALLED), NOW)
    assert assessment.errors == ("the template is broken",)
    assert assessment.problems == (PULL,)


def test_late_environment_says_that_nothing_says_why() -> None:
    assert assess(environment(published=LATE), NOW).problems[0].cause is Cause.DEADLINE
