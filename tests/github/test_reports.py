"""Writing to a GitHub that remembers. Every answer of it may be lost, and nothing may be there twice."""

from dataclasses import replace

import pytest

from app.demo.github.faults import Fault, FaultKind
from app.domain.report import CheckRun, CheckStatus, CommitStatus, Conclusion, State
from app.errors import Stalled, Transient
from app.github.connect import GitHub
from tests.github.conftest import Shop

MARKER = "<!-- ephemera:env=1 -->"
BODY = f"{MARKER}\nOn its way 😀"
OURS = "ephemera[bot]"
UNCLEAR: list[FaultKind] = ["lost_answer", "half_body"]


def _check(shop: Shop, status: CheckStatus = CheckStatus.QUEUED, external_id: str = "1") -> CheckRun:
    conclusion = Conclusion.SUCCESS if status is CheckStatus.COMPLETED else None
    return CheckRun(shop.head_sha, external_id, status, conclusion, "Title", "Summary", "https://pr.example/")


def _status(shop: Shop, state: State = State.PENDING) -> CommitStatus:
    return CommitStatus(shop.head_sha, state, "Preparing", None)


def _runs(shop: Shop) -> list[tuple[str, str | None]]:
    return [(run.status, run.conclusion) for run in shop.people.check_runs(shop.name, shop.head_sha)]


# The check run


def test_check_run_is_made_once_and_then_updated(connected: GitHub, shop: Shop) -> None:
    put = connected.reports.put_check_run
    made = put(shop.repository, _check(shop), None)
    assert put(shop.repository, _check(shop, CheckStatus.IN_PROGRESS), made) == made
    assert put(shop.repository, _check(shop, CheckStatus.COMPLETED), made) == made
    (run,) = shop.people.check_runs(shop.name, shop.head_sha)
    assert (run.id, run.status, run.conclusion) == (made, "completed", "success")
    assert (run.name, run.external_id, run.title, run.summary) == ("ephemera", "1", "Title", "Summary")


def test_check_run_of_unknown_id_is_found_again(connected: GitHub, shop: Shop) -> None:
    made = connected.reports.put_check_run(shop.repository, _check(shop), None)
    assert connected.reports.put_check_run(shop.repository, _check(shop, CheckStatus.COMPLETED), None) == made
    assert _runs(shop) == [("completed", "success")]


@pytest.mark.parametrize("fault", UNCLEAR)
def test_check_run_whose_creation_was_not_acknowledged_is_not_made_twice(
    connected: GitHub, shop: Shop, fault: FaultKind
) -> None:
    shop.people.fault(Fault(fault, "POST", ".*/check-runs"))
    with pytest.raises(Transient, match="writing the check run ephemera"):
        connected.reports.put_check_run(shop.repository, _check(shop), None)
    connected.reports.put_check_run(shop.repository, _check(shop), None)
    assert _runs(shop) == [("queued", None)]


def test_check_run_of_another_environment_on_the_same_commit_is_left_alone(connected: GitHub, shop: Shop) -> None:
    first = connected.reports.put_check_run(shop.repository, _check(shop), None)
    second = connected.reports.put_check_run(shop.repository, _check(shop, external_id="2"), None)
    done = _check(shop, CheckStatus.COMPLETED)
    assert connected.reports.put_check_run(shop.repository, done, None) == first != second
    assert _runs(shop) == [("completed", "success"), ("queued", None)]


def test_completed_check_run_is_not_opened_again_but_followed_by_a_new_one(connected: GitHub, shop: Shop) -> None:
    made = connected.reports.put_check_run(shop.repository, _check(shop, CheckStatus.COMPLETED), None)
    again = connected.reports.put_check_run(shop.repository, _check(shop, CheckStatus.IN_PROGRESS), made)
    assert again != made
    assert _runs(shop) == [("completed", "success"), ("in_progress", None)]
    repeated = connected.reports.put_check_run(shop.repository, _check(shop, CheckStatus.IN_PROGRESS), made)
    assert repeated == again


def test_completed_check_run_takes_another_conclusion(connected: GitHub, shop: Shop) -> None:
    made = connected.reports.put_check_run(shop.repository, _check(shop, CheckStatus.COMPLETED), None)
    failed = replace(_check(shop, CheckStatus.COMPLETED), conclusion=Conclusion.FAILURE)
    assert connected.reports.put_check_run(shop.repository, failed, made) == made
    assert _runs(shop) == [("completed", "failure")]


@pytest.mark.parametrize("status", [CheckStatus.IN_PROGRESS, CheckStatus.COMPLETED])
def test_check_run_that_is_gone_is_made_anew(connected: GitHub, shop: Shop, status: CheckStatus) -> None:
    made = connected.reports.put_check_run(shop.repository, _check(shop, status), 999_999)
    assert [run.id for run in shop.people.check_runs(shop.name, shop.head_sha)] == [made]


def test_check_run_never_carries_a_conclusion_before_it_is_complete(connected: GitHub, shop: Shop) -> None:
    odd = replace(_check(shop, CheckStatus.IN_PROGRESS), conclusion=Conclusion.SUCCESS)
    connected.reports.put_check_run(shop.repository, odd, None)
    assert _runs(shop) == [("in_progress", None)]


