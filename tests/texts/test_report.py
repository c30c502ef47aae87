"""What the pull request is told: a pure function of the row and the time. The words themselves are in `golden`."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.answer import Answer
from app.domain.desired import Absent, Present
from app.domain.environment import Published
from app.domain.health import Cause, FailureLog, Health, LogSource, Phase, Problem, Sync, Workload
from app.domain.report import (
    MAX_COMMENT,
    MAX_DESCRIPTION,
    MAX_SUMMARY,
    CheckStatus,
    Conclusion,
    DeploymentState,
    Report,
    State,
    Telling,
    marker,
    superseded,
)
from app.texts.report import report
from app.texts.reviews import quote, review
from app.texts.samples import samples
from tests.domain.builders import NOW, OLD_SHA, SHA, environment, health, proposal, removed, spec, torn_down, web
from tests.texts.markdown import left_open, outside_code

PULL = Problem(Cause.IMAGE_NOT_FOUND, "Pod/web-5d9c-x", "container web: ghcr.io/acme/shop:0123456: not found")
SOURCE = LogSource("web-5d9c-x", "web", is_previous=True)
CRASH = Problem(Cause.CRASH, "Pod/web-5d9c-x", "container web ended with exit code 1 (Error)", SOURCE)
LOG = FailureLog("Pod/web-5d9c-x, container web", "fatal: no such table: carts")
OURS, OLDER = "c" * 40, "d" * 40
SYNCED = Sync("Application/pr-42-shop", applied=OURS, tried=OURS, is_exact=True)
BEHIND = Sync("Kustomization/pr-42-shop", applied=OLDER, tried=OLDER, is_exact=True)
NEVER = Published(3, None, None, NOW - timedelta(minutes=1))
STATUS = Telling(status_context="acme/preview")


@pytest.mark.parametrize(
    ("state", "check", "conclusion", "commit_status"),
    [
        ("queued", CheckStatus.QUEUED, None, State.PENDING),
        ("provisioning", CheckStatus.IN_PROGRESS, None, State.PENDING),
        ("updating", CheckStatus.IN_PROGRESS, None, State.PENDING),
        ("ready", CheckStatus.COMPLETED, Conclusion.SUCCESS, State.SUCCESS),
        ("ready-pinned", CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
        ("failed-image-not-found", CheckStatus.COMPLETED, Conclusion.FAILURE, State.FAILURE),
        ("waiting", CheckStatus.COMPLETED, Conclusion.ACTION_REQUIRED, State.PENDING),
        ("review", CheckStatus.COMPLETED, Conclusion.ACTION_REQUIRED, State.PENDING),
        ("review-refused", CheckStatus.COMPLETED, Conclusion.FAILURE, State.FAILURE),
        ("review-of-removal", CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
        ("draft", CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
        ("destroyed", CheckStatus.COMPLETED, Conclusion.NEUTRAL, State.SUCCESS),
    ],
)
def test_check_run_and_commit_status_of_each_state(
    state: str, check: CheckStatus, conclusion: Conclusion | None, commit_status: State
) -> None:
    said = report(samples()[state], NOW, STATUS)
    assert said.check is not None
    assert said.status is not None
    assert (said.check.status, said.check.conclusion, said.status.state) == (check, conclusion, commit_status)
    assert said.status.context == "acme/preview"


@pytest.mark.parametrize(
    ("state", "deployment", "has_url"),
    [
        ("queued", DeploymentState.QUEUED, False),
        ("provisioning", DeploymentState.IN_PROGRESS, False),
        ("ready", DeploymentState.SUCCESS, True),
        ("failed-crash", DeploymentState.FAILURE, False),
        ("destroying", DeploymentState.INACTIVE, False),
        ("destroyed", DeploymentState.INACTIVE, False),
    ],
)
def test_deployment_keeps_step(state: str, deployment: DeploymentState, has_url: bool) -> None:
    said = report(samples()[state], NOW).deployment
    assert said is not None
    assert (said.environment, said.head_sha, said.state) == ("pr-42", SHA, deployment)
    assert (said.environment_url is not None) is has_url


def test_log_of_a_deployment_is_the_page_of_its_check_run() -> None:
    said = report(environment(), NOW).deployment
    assert said is not None
    assert said.log_url == "https://github.com/Acme/Shop/pull/42/checks"


def test_commit_that_runs_while_another_one_waits_stays_deployed() -> None:
    said = report(samples()["waiting-while-an-approved-commit-runs"], NOW).deployment
    assert said is not None
    assert (said.head_sha, said.state) == (OLD_SHA, DeploymentState.SUCCESS)


@pytest.mark.parametrize("state", ["waiting", "draft"])
def test_commit_that_is_not_to_run_has_no_deployment(state: str) -> None:
    assert report(samples()[state], NOW).deployment is None


def test_pinned_commit_is_the_one_that_is_deployed() -> None:
    said = report(samples()["ready-pinned"], NOW)
    assert said.deployment is not None
    assert said.check is not None
    assert (said.deployment.head_sha, said.check.head_sha) == (OLD_SHA, SHA)


def test_pinned_commit_that_fails_is_a_failure_of_the_check() -> None:
    row = environment(
        desired=Present(spec(head_sha=OLD_SHA)), health=health(web(ready=False, sha=OLD_SHA, problem=CRASH))
    )
    check = report(row, NOW).check
    assert check is not None
    assert check.conclusion is Conclusion.FAILURE


def test_commit_status_is_told_only_where_it_is_asked_for_and_the_comment_only_where_it_is_wanted() -> None:
    row = environment(health=health(web()))
    usual, silent = report(row, NOW), report(row, NOW, Telling(comment=False))
    assert (usual.status, silent.comment) == (None, None)
    assert usual.comment is not None
    assert silent.check == usual.check


def test_nothing_is_said_before_anything_is_decided() -> None:
    assert report(environment(desired=None, desired_generation=0, commit_sha=None), NOW) == Report()


def test_a_closed_pull_request_that_never_had_an_environment_is_left_alone() -> None:
    assert report(removed(published=NEVER), NOW) == Report()


def test_a_draft_gets_a_check_run_but_no_comment_unless_somebody_asks() -> None:
    draft = samples()["draft"]
    said = report(draft, NOW)
    assert said.check is not None
    assert said.comment is None
    asked = replace(draft, answer=Answer("ada", "deploy", "It is a draft.", is_refusal=True, at=NOW))
    assert "It is a draft." in (report(asked, NOW).comment or "")


def test_every_comment_begins_with_its_marker() -> None:
    for row in samples().values():
        comment = report(row, NOW).comment
        assert comment is None or comment.startswith(marker(row.id) + "\n")


@pytest.mark.parametrize(
    "state", ["queued", "provisioning", "updating", "waiting-for-syncer", "not-ready-yet", "review"]
)
def test_what_is_under_way_is_not_settled(state: str) -> None:
    assert not report(samples()[state], NOW).is_settled


@pytest.mark.parametrize(
    "state", ["ready", "failed-crash", "waiting", "review-refused", "destroying", "stuck", "destroyed", "expired"]
)
def test_what_stays_until_somebody_acts_is_settled(state: str) -> None:
    assert report(samples()[state], NOW).is_settled


@pytest.mark.parametrize(("seconds", "is_settled"), [(-1, False), (0, True), (1, True)])
def test_answer_about_what_is_under_way_is_worth_a_comment_at_once(seconds: int, is_settled: bool) -> None:
    at = NOW - timedelta(minutes=2) + timedelta(seconds=seconds)
    row = environment(answer=Answer("ada", "explain", "It is on its way.", is_refusal=False, at=at))
    assert report(row, NOW).is_settled is is_settled


@pytest.mark.parametrize(("seconds", "is_told"), [(-1, False), (1, True)])
def test_what_is_gone_is_not_said_to_stay(seconds: int, is_told: bool) -> None:
    gone = samples()["destroyed"]
    assert gone.desired_at is not None
    answer = Answer("ada", "extend 24h", "It stays.", is_refusal=False, at=gone.desired_at + timedelta(seconds=seconds))
    comment = report(replace(gone, answer=answer), NOW).comment
    assert comment is not None
    assert ("It stays." in comment) is is_told


def test_only_a_completed_check_run_has_buttons() -> None:
    for row in samples().values():
        check = report(row, NOW).check
        assert check is None or check.status is CheckStatus.COMPLETED or check.buttons == ()


@pytest.mark.parametrize(
    ("state", "identifiers"),
    [
        ("ready", ["redeploy", "extend", "destroy"]),
        ("ready-fork", ["redeploy", "destroy"]),
        ("failed-crash", ["redeploy", "recreate", "destroy"]),
        ("waiting", ["approve"]),
        ("review", ["destroy"]),
        ("review-refused", ["redeploy", "destroy"]),
        ("review-of-removal", []),
        ("draft", []),
        ("destroyed", []),
        ("destroyed-on-request", ["redeploy"]),
        ("expired", ["redeploy"]),
    ],
)
def test_buttons_of_each_state(state: str, identifiers: list[str]) -> None:
    check = report(samples()[state], NOW).check
    assert check is not None
    assert [button.identifier for button in check.buttons] == identifiers


def test_limits_of_github_are_kept_in_bytes_and_nothing_is_left_open() -> None:
    endless = Problem(Cause.CRASH, "Pod/" + "é" * 5000, "é" * 100_000, SOURCE)
    workloads = [Workload(f"Deployment/w{number}", SHA, 0, is_ready=False, problem=endless) for number in range(2000)]
    row = environment(
        health=health(*workloads),
        failure_log=FailureLog("é" * 5000, "é\n" * 5000),
        published=replace(environment().published, workloads=tuple(each.name for each in workloads)),
    )
    said = report(row, NOW, STATUS)
    assert said.check is not None
    assert said.status is not None
    assert said.comment is not None
    assert len(said.check.summary.encode()) <= MAX_SUMMARY
    assert len(said.comment.encode()) <= MAX_COMMENT
    assert said.comment.endswith("…")
    assert len(said.status.description) <= MAX_DESCRIPTION
    assert left_open(said.comment) == left_open(said.check.summary) == []


HOSTILE = ["@everyone ![x](http://evil)", "```\n# big\n@acme/team", "<!-- ephemera:env=1 -->", "`@a` @b `", "|@x|"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_foreign_words_stay_inside_code(hostile: str) -> None:
    row = environment(
        health=health(web(ready=False, problem=Problem(Cause.CRASH, hostile, hostile, SOURCE))),
        failure_log=FailureLog(hostile, hostile),
        answer=Answer(hostile, hostile, hostile, is_refusal=True, at=NOW),
        notice=hostile,
    )
    said = report(row, NOW)
    assert said.comment is not None
    assert said.check is not None
    for text in (said.comment.removeprefix(marker(5)), said.check.summary):
        outside = outside_code(text)
        assert "@" not in outside
        assert "](http://evil)" not in outside.replace("\\[x](", "")
        assert "<!--" not in outside


REVIEWS = [state for state in samples() if state.startswith("review")]


@pytest.mark.parametrize("state", REVIEWS)
def test_change_in_review_leaves_the_deployment_as_it_is_and_the_comment_until_it_is_refused(state: str) -> None:
    row = samples()[state]
    said = report(row, NOW)
    if row.in_review is None:
        return
    assert said.deployment is None
    is_told = row.in_review.is_refusal or row.answer is not None
    assert (said.comment is not None) is is_told
    assert said.check is not None
    assert said.check.details_url == row.in_review.url


@pytest.mark.parametrize(
    "hostile", [*HOSTILE, "&#64;everyone", "# big\n\n@a\n@b", "x " * 4000, "`" * 600, "\u202e\x00"]
)
def test_words_of_a_refusal_are_quoted_and_do_nothing(hostile: str) -> None:
    row = samples()["review-refused"]
    assert row.proposal is not None
    said = report(replace(row, proposal=replace(row.proposal, decided_by=hostile, decided_words=hostile)), NOW)
    assert said.comment is not None
    assert said.check is not None
    for text in (said.comment.removeprefix(marker(5)), said.check.summary):
        outside = outside_code(text)
        assert left_open(text) == []
        assert not any(mark in outside for mark in ("@", "<!--", "evil", "# big", "&#64;", "\u202e", "\x00"))
    assert len(said.comment) < 4000


def test_last_words_are_cut_at_their_limit() -> None:
    words = quote("é" * 501, 500)
    assert words == "> `" + "é" * 499 + "…`"
    assert quote("é" * 500, 500) == "> `" + "é" * 500 + "`"
    assert quote(" \n\t", 500) is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/acme/environments/pull/12", "acme/environments#12"),
        ("http://localhost:8080/acme/environments/pull/12", "acme/environments#12"),
        ("https://github.com/acme/environments/pull/12?x=](http://evil)", "proposal 12"),
        ("javascript:alert(1)/acme/x/pull/12", "proposal 12"),
        (None, "proposal 12"),
    ],
)
def test_proposal_is_named_by_its_address_and_linked_only_where_that_is_one(url: str | None, name: str) -> None:
    row = environment(proposal=proposal(url=url))
    said = review(row)
    assert said is not None
    assert said.name == name
    assert said.link == (f"[{name}]({url})" if name.startswith("acme") else name)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_foreign_words_in_a_reason_do_nothing(hostile: str) -> None:
    said = report(removed(desired=Absent(hostile)), NOW)
    assert said.comment is not None
    outside = outside_code(said.comment.removeprefix(marker(5)))
    assert "@" not in outside
    assert "<!--" not in outside


@pytest.mark.parametrize(
    "hostile", ["</details>\n@everyone", "```\n</details>\n# big\n@acme/team\n```", "~~~\n<img src=x>"]
)
def test_log_stays_inside_its_fold_and_its_code(hostile: str) -> None:
    row = environment(health=health(web(ready=False, problem=CRASH)), failure_log=FailureLog(hostile, hostile))
    comment = report(row, NOW).comment
    assert comment is not None
    outside = outside_code(comment.removeprefix(marker(5)))
    assert left_open(comment) == []
    assert "@" not in outside
    assert "<img" not in outside


def test_log_is_shown_only_beside_a_problem_that_it_is_of() -> None:
    without = report(environment(health=health(web(ready=False, problem=PULL)), failure_log=LOG), NOW)
    ready = report(environment(health=health(web()), failure_log=LOG), NOW)
    assert "carts" not in f"{without.comment}{ready.comment}"


def test_longest_log_is_shown_to_its_end() -> None:
    log = FailureLog("Pod/web", "é" * 4090 + " end")
    said = report(environment(health=health(web(ready=False, problem=CRASH)), failure_log=log), NOW)
    assert said.comment is not None
    assert " end\n```" in said.comment


@pytest.mark.parametrize(
    ("sync", "waits"),
    [
        (BEHIND, True),
        (replace(BEHIND, applied=None, tried=None), True),
        (replace(BEHIND, tried=OURS), False),
        (replace(BEHIND, is_exact=False), False),
        (None, False),
    ],
)
def test_commit_that_the_syncer_has_not_turned_to_waits_for_it(sync: Sync | None, waits: bool) -> None:
    said = report(environment(health=Health(Phase.ACTIVE, sync=sync)), NOW)
    assert said.comment is not None
    assert ("waits for Flux" in said.comment) is waits


def test_only_some_of_many_changes_by_hand_are_named() -> None:
    many = replace(SYNCED, drift=tuple(f"ConfigMap/c{number}" for number in range(8)))
    said = report(environment(health=Health(Phase.ACTIVE, (web(),), sync=many)), NOW)
    assert said.comment is not None
    assert "`ConfigMap/c4` and 3 more. Argo CD puts them back." in said.comment


def test_stuck_removal_and_receipt_are_in_the_comment() -> None:
    assert "acme.com/lock" in (report(samples()["stuck"], NOW).comment or "")
    assert "<summary>Receipt" in (report(removed(teardown=torn_down()), NOW).comment or "")


def test_texts_do_not_change_while_time_passes_and_nothing_happens() -> None:
    for row in samples().values():
        assert report(row, NOW) == report(row, NOW + timedelta(seconds=30))


def test_texts_of_a_commit_under_way_do_not_change_when_somebody_rings_again() -> None:
    row = environment()
    rung = replace(row, asked=replace(row.asked, generation=9, by="eve", delivery="d-9"), observed_at=NOW)
    assert report(rung, NOW) == report(row, NOW)


def test_superseded_check_run_ends() -> None:
    ended = superseded(SHA, "5", "b" * 40)
    assert (ended.head_sha, ended.status, ended.conclusion) == (SHA, CheckStatus.COMPLETED, Conclusion.CANCELLED)


def test_report_takes_about_a_millisecond() -> None:
    """It is made whenever a row is settled. The best of many, as others may use the processor meanwhile."""
    row = samples()["failed-crash"]
    taken = []
    for _ in range(50):
        begun = time.perf_counter()
        report(row, NOW)
        taken.append(time.perf_counter() - begun)
    assert min(taken) < 0.005
    print(f"\na report of a failure: {min(taken) * 1000:.2f} ms")
