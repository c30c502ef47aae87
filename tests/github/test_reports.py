"""Check runs and commit statuses on a GitHub that remembers. Every answer may be lost, and nothing be there twice."""

from dataclasses import replace

import pytest

from app.demo.github.faults import Fault, FaultKind
from app.domain.report import Button, CheckRun, CheckStatus, CommitStatus, Conclusion, State
from app.errors import Stalled, Transient
from app.github.connect import GitHub
from tests.github.conftest import Shop

MARKER = "<!-- ephemera:env=1 -->"
BODY = f"{MARKER}\nOn its way 😀"
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


def test_known_check_run_is_written_to_without_looking(connected: GitHub, shop: Shop) -> None:
    made = connected.reports.put_check_run(shop.repository, _check(shop), None, look=False)
    connected.reports.put_check_run(shop.repository, _check(shop, CheckStatus.IN_PROGRESS), made)
    connected.reports.put_check_run(shop.repository, _check(shop, CheckStatus.COMPLETED), made, look=False)
    assert shop.spent() == {"POST": 1, "PATCH": 2}
    assert _runs(shop) == [("completed", "success")]


@pytest.mark.parametrize("look", [True, False])
def test_completed_check_run_is_found_out_by_githubs_answer(connected: GitHub, shop: Shop, look: bool) -> None:
    made = connected.reports.put_check_run(shop.repository, _check(shop, CheckStatus.COMPLETED), None)
    again = connected.reports.put_check_run(shop.repository, _check(shop), made, look=look)
    assert again != made
    assert _runs(shop) == [("completed", "success"), ("queued", None)]


def test_check_run_that_landed_without_an_answer_is_doubled_only_by_not_looking(connected: GitHub, shop: Shop) -> None:
    shop.people.fault(Fault("lost_answer", "POST", ".*/check-runs"))
    with pytest.raises(Transient):
        connected.reports.put_check_run(shop.repository, _check(shop), None, look=False)
    made = connected.reports.put_check_run(shop.repository, _check(shop), None, look=True)
    (run,) = shop.people.check_runs(shop.name, shop.head_sha)
    assert run.id == made


def test_buttons_are_shown_on_a_completed_check_run_and_go_with_its_conclusion(connected: GitHub, shop: Shop) -> None:
    button = Button("redeploy", "Deploy again", "Make a new commit of the same")
    put = connected.reports.put_check_run
    running = replace(_check(shop, CheckStatus.IN_PROGRESS), buttons=(button,))
    made = put(shop.repository, running, None)
    assert _buttons(shop) == [()]
    put(shop.repository, replace(_check(shop, CheckStatus.COMPLETED), buttons=(button,)), made)
    assert _buttons(shop) == [("redeploy",)]
    put(shop.repository, _check(shop, CheckStatus.COMPLETED), made)
    assert _buttons(shop) == [()]


def _buttons(shop: Shop) -> list[tuple[str, ...]]:
    return [run.actions for run in shop.people.check_runs(shop.name, shop.head_sha)]


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


def test_commit_status_is_set_without_looking_where_it_is_known_to_differ(connected: GitHub, shop: Shop) -> None:
    connected.reports.put_status(shop.repository, _status(shop), look=False)
    connected.reports.put_status(shop.repository, _status(shop, State.SUCCESS), look=False)
    assert shop.spent() == {"POST": 2}


# A renamed repository


def test_report_follows_a_renamed_repository(connected: GitHub, shop: Shop) -> None:
    shop.people.rename_repository(shop.name, name="store")
    made = connected.reports.put_comment(shop.repository, shop.number, MARKER, BODY, None)
    connected.reports.put_check_run(shop.repository, _check(shop), None)
    connected.reports.put_status(shop.repository, _status(shop))
    store = shop.name.replace("/shop", "/store")
    assert [comment.id for comment in shop.people.comments(store, shop.number)] == [made]
    assert len(shop.people.check_runs(store, shop.head_sha)) == 1
    assert len(shop.people.statuses(store, shop.head_sha)) == 1