def test_check_run_on_a_commit_that_github_does_not_know_stalls(connected: GitHub, shop: Shop) -> None:
    unknown = replace(_check(shop), head_sha="f" * 40)
    with pytest.raises(Stalled, match="No commit found for SHA"):
        connected.reports.put_check_run(shop.repository, unknown, None)


# The commit status


def test_commit_status_is_set_when_it_differs(connected: GitHub, shop: Shop) -> None:
    for state in (State.PENDING, State.PENDING, State.SUCCESS, State.SUCCESS, State.PENDING):
        connected.reports.put_status(shop.repository, _status(shop, state))
    states = [status.state for status in shop.people.statuses(shop.name, shop.head_sha)]
    assert states == ["pending", "success", "pending"]


@pytest.mark.parametrize("fault", UNCLEAR)
def test_commit_status_that_was_not_acknowledged_is_not_set_twice(
    connected: GitHub, shop: Shop, fault: FaultKind
) -> None:
    shop.people.fault(Fault(fault, "POST", ".*/statuses/.*"))
    with pytest.raises(Transient, match="setting the commit status"):
        connected.reports.put_status(shop.repository, _status(shop))
    connected.reports.put_status(shop.repository, _status(shop))
    (status,) = shop.people.statuses(shop.name, shop.head_sha)
    assert (status.context, status.state, status.description) == ("ephemera/environment", "pending", "Preparing")


# The comment


def test_comment_is_made_once_and_then_edited(connected: GitHub, shop: Shop) -> None:
    put = connected.reports.put_comment
    made = put(shop.repository, shop.number, MARKER, BODY, None)
    assert put(shop.repository, shop.number, MARKER, f"{MARKER}\nReady", made) == made
    assert put(shop.repository, shop.number, MARKER, f"{MARKER}\nGone", None) == made
    (comment,) = shop.people.comments(shop.name, shop.number)
    assert (comment.id, comment.author, comment.body) == (made, OURS, f"{MARKER}\nGone")


@pytest.mark.parametrize("fault", UNCLEAR)
def test_comment_that_was_not_acknowledged_is_not_made_twice(connected: GitHub, shop: Shop, fault: FaultKind) -> None:
    shop.people.fault(Fault(fault, "POST", ".*/comments"))
    with pytest.raises(Transient, match="commenting on"):
        connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    assert [comment.body for comment in shop.people.comments(shop.name, shop.number)] == [BODY]


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        f"> {MARKER}\nOn its way",
        f"look:\n{MARKER}",
        "<!-- ephemera:env=11 -->",
        "",
    ],
)
def test_comment_of_somebody_else_is_never_taken_for_ours(connected: GitHub, shop: Shop, body: str) -> None:
    theirs = shop.people.comment(shop.name, shop.number, author="mallory", body=body)
    connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    comments = shop.people.comments(shop.name, shop.number)
    assert [(comment.author, comment.body) for comment in comments] == [("mallory", body), (OURS, BODY)]
    assert comments[0] == theirs


def test_our_comment_of_another_environment_is_left_alone(connected: GitHub, shop: Shop) -> None:
    other = "<!-- ephemera:env=2 -->"
    first = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    second = connected.reports.put_comment(shop.repository, shop.number, other, other, None)
    assert first != second


def test_comment_is_found_again_on_a_later_page(connected: GitHub, shop: Shop) -> None:
    for number in range(101):
        shop.people.comment(shop.name, shop.number, author="ada", body=f"{number}")
    made = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    assert connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None) == made
    assert len(shop.people.comments(shop.name, shop.number)) == 102


def test_comment_that_was_deleted_is_made_anew(connected: GitHub, shop: Shop) -> None:
    made = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    shop.people.delete_comment(shop.name, made)
    again = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, made)
    assert [comment.id for comment in shop.people.comments(shop.name, shop.number)] == [again]


def test_report_follows_a_renamed_repository(connected: GitHub, shop: Shop) -> None:
    shop.people.rename_repository(shop.name, name="store")
    made = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    connected.reports.put_check_run(shop.repository, _check(shop), None)
    connected.reports.put_status(shop.repository, _status(shop))
    store = shop.name.replace("/shop", "/store")
    assert [comment.id for comment in shop.people.comments(store, shop.number)] == [made]
    assert len(shop.people.check_runs(store, shop.head_sha)) == 1
    assert len(shop.people.statuses(store, shop.head_sha)) == 1


# What it costs


def test_push_costs_six_writes_and_four_reads(connected: GitHub, shop: Shop) -> None:
    comment = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    shop.people.reset_ledger()
    connected.pull_requests.look_up(shop.repository, shop.number)
    run = connected.reports.put_check_run(shop.repository, _check(shop, CheckStatus.IN_PROGRESS), None)
    connected.reports.put_status(shop.repository, _status(shop))
    connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, comment)
    connected.reports.put_check_run(shop.repository, _check(shop, CheckStatus.COMPLETED), run)
    connected.reports.put_status(shop.repository, _status(shop, State.SUCCESS))
    connected.reports.put_comment(shop.repository, shop.number, MARKER, f"{MARKER}\nReady", comment)
    spent = shop.spent()
    assert spent["GET"] == 4
    assert spent["POST"] + spent["PATCH"] == 6
