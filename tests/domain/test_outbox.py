"""What has still to be written to a pull request."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.answer import Answer
from app.domain.environment import Environment, Moment, Progress, Published, Status
from app.domain.outbox import OPENED_WITHIN, QUEUED_AFTER, SPEAKS_AFTER, STEPS_EVERY, Held, outbox
from app.domain.parts import (
    Deployed,
    MakeDeployment,
    Part,
    PutCheck,
    PutComment,
    PutStatus,
    RetireDeployment,
    TellDeployment,
    Written,
    after,
)
from app.domain.proposal import Proposal, ProposalState
from app.domain.report import (
    CheckRun,
    CheckStatus,
    CommitStatus,
    Conclusion,
    Deployment,
    DeploymentState,
    Report,
    State,
    superseded,
)
from app.texts.report import report
from tests.domain.builders import NOW, OLD_SHA, SHA, environment, health, proposal, web

SECOND = timedelta(seconds=1)
NOTHING = Written()
CHECK = CheckRun(SHA, "5", CheckStatus.IN_PROGRESS, None, "Being deployed", "Step 1", None)
DONE = replace(CHECK, status=CheckStatus.COMPLETED, conclusion=Conclusion.SUCCESS, title="Ready")
STATUS = CommitStatus(SHA, State.SUCCESS, "Ready", None)
DEPLOYMENT = Deployment(SHA, "pr-42", "5", DeploymentState.IN_PROGRESS, "Being deployed", None, None)
RUNS = replace(DEPLOYMENT, state=DeploymentState.SUCCESS)
UNDER_WAY = Report(CHECK, STATUS, "on its way", DEPLOYMENT)
READY = Report(DONE, STATUS, "ready", RUNS, is_settled=True)


def entries(
    wanted: Report, written: Written = NOTHING, deployed: Sequence[Deployed] = (), seconds: float = 0
) -> Sequence[Part | Held]:
    """What is to be written so long after it was decided what should run."""
    decided = environment(desired_at=NOW - seconds * SECOND)
    return outbox(decided, wanted, written, deployed, NOW)


def told(wanted: Report, written: Written = NOTHING, deployed: Sequence[Deployed] = ()) -> list[Part]:
    """Everything that is written, one after the other, until nothing is left."""
    made: list[Part] = []
    while parts := [part for part in entries(wanted, written, deployed) if not isinstance(part, Held)]:
        made.append(parts[0])
        written = after(parts[0], 100 + len(made), written, NOW)
        deployed = [after_deployment(parts[0], each, 100 + len(made)) for each in deployed]
        assert len(made) < 20, made
    return made


def after_deployment(part: Part, deployed: Deployed, github_id: int) -> Deployed:
    """What the row of a deployment says once the part was written."""
    match part:
        case MakeDeployment(deployment) if deployment.head_sha == deployed.commit_sha:
            return replace(deployed, github_id=github_id)
        case TellDeployment(deployment) if deployment.head_sha == deployed.commit_sha:
            return replace(deployed, github_state=deployment.state)
        case RetireDeployment(head_sha) if head_sha == deployed.commit_sha:
            return replace(deployed, github_state=DeploymentState.INACTIVE)
    return deployed


def test_nothing_is_written_where_nothing_is_to_be_said() -> None:
    assert entries(Report()) == []


def test_commit_under_way_costs_two_writes_and_its_readiness_three_more() -> None:
    first, second = told(UNDER_WAY, deployed=[Deployed(SHA, None, None)])
    assert (first, second) == (PutCheck(CHECK, None, is_create=True), MakeDeployment(DEPLOYMENT))
    written = after(first, 7, Written(), NOW)
    assert told(replace(READY, status=None), written, [Deployed(SHA, 8, None)]) == [
        PutCheck(DONE, 7, is_create=False),
        PutComment("ready", None),
        TellDeployment(RUNS, 8),
    ]


def test_push_to_a_ready_environment_costs_six_writes() -> None:
    before = [Deployed(OLD_SHA, 1, "success"), Deployed(SHA, None, None)]
    written = Written("old", OLD_SHA, 1, comment_digest="old", comment_id=2)
    push = told(UNDER_WAY, written, before)
    written = after(push[0], 7, written, NOW)
    ready = told(replace(READY, status=None), written, [before[0], Deployed(SHA, 8, None)])
    assert len(push) + len(ready) == 6
    assert ready[-1] == RetireDeployment(OLD_SHA, 1)


def test_commit_that_is_ready_before_it_was_told_to_be_under_way_is_told_to_be_ready_alone() -> None:
    parts = told(READY, deployed=[Deployed(SHA, None, None)])
    assert [type(part) for part in parts] == [PutCheck, PutComment, PutStatus, MakeDeployment, TellDeployment]
    assert parts[0] == PutCheck(DONE, None, is_create=True)


@pytest.mark.parametrize("wanted", [UNDER_WAY, READY])
def test_nothing_is_written_twice(wanted: Report) -> None:
    deployed = [Deployed(SHA, 8, wanted.deployment.state if wanted.deployment else None)]
    written = Written()
    for part in told(wanted, deployed=deployed):
        written = after(part, 9, written, NOW)
    assert [part for part in entries(wanted, written, deployed) if not isinstance(part, Held)] == []


def test_steps_move_on_once_a_minute() -> None:
    check = replace(CHECK, summary="Step 2")
    moved = Report(check)
    written = after(PutCheck(CHECK, None, is_create=True), 7, Written(), NOW - 20 * SECOND)
    assert entries(moved, written) == [Held(NOW + 40 * SECOND)]
    assert entries(moved, replace(written, check_at=NOW - STEPS_EVERY)) == [PutCheck(check, 7, is_create=False)]


@pytest.mark.parametrize("written", [NOTHING, Written("old", SHA, 7), Written("old", OLD_SHA, 7)])
def test_turn_that_is_waited_for_is_told_once_that_takes_a_while(written: Written) -> None:
    queued = replace(CHECK, status=CheckStatus.QUEUED)
    decided = NOW - SECOND
    assert entries(Report(queued), written, seconds=1) == [Held(decided + QUEUED_AFTER)]
    assert entries(Report(queued), written, seconds=3) == [PutCheck(queued, None, is_create=True)]


def test_what_was_queued_is_told_to_be_under_way_at_once() -> None:
    queued = replace(CHECK, status=CheckStatus.QUEUED)
    written = after(PutCheck(queued, None, is_create=True), 7, Written(), NOW)
    assert entries(Report(CHECK), written) == [PutCheck(CHECK, 7, is_create=False)]


def test_outcome_does_not_wait_for_the_minute() -> None:
    written = after(PutCheck(CHECK, None, is_create=True), 7, Written(), NOW)
    assert entries(Report(DONE), written) == [PutCheck(DONE, 7, is_create=False)]


def test_check_run_of_an_overtaken_commit_ends_before_the_next_begins() -> None:
    written = Written("old", OLD_SHA, 1, check_is_completed=False, check_at=NOW)
    ended = superseded(OLD_SHA, "5", SHA)
    assert told(Report(CHECK), written) == [
        PutCheck(ended, 1, is_create=False),
        PutCheck(CHECK, None, is_create=True),
    ]


def test_completed_check_run_is_not_opened_again() -> None:
    written = after(PutCheck(DONE, None, is_create=True), 7, Written(), NOW)
    assert entries(Report(CHECK), written) == [PutCheck(CHECK, None, is_create=True)]


@pytest.mark.parametrize(
    ("is_settled", "comment_id", "seconds", "says"),
    [
        (True, None, 0, True),
        (True, 3, 0, True),
        (False, None, 59, False),
        (False, None, 60, True),
        (False, 3, 60, False),
    ],
)
def test_comment_is_for_what_is_final_or_for_a_long_silence(
    is_settled: bool, comment_id: int | None, seconds: float, says: bool
) -> None:
    wanted = Report(comment="text", is_settled=is_settled)
    found = entries(wanted, Written(comment_digest="old", comment_id=comment_id), seconds=seconds)
    assert (PutComment("text", comment_id) in found) is says


def test_first_comment_of_a_commit_under_way_is_held_for_a_minute_and_a_later_one_until_there_is_an_outcome() -> None:
    wanted = Report(comment="text")
    assert entries(wanted, seconds=50) == [Held(NOW + SPEAKS_AFTER - 50 * SECOND)]
    assert entries(wanted, Written(comment_digest="old", comment_id=3)) == []


def test_comment_that_says_that_the_commit_runs_is_corrected_when_it_has_not_for_a_minute() -> None:
    wanted = Report(comment="text", deployment=DEPLOYMENT)
    written = Written(comment_digest="old", comment_id=3)
    lost = environment(desired_at=NOW - SPEAKS_AFTER, progress=Progress(moments=(Moment(NOW, Status.UPDATING),)))
    ran = [Deployed(SHA, 8, "success")]
    assert outbox(lost, wanted, written, ran, NOW) == [Held(NOW + SPEAKS_AFTER)]
    assert outbox(lost, wanted, written, ran, NOW + SPEAKS_AFTER) == [PutComment("text", 3)]


def test_commit_status_is_for_what_is_final() -> None:
    pending = replace(STATUS, state=State.PENDING)
    assert entries(Report(CHECK, pending), after(PutCheck(CHECK, 1, is_create=False), 1, Written(), NOW)) == []
    assert told(Report(DONE, STATUS))[1:] == [PutStatus(STATUS)]
    lost = Report(CHECK, pending, deployment=DEPLOYMENT)
    assert PutStatus(pending) in told(lost, deployed=[Deployed(SHA, 8, "success")])


@pytest.mark.parametrize(
    ("wanted", "deployed", "parts"),
    [
        (None, [Deployed(OLD_SHA, 1, "success")], []),
        (DEPLOYMENT, [Deployed(SHA, 8, None), Deployed(OLD_SHA, 1, "success")], []),
        (DEPLOYMENT, [Deployed(SHA, 8, "success")], []),
        (RUNS, [Deployed(SHA, 8, "success"), Deployed(OLD_SHA, 1, "inactive")], []),
        (RUNS, [Deployed(SHA, 8, "success"), Deployed(OLD_SHA, None, None)], []),
        (RUNS, [Deployed(SHA, 8, "success"), Deployed(OLD_SHA, 1, None)], [RetireDeployment(OLD_SHA, 1)]),
        (RUNS, [Deployed(SHA, 8, "inactive")], [TellDeployment(RUNS, 8)]),
        (
            replace(DEPLOYMENT, state=DeploymentState.FAILURE),
            [Deployed(SHA, 8, None), Deployed(OLD_SHA, 1, "success")],
            [TellDeployment(replace(DEPLOYMENT, state=DeploymentState.FAILURE), 8)],
        ),
        (replace(DEPLOYMENT, state=DeploymentState.INACTIVE), [Deployed(SHA, None, None)], []),
        (
            replace(DEPLOYMENT, state=DeploymentState.INACTIVE),
            [Deployed(SHA, 8, "success"), Deployed(OLD_SHA, 1, "failure")],
            [
                TellDeployment(replace(DEPLOYMENT, state=DeploymentState.INACTIVE), 8),
                RetireDeployment(OLD_SHA, 1),
            ],
        ),
    ],
)
def test_deployment_follows_its_commit_and_the_others_are_retired_once_it_runs(
    wanted: Deployment | None, deployed: Sequence[Deployed], parts: Sequence[Part]
) -> None:
    assert entries(Report(deployment=wanted), deployed=deployed) == parts


@pytest.mark.parametrize("key", [f"check:{SHA}", "comment"])
def test_part_whose_creation_was_begun_is_looked_for_not_taken_by_its_id(key: str) -> None:
    written = Written("old", SHA, 7, check_is_completed=False, comment_digest="old", comment_id=3).begun(key)
    [part] = [part for part in entries(READY, written) if not isinstance(part, Held) and part.key == key]
    assert part.is_create
    assert isinstance(part, PutCheck | PutComment)
    assert part.known_id is None
    assert after(part, 9, written, NOW).unsure == ()


def test_what_was_written_survives_the_row() -> None:
    written = Written("a", SHA, 7, False, True, NOW, "b", "c", 3).begun("comment")
    assert Written.from_json(written.to_json()) == written
    assert Written.from_json({}) == Written()
    assert Written.from_json({"check_digest": "a", "check_sha": SHA, "check_id": 7}) == Written("a", SHA, 7)


ASKED = replace(CHECK, status=CheckStatus.COMPLETED, conclusion=Conclusion.ACTION_REQUIRED, title="Waiting for review")


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        (proposal(), timedelta()),
        (proposal(merged_by_us=True), QUEUED_AFTER),
        (proposal(number=None, url=None), OPENED_WITHIN),
        (proposal(number=None, url=None, trouble="GitHub answered 403"), OPENED_WITHIN),
    ],
)
def test_review_is_told_at_once_or_when_there_is_all_to_say(asked: Proposal, waits: timedelta) -> None:
    row = environment(proposal=asked)
    told_at = asked.proposed_at + waits
    told = [PutCheck(ASKED, None, is_create=True)]
    assert outbox(row, Report(ASKED), NOTHING, (), told_at) == told
    if waits:
        assert outbox(row, Report(ASKED), NOTHING, (), told_at - SECOND) == [Held(told_at)]


def test_what_is_told_of_a_review_changes_once_a_minute() -> None:
    row = environment(proposal=proposal())
    written = after(PutCheck(ASKED, None, is_create=True), 7, Written(), NOW)
    changed = Report(replace(ASKED, summary="GitHub answered 403"))
    assert outbox(row, changed, written, (), NOW + SECOND) == [Held(NOW + STEPS_EVERY)]
    assert changed.check is not None
    assert outbox(row, changed, written, (), NOW + STEPS_EVERY) == [PutCheck(changed.check, 7, is_create=False)]


def story(*moments: tuple[int, Environment]) -> list[Part]:
    """All that is written to a pull request whose commit before runs, as the row is read so many seconds from now."""
    written = Written("old", OLD_SHA, 1, comment_digest="old", comment_id=2)
    deployed = [Deployed(OLD_SHA, 1, "success"), Deployed(SHA, None, None)]
    made: list[Part] = []
    for second, row in moments:
        now = NOW + second * SECOND
        while parts := [p for p in outbox(row, report(row, now), written, deployed, now) if not isinstance(p, Held)]:
            made.append(parts[0])
            written = after(parts[0], 100 + len(made), written, now)
            deployed = [after_deployment(parts[0], each, 100 + len(made)) for each in deployed]
            assert len(made) < 30, made
    return made


BEFORE = environment(
    desired_at=NOW,
    was_ready=True,
    published=Published(2, "b" * 40, "d" * 40, NOW, ("Deployment/web",), head_sha=OLD_SHA),
    progress=Progress("d" * 40, OLD_SHA, NOW, NOW, OLD_SHA),
)
COMMITTED = replace(BEFORE, published=replace(environment().published, at=NOW))
RUNNING = replace(COMMITTED, health=health(web()))
DIRECT = ((0, BEFORE), (1, COMMITTED), (20, RUNNING), (200, RUNNING))
ASKING = proposal(proposed_at=NOW)


def reviewed(*, merged_by_us: bool = False) -> list[Part]:
    """The story of a commit that is proposed, opened, looked at for an hour, merged, taken over, and ready."""
    unopened = replace(BEFORE, proposal=replace(ASKING, number=None, url=None))
    waiting = replace(BEFORE, proposal=replace(ASKING, merged_by_us=merged_by_us))
    merged = replace(ASKING, state=ProposalState.MERGED, decided_at=NOW + 3600 * SECOND)
    settled = replace(merged, is_settled=True)
    published = replace(COMMITTED.published, at=NOW + 3602 * SECOND)
    committed = replace(COMMITTED, published=published, proposal=settled)
    ready = replace(committed, health=health(web()))
    return story(
        (0, BEFORE),
        (1, unopened),
        (2, waiting),
        (70, waiting),
        (3600, waiting),
        (3601, replace(BEFORE, proposal=merged)),
        (3602, committed),
        (3620, ready),
        (3800, ready),
    )


def test_review_costs_one_write_more() -> None:
    direct, audited = story(*DIRECT), reviewed()
    assert len(direct) == 6
    assert len(audited) == 7
    checks = [part.check.conclusion for part in audited if isinstance(part, PutCheck)]
    assert checks == [Conclusion.ACTION_REQUIRED, None, Conclusion.SUCCESS]
    assert [type(part) for part in audited].count(PutComment) == 1, "it tells of what runs until that changes"


def test_quick_merge_by_ephemera_costs_no_write() -> None:
    waiting = replace(BEFORE, proposal=replace(ASKING, merged_by_us=True))
    assert len(story((1, waiting), (2, waiting), *((second + 2, row) for second, row in DIRECT))) == 6
    assert len(reviewed(merged_by_us=True)) == 7


def test_refusal_is_told_by_the_check_run_and_the_comment() -> None:
    waiting = replace(BEFORE, proposal=ASKING)
    refused = replace(ASKING, state=ProposalState.REFUSED, decided_by="grace", decided_at=NOW)
    parts = story((1, waiting), (100, replace(waiting, proposal=refused)), (300, replace(waiting, proposal=refused)))
    assert [type(part) for part in parts] == [PutCheck, PutCheck, PutComment]


def test_answer_is_told_though_the_change_only_waits() -> None:
    asked = Answer("ada", "explain", "It waits for review.", is_refusal=False, at=NOW)
    parts = story((1, replace(BEFORE, proposal=ASKING)), (9, replace(BEFORE, proposal=ASKING, answer=asked)))
    assert [type(part) for part in parts] == [PutCheck, PutComment]
