"""Forks: what runs is a commit that somebody who may write approved, exactly that one, for a while."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.approval import ONCE_MORE, Approval, objection, standing
from app.domain.command import Source
from app.domain.desire import Wish, desire, outcome
from app.domain.desired import Absent, Decision, Present, Waiting
from app.domain.expiry import Limits
from app.domain.policy import Policy
from app.domain.pull_request import Author
from tests.domain.builders import GRACE, NOW, OLD_SHA, PLACE, SHA, pull_request

FORK = 999
LASTS = Limits().fork


def approval(**changes: Any) -> Approval:
    """The head, approved by Grace an hour ago."""
    return replace(Approval(1, SHA, GRACE, Source.COMMENT, NOW - timedelta(hours=1)), **changes)


def decided(*approvals: Approval, pinned: str | None = None, **changes: Any) -> Decision:
    """What should exist of a fork's pull request."""
    wish = Wish(approvals=approvals, pinned_sha=pinned)
    return desire(pull_request(head_repository_id=FORK, **changes), Policy(), PLACE, wish, NOW)


def test_approved_head_runs_by_its_approval() -> None:
    decision = decided(approval(id=7))
    assert isinstance(decision, Present)
    assert (decision.spec.head_sha, decision.approval) == (SHA, 7)


@pytest.mark.parametrize(
    ("held", "kept", "says"),
    [
        ((), (), "exactly as it is."),
        ((approval(sha=OLD_SHA),), (OLD_SHA,), "exactly as it is."),
        ((approval(sha=SHA[:12]),), (SHA[:12],), "exactly as it is."),
        ((approval(retracted_why="A bot approved it."),), (), "does not count: a bot approved it."),
        ((approval(at=NOW - LASTS),), (), "has ended, 24 hours after it was given."),
        ((approval(sha=OLD_SHA, at=NOW - LASTS),), (), "exactly as it is."),
        ((approval(retracted_why=ONCE_MORE),), (), "exactly as it is."),
    ],
    ids=["none", "of another", "of a short one", "taken back", "ended", "another that ended", "replaced"],
)
def test_head_without_an_approval_that_stands_waits(
    held: tuple[Approval, ...], kept: tuple[str, ...], says: str
) -> None:
    decision = decided(*held)
    assert isinstance(decision, Waiting)
    assert (decision.sha, decision.kept) == (SHA, kept)
    assert SHA[:12] in decision.reason
    assert decision.reason.endswith(says)
    assert "@" not in decision.reason


def test_approval_stands_until_its_time_is_over_and_not_a_moment_longer() -> None:
    moment = timedelta(microseconds=1)
    assert approval(at=NOW - LASTS + moment).stands(LASTS, NOW)
    assert not approval(at=NOW - LASTS).stands(LASTS, NOW)


def test_later_approval_of_the_same_commit_counts_where_an_earlier_one_ended() -> None:
    decision = decided(approval(id=2), approval(id=1, retracted_why=ONCE_MORE))
    assert isinstance(decision, Present)
    assert decision.approval == 2


@pytest.mark.parametrize(
    ("pinned", "held", "runs"),
    [
        (OLD_SHA, (approval(sha=OLD_SHA),), OLD_SHA),
        (OLD_SHA, (approval(), approval(id=2, sha=OLD_SHA)), OLD_SHA),
        (OLD_SHA, (approval(),), SHA),
        (OLD_SHA, (), None),
        (OLD_SHA, (approval(sha=OLD_SHA, retracted_why="No."),), None),
    ],
)
def test_pin_of_a_commit_that_is_not_approved_counts_for_nothing(
    pinned: str, held: tuple[Approval, ...], runs: str | None
) -> None:
    decision = decided(*held, pinned=pinned)
    assert (decision.spec.head_sha if isinstance(decision, Present) else None) == runs


def test_approval_does_not_overrule_what_else_speaks_against_an_environment() -> None:
    assert isinstance(decided(approval(), is_draft=True), Absent)
    assert isinstance(decided(approval(), is_open=False), Absent)


def test_environment_of_a_fork_goes_when_its_approval_ends_however_busy_it_was() -> None:
    pull = pull_request(head_repository_id=FORK)
    found = outcome(pull, Policy(), PLACE, Wish(approvals=(approval(),)), NOW)
    assert found.expires_at == approval().at + LASTS
    waits = outcome(replace(pull, head_sha=OLD_SHA), Policy(), PLACE, Wish(approvals=(approval(),)), NOW)
    assert isinstance(waits.decision, Waiting)
    assert waits.expires_at == approval().at + LASTS


@pytest.mark.parametrize(
    ("approver", "is_refused"),
    [(GRACE, False), (Author(1, "ada"), True), (Author(1, "ada-renamed"), True), (Author(9, "merge-bot[bot]"), True)],
)
def test_author_and_bots_cannot_approve(approver: Author, is_refused: bool) -> None:
    assert (objection(approver, pull_request()) is not None) is is_refused


def test_environment_of_a_fork_is_given_no_secrets() -> None:
    """A spec has nothing to carry one in, so that a fork's cannot have any more than others; see that it stays so."""
    decision = decided(approval())
    assert isinstance(decision, Present)
    assert set(decision.spec.to_mapping()) == {
        *("cluster", "namespace", "folder", "owner", "repository", "number", "head_sha", "image", "port", "host"),
        *("generation", "ingress_namespace", "web_url", "sets"),
    }
    assert decision.spec.sets == ("base", "web")


SHAS = st.sampled_from([SHA, OLD_SHA, "1" * 40])
APPROVALS = st.lists(
    st.builds(
        Approval,
        id=st.integers(1, 9),
        sha=SHAS,
        approver=st.just(GRACE),
        source=st.sampled_from([Source.COMMENT, Source.BUTTON, Source.API]),
        at=st.integers(0, 48).map(lambda hours: NOW - timedelta(hours=hours)),
        retracted_why=st.sampled_from([None, "No.", ONCE_MORE]),
    ),
    max_size=6,
    unique_by=lambda each: each.id,
)


@given(approvals=APPROVALS, head=SHAS, pinned=st.none() | SHAS, redeploys=st.integers(0, 3))
def test_whatever_was_approved_what_runs_is_approved_now(
    approvals: list[Approval], head: str, pinned: str | None, redeploys: int
) -> None:
    wish = Wish(redeploys=redeploys, pinned_sha=pinned, approvals=tuple(approvals))
    decision = desire(pull_request(head_repository_id=FORK, head_sha=head), Policy(), PLACE, wish, NOW)
    if isinstance(decision, Present):
        sha = decision.spec.head_sha
        assert sha in (head, pinned)
        assert standing(approvals, sha, LASTS, NOW) is not None
        assert decision.spec.image.endswith(f":{sha}")
    else:
        assert isinstance(decision, Waiting)
        assert standing(approvals, head, LASTS, NOW) is None
