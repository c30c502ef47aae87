"""Forks: what is asked, who is asked about, and what happens to what runs while somebody has to look."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.command import Source
from app.domain.desired import Waiting
from app.domain.environment import Status
from app.domain.health import Health, Phase
from app.domain.pull_request import Author
from app.errors import Transient
from app.ports import Ring
from app.store import approving, tokens, wishing
from app.store.approving import approvals_of
from app.store.tokens import Scope
from app.store.wishing import Refused
from tests.domain.builders import GRACE, OLD_SHA, SHA, health, pull_request, web
from tests.stages.house import House
from tests.stages.test_removal import left
from tests.stages.test_story import FOLDER, NAMESPACE, ready

FORK = 999


@pytest.fixture
def fork(house: House) -> House:
    """Give a house whose pull request comes from a fork and waits."""
    house.truth.pull_requests[42] = pull_request(head_repository_id=FORK)
    house.deliver("d-1", "opened")
    house.settle()
    return house


def pushed(house: House, sha: str = OLD_SHA) -> None:
    """Have the fork's author push."""
    house.truth.pull_requests[42] = pull_request(head_repository_id=FORK, head_sha=sha)
    house.deliver(f"d-{sha[:4]}", "synchronize")
    house.settle()


def running(house: House) -> str | None:
    """The commit that the folder on the remote runs."""
    if not house.has(FOLDER):
        return None
    manifest = house.git("show", f"main:{FOLDER}/deployment.yaml")
    [found] = {sha for sha in (SHA, OLD_SHA) if sha in manifest}
    return found


def told(house: House, kind: str) -> Sequence[object]:
    """The lines of history of a kind."""
    return house.values(f"SELECT actor || ': ' || message FROM events WHERE kind = '{kind}' ORDER BY id")


def retracted(house: House) -> Sequence[object]:
    """Why approvals ended, the first first."""
    return house.values("SELECT retracted_why FROM approvals WHERE retracted_at IS NOT NULL ORDER BY id")


def test_approved_commit_runs_and_history_says_who_let_it(fork: House) -> None:
    fork.approve(SHA)
    fork.settle()
    assert running(fork) == SHA
    ready(fork)
    assert fork.environment().status is Status.READY
    assert told(fork, "approved") == [f"grace: commit {SHA} by grace, by comment"]


def test_push_asks_again_and_what_was_approved_goes_on_running(fork: House) -> None:
    fork.approve(SHA)
    fork.settle()
    commits = fork.commits()
    pushed(fork)
    waiting = fork.environment()
    assert isinstance(waiting.desired, Waiting)
    assert (waiting.desired.sha, waiting.desired.kept) == (OLD_SHA, (SHA,))
    assert (running(fork), fork.commits()) == (SHA, commits)
    fork.approve(OLD_SHA)
    fork.settle()
    assert running(fork) == OLD_SHA


def test_approval_of_the_commit_before_lets_nothing_run(fork: House) -> None:
    pushed(fork)
    fork.approve(SHA)
    fork.settle()
    assert fork.environment().status is Status.WAITING
    assert running(fork) is None


@pytest.mark.parametrize(
    ("approver", "may_write", "why"),
    [
        (GRACE, False, "may not write"),
        (Author(1, "ada"), True, "author of the pull request"),
        (Author(8, "helper[bot]"), True, "A bot"),
    ],
)
def test_approval_that_does_not_count_is_taken_back_with_the_reason(
    fork: House, approver: Author, may_write: bool, why: str
) -> None:
    fork.approve(SHA, approver, may_write=may_write)
    fork.settle()
    assert fork.environment().status is Status.WAITING
    assert running(fork) is None
    [reason] = retracted(fork)
    assert why in str(reason)
    [line] = told(fork, "retracted")
    assert str(line).startswith(f"ephemera: approval of commit {SHA} by {approver.login}: ")
    desired = fork.environment().desired
    assert isinstance(desired, Waiting)
    assert "does not count" in desired.reason
    fork.run(Ring.RECONCILE)
    assert Ring.PUBLISH not in fork.bell.rung


def test_approver_who_has_left_is_found_out_when_the_approval_is_used_again(fork: House) -> None:
    fork.approve(SHA)
    fork.settle()
    fork.people.writers.clear()
    with fork.store.begin() as session:
        wishing.redeploy(session, fork.environment().id, "token:ops", "api.redeploy")
    fork.bell.ring(Ring.DECIDE)
    fork.settle()
    assert running(fork) is None
    assert fork.environment().status is Status.WAITING
    assert len(retracted(fork)) == 1


def test_nothing_changes_while_nobody_can_tell_whether_the_approver_may_write(fork: House) -> None:
    fork.people.error = Transient("asking what grace may do: GitHub answered 502")
    fork.approve(SHA)
    fork.settle()
    assert running(fork) is None
    assert retracted(fork) == []
    fork.people.error = None
    with fork.store.begin() as session:
        session.execute(text("UPDATE troubles SET retry_at = now()"))
    fork.bell.ring(Ring.DECIDE)
    fork.settle()
    assert running(fork) == SHA


def test_approval_taken_back_between_decision_and_publication_is_not_published(fork: House) -> None:
    fork.approve(SHA)
    fork.settle([Ring.DECIDE])
    with fork.store.begin() as session:
        row = fork.environment().id
        [approval] = approvals_of(session, row)
        assert approving.retract(session, row, approval, "On second thoughts.", by="grace")
        assert not approving.retract(session, row, approval, "Once more.")
    fork.run(Ring.PUBLISH)
    assert running(fork) is None
    assert Ring.PUBLISH not in fork.bell.rung
    fork.bell.ring(Ring.DECIDE)
    fork.settle()
    assert fork.environment().status is Status.WAITING
    assert fork.environment().is_published


