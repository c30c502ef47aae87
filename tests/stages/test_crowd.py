"""A thousand pull requests of one installation within a minute, on a GitHub that enforces every limit it has.

The time is moved, so the hours that it takes are minutes. Most pull requests here are drafts and forks, which need one
write and two; that is for the sake of this test's own time, and no limit looks at it.
"""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from app.demo.github.readings import PullRequest
from app.domain.budget import USUAL
from app.ports import Ring
from tests.stages.hub import Hub

pytestmark = pytest.mark.slow

CLOSED, ORDINARY, FORKS, DRAFTS = 20, 40, 60, 880

_UNTOLD = """
SELECT 1 FROM environments WHERE desired ->> 'kind' = 'absent' AND published_commit IS NOT NULL
    AND (status <> 'destroyed' OR report_wanted IS DISTINCT FROM report_digest)
"""
_CLOSED = "SELECT 1 FROM environments WHERE requested_generation > decided_generation AND asked_reason LIKE '%closed'"
_BEHIND = "SELECT 1 FROM environments WHERE requested_generation > published_generation"


@dataclass(frozen=True, slots=True)
class Crowd:
    """The pull requests, by what becomes of them."""

    closed: list[PullRequest]
    ordinary: list[PullRequest]
    forks: list[PullRequest]
    drafts: list[PullRequest]


def gathered(hub: Hub) -> Crowd:
    """All of them; those that will be closed are ready and told to be."""
    hub.use(limits=None)
    closed = [hub.people.open_pull_request(hub.name, author="ada") for _ in range(CLOSED)]
    for pull in closed:
        hub.ring(pull.number, "opened")
    hub.follow()
    for pull in closed:
        hub.run(pull.head_sha, pull.number)
    hub.house.observe()
    hub.report()
    return Crowd(
        closed,
        [hub.people.open_pull_request(hub.name, author="ada") for _ in range(ORDINARY)],
        [hub.people.open_pull_request(hub.name, author="eve", fork=True) for _ in range(FORKS)],
        [hub.people.open_pull_request(hub.name, author="ada", draft=True) for _ in range(DRAFTS)],
    )


def all_at_once(hub: Hub, crowd: Crowd) -> None:
    """Every pull request's event arrives."""
    for pull in [*crowd.drafts, *crowd.forks, *crowd.ordinary]:
        hub.ring(pull.number, "opened")
    for pull in crowd.closed:
        hub.people.close_pull_request(hub.name, pull.number)
        hub.ring(pull.number, "closed")


def go_on(hub: Hub) -> None:
    """The clock's sweep, what the workers do then, and what the cluster makes of it."""
    hub.wait(5)
    hub.house.sweeper.ring_for_what_is_behind()
    hub.follow()


def follows(hub: Hub, crowd: Crowd) -> None:
    """The cluster runs what was published, and removes what was removed."""
    left = set(hub.house.values("SELECT number FROM environments WHERE published_tree IS NOT NULL"))
    for pull in crowd.closed:
        if pull.number not in left:
            hub.house.cluster.healths.pop(hub.namespace(pull.number), None)
    for pull in crowd.ordinary:
        if pull.number in left:
            hub.run(pull.head_sha, pull.number)
    hub.house.observe()


def test_thousand_pull_requests_within_a_minute_are_all_told_and_nothing_is_refused(hub: Hub) -> None:
    crowd = gathered(hub)
    hub.use(USUAL)
    hub.people.keep_bodies(on=False)
    hub.people.reset_ledger()
    hub.people.set_limits(secondary=True, strict_spacing=True, reset=True)
    began = hub.clock.ahead
    all_at_once(hub, crowd)
    assert hub.clock.ahead == began
    while hub.house.values(_CLOSED) or hub.house.values(_UNTOLD):
        go_on(hub)
        follows(hub, crowd)
    assert hub.clock.ahead - began < timedelta(minutes=5)
    while hub.house.values(_BEHIND):
        go_on(hub)
    follows(hub, crowd)
    hub.house.bell.ring(Ring.REPORT)
    hub.report()
    refused = [call for call in hub.people.ledger() if call.status in (403, 429)]
    assert refused == []
    assert timedelta(hours=2) < hub.clock.ahead - began < timedelta(hours=5)
    assert_told(hub, crowd)


def assert_told(hub: Hub, crowd: Crowd) -> None:
    """Every pull request ends with the right text, once."""
    ends = (
        (crowd.closed, "neutral", "no longer exist"),
        (crowd.ordinary, "success", "preview.test"),
        (crowd.forks, "action_required", "{sha}"),
        (crowd.drafts, "neutral", None),
    )
    for pulls, conclusion, words in ends:
        for pull in pulls:
            assert [check.conclusion for check in hub.checks(pull)][-1] == conclusion, pull
            comments = hub.comments(pull.number)
            assert len(comments) == (words is not None), comments
            assert words is None or words.format(sha=pull.head_sha) in comments[0]
