"""How far a commit has come: each step is remembered when it is reached, and nothing moves in between."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.environment import Environment, Progress, Published, Stage, Status, Trouble
from app.domain.health import Cause, Health, Phase, Problem, Sync
from app.domain.progress import Step, StepState, advanced, from_json, steps, to_json
from app.domain.proposal import Proposal, ProposalState
from app.domain.status import assess
from tests.domain.builders import NOW, OLD_SHA, SHA, environment, health, proposal, removed, torn_down, web

OURS = "c" * 40
SYNCED = Sync("Application/pr-42-shop", applied=OURS, tried=OURS, is_exact=True)
DONE, UNDER_WAY, FAILED, WAITING = StepState.DONE, StepState.UNDER_WAY, StepState.FAILED, StepState.WAITING


def after(*rows: Environment) -> Environment:
    """The last row, with the progress and the status that a row a second from all of them makes."""
    progress, status = Progress(), Status.PENDING
    for second, each in enumerate(rows):
        now = NOW + timedelta(seconds=second)
        row = replace(each, progress=progress, status=status)
        assessment = assess(row, now)
        progress, status = advanced(row, assessment, now), assessment.status
    return replace(rows[-1], progress=progress, status=status)


@pytest.mark.parametrize(
    ("row", "states"),
    [
        (environment(published=Published(2, None, None, None)), (DONE, UNDER_WAY, WAITING, WAITING)),
        (environment(), (DONE, DONE, UNDER_WAY, WAITING)),
        (environment(health=Health(Phase.ACTIVE, sync=SYNCED)), (DONE, DONE, DONE, UNDER_WAY)),
        (environment(health=health(web(ready=False))), (DONE, DONE, DONE, UNDER_WAY)),
        (environment(health=health(web(sha=OLD_SHA))), (DONE, DONE, UNDER_WAY, WAITING)),
        (environment(health=health(web())), (DONE, DONE, DONE, DONE)),
        (
            environment(health=health(web(ready=False, problem=Problem(Cause.CRASH, "Pod/web", "exit code 1")))),
            (DONE, DONE, DONE, FAILED),
        ),
        (
            environment(health=Health(Phase.ACTIVE, sync=replace(SYNCED, applied=None, error="denied"))),
            (DONE, DONE, FAILED, WAITING),
        ),
        (
            environment(desired=None, desired_generation=0, troubles={Stage.DECIDE: Trouble("no", 1, is_stalled=True)}),
            (FAILED, WAITING, WAITING, WAITING),
        ),
    ],
)
def test_steps_of_each_row(row: Environment, states: tuple[StepState, ...]) -> None:
    row = after(row)
    taken = steps(row, assess(row, NOW))
    assert [each.step for each in taken] == [step for step in Step if step is not Step.REVIEWED]
    assert tuple(each.state for each in taken) == states


UNPUBLISHED = environment(published=Published(2, None, None, None))


@pytest.mark.parametrize(
    ("row", "states"),
    [
        (replace(UNPUBLISHED, proposal=proposal()), (DONE, UNDER_WAY, WAITING)),
        (replace(UNPUBLISHED, proposal=proposal(state=ProposalState.REFUSED)), (DONE, FAILED, WAITING)),
        (replace(UNPUBLISHED, proposal=proposal(state=ProposalState.MERGED)), (DONE, DONE, UNDER_WAY)),
        (environment(proposal=proposal(state=ProposalState.MERGED, is_settled=True)), (DONE, DONE, DONE)),
    ],
)
def test_review_is_a_step_between_decision_and_commit(row: Environment, states: tuple[StepState, ...]) -> None:
    taken = steps(row, assess(row, NOW))
    assert [each.step for each in taken] == list(Step)
    assert tuple(each.state for each in taken[:3]) == states


@pytest.mark.parametrize(
    "other",
    [
        proposal(is_wanted=False),
        proposal(state=ProposalState.WITHDRAWN),
        proposal(state=ProposalState.SPOILED),
        proposal(is_removal=True),
    ],
)
def test_what_was_not_proposed_has_no_review(other: Proposal) -> None:
    row = replace(UNPUBLISHED, proposal=other)
    assert Step.REVIEWED not in [each.step for each in steps(row, assess(row, NOW))]


def test_review_ends_when_it_was_decided() -> None:
    row = environment(proposal=proposal(state=ProposalState.MERGED, decided_at=NOW - timedelta(seconds=9)))
    assert steps(row, assess(row, NOW))[1].at == NOW - timedelta(seconds=9)


def test_each_step_keeps_the_time_when_it_was_seen_first() -> None:
    syncing, ready = environment(health=Health(Phase.ACTIVE, sync=SYNCED)), environment(health=health(web()))
    row = after(environment(), syncing, syncing, ready, ready)
    assert row.progress.synced_at == NOW + timedelta(seconds=1)
    assert row.progress.ready_at == NOW + timedelta(seconds=3)
    assert row.progress.ready_sha == SHA
    times = [each.at for each in steps(row, assess(row, NOW))]
    assert times == [row.desired_at, row.published.at, row.progress.synced_at, row.progress.ready_at]


def test_another_commit_begins_anew_and_remembers_which_one_was_ready() -> None:
    ready = environment(health=health(web()))
    published = replace(ready.published, commit="e" * 40)
    row = after(ready, replace(ready, published=published, health=health(web(sha=OLD_SHA))))
    assert (row.progress.commit, row.progress.synced_at, row.progress.ready_at) == ("e" * 40, None, None)
    assert row.progress.ready_sha == SHA


def test_commit_that_was_ready_and_fails_later_is_not_rolled_out_any_more() -> None:
    problem = Problem(Cause.CRASH, "Pod/web", "exit code 1")
    row = after(environment(health=health(web())), environment(health=health(web(ready=False, problem=problem))))
    assert [each.state for each in steps(row, assess(row, NOW))] == [DONE, DONE, DONE, FAILED]


def test_an_environment_that_is_gone_had_no_commit_that_was_ready() -> None:
    row = after(environment(health=health(web())), removed(teardown=torn_down()))
    assert row.progress.ready_sha is None
    assert row.progress.head_sha == SHA


def test_only_the_last_changes_of_the_status_are_remembered() -> None:
    ready, starting = environment(health=health(web())), environment(health=health(web(ready=False)), was_ready=True)
    row = after(*[ready, starting] * 4)
    assert [moment.status for moment in row.progress.moments] == [
        Status.UPDATING,
        Status.READY,
        Status.UPDATING,
        Status.READY,
        Status.UPDATING,
    ]


def test_progress_is_the_same_when_it_comes_back_from_the_row() -> None:
    progress = after(environment(), environment(health=health(web()))).progress
    assert from_json(to_json(progress)) == progress
    assert from_json({}) == Progress()