def test_running_commit_whose_approval_is_taken_back_is_removed_and_confirmed_gone(fork: House) -> None:
    fork.approve(SHA)
    fork.settle()
    ready(fork)
    pushed(fork)
    with fork.store.begin() as session:
        row = fork.environment().id
        [approval] = approvals_of(session, row)
        approving.retract(session, row, approval, "It was a mistake.", by="grace")
    fork.bell.ring(Ring.DECIDE)
    fork.settle()
    assert running(fork) is None
    fork.cluster.healths[NAMESPACE] = Health(Phase.TERMINATING)
    left(fork, f"Namespace/{NAMESPACE}")
    left(fork)
    gone = fork.environment()
    assert gone.status is Status.WAITING
    assert gone.teardown is not None
    assert gone.teardown.is_complete
    fork.cluster.listings = 0
    fork.observe()
    assert fork.cluster.listings == 0


def test_environment_of_a_fork_ends_24_hours_after_its_approval_and_has_to_be_approved_again(fork: House) -> None:
    fork.approve(SHA)
    fork.settle()
    with fork.store.begin() as session:
        assert fork.environment().expires_at == approvals_of(session, fork.environment().id)[0].at + timedelta(hours=24)
        session.execute(text("UPDATE approvals SET approved_at = approved_at - interval '24 hours'"))
        session.execute(text("UPDATE environments SET expires_at = expires_at - interval '24 hours'"))
    fork.sweeper.ring_for_what_is_behind()
    fork.settle()
    assert running(fork) is None
    assert fork.environment().status is Status.WAITING
    fork.sweeper.ring_for_what_is_behind()
    assert not fork.bell.rung & {Ring.DECIDE, Ring.CLEAN_UP, Ring.PUBLISH}
    fork.approve(SHA)
    fork.settle()
    assert running(fork) == SHA


def test_approval_that_ended_before_it_was_published_lets_nothing_run(fork: House) -> None:
    fork.approve(SHA)
    fork.settle([Ring.DECIDE])
    with fork.store.begin() as session:
        session.execute(text("UPDATE environments SET expires_at = now()"))
    fork.run(Ring.PUBLISH)
    assert running(fork) is None


def test_second_approval_of_the_same_commit_takes_the_place_of_the_first(fork: House) -> None:
    fork.approve(SHA)
    fork.settle()
    fork.approve(SHA, Author(3, "linus"))
    fork.settle()
    assert retracted(fork) == ["It was approved once more."]
    assert fork.values("SELECT approver_login FROM approvals WHERE retracted_at IS NULL") == ["linus"]
    assert running(fork) == SHA
    assert len(fork.commits()) == 1


def test_pin_of_a_fork_s_commit_has_to_be_approved_first(fork: House) -> None:
    pushed(fork)
    with fork.store.begin() as session, pytest.raises(Refused, match="/ephemera approve ffffffffffff"):
        wishing.pin(session, fork.environment().id, OLD_SHA, "grace", "command.pin")
    fork.approve(OLD_SHA)
    fork.settle()
    with fork.store.begin() as session:
        wishing.pin(session, fork.environment().id, OLD_SHA, "grace", "command.pin")
    pushed(fork, SHA)
    assert running(fork) == OLD_SHA
    assert fork.environment().status is not Status.WAITING


def test_environment_of_a_fork_cannot_be_extended(fork: House) -> None:
    fork.approve(SHA)
    fork.settle()
    with fork.store.begin() as session, pytest.raises(Refused, match="24 hours from its approval"):
        wishing.extend(session, fork.environment().id, timedelta(hours=24), "grace", "command.extend")


def test_token_approves_as_long_as_it_exists(fork: House) -> None:
    with fork.store.begin() as session:
        tokens.create(session, "ops", Scope.ACT)
        tokens.create(session, "eyes", Scope.READ)
    for name, runs in (("eyes", None), ("ops", SHA)):
        with fork.store.begin() as session:
            by = f"token:{name}"
            row = fork.environment().id
            approving.approve(session, row, SHA, Author(0, by), Source.API, by, "api.approve")
        fork.bell.ring(Ring.DECIDE)
        fork.settle()
        assert running(fork) == runs


def test_branch_of_the_repository_is_asked_about_nobody(house: House) -> None:
    house.people.error = Transient("nobody may be asked")
    house.truth.pull_requests[42] = pull_request()
    house.deliver("d-1", "opened")
    house.settle()
    assert running(house) == SHA


def test_fork_that_was_deleted_goes_on_only_by_its_approval(fork: House) -> None:
    fork.approve(SHA)
    fork.settle()
    fork.truth.pull_requests[42] = replace(fork.truth.pull_requests[42], head_repository_id=None)
    fork.deliver("d-gone", "edited")
    fork.settle()
    assert running(fork) == SHA
    fork.people.writers.clear()
    fork.deliver("d-again", "edited")
    fork.settle()
    assert running(fork) is None


def test_closing_ends_what_was_approved_and_reopening_goes_by_the_same_approval(fork: House) -> None:
    fork.approve(SHA)
    fork.settle()
    fork.cluster.healths[NAMESPACE] = health(web())
    fork.truth.pull_requests[42] = pull_request(head_repository_id=FORK, is_open=False)
    fork.deliver("d-close", "closed")
    fork.settle()
    assert running(fork) is None
    fork.truth.pull_requests[42] = pull_request(head_repository_id=FORK)
    fork.deliver("d-open", "reopened")
    fork.settle()
    assert running(fork) == SHA
