"""The stages against GitHub as it answers over HTTP: what is spent, what is refused, and who is first."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import pytest

from app.demo.github.faults import Fault
from app.demo.github.readings import PullRequest
from app.domain.budget import USUAL
from app.domain.environment import Status
from app.domain.pull_request import RepositoryRef
from app.errors import Transient
from app.github.reports import GitHubReports
from app.ports import Ring
from app.stages.report import Reporter
from tests.stages.hub import Hub
from tests.stages.test_report import cut_off


def opened(hub: Hub) -> PullRequest:
    """Open a pull request and let everything follow."""
    pull = hub.people.open_pull_request(hub.name, title="Sell more", author="ada")
    hub.ring(pull.number, "opened")
    hub.follow()
    return pull


def runs(hub: Hub, pull: PullRequest) -> None:
    """Have the cluster run the commit, and notice."""
    hub.run(pull.head_sha, pull.number)
    hub.house.observe()


def writes(hub: Hub) -> int:
    """How many there were since the ledger was reset."""
    return sum(call.is_write for call in hub.spent())


def test_push_costs_six_writes_and_one_read_and_its_redelivery_none(hub: Hub) -> None:
    hub.use(limits=None)
    pull = opened(hub)
    runs(hub, pull)
    hub.report()
    pull = hub.people.push(hub.name, pull.number)
    hub.people.reset_ledger()
    hub.ring(pull.number, "synchronize")
    hub.follow()
    runs(hub, pull)
    hub.report()
    assert (writes(hub), len(hub.spent()) - writes(hub)) == (6, 1)
    assert [(made.environment, made.states[-1]) for made in hub.people.deployments(hub.name)] == [
        ("pr-1", "inactive"),
        ("pr-1", "success"),
    ]
    hub.people.reset_ledger()
    hub.ring(pull.number, "synchronize")
    hub.follow()
    hub.report()
    assert writes(hub) == 0


@pytest.mark.parametrize("path", [".*/check-runs", ".*/deployments", ".*/issues/.*/comments"])
def test_lost_answer_makes_nothing_twice(hub: Hub, path: str) -> None:
    hub.use(limits=None)
    hub.people.fault(Fault("lost_answer", "POST", path))
    pull = opened(hub)
    runs(hub, pull)
    hub.report()
    assert [check.conclusion for check in hub.checks(pull)] == ["success"]
    assert len(hub.comments(pull.number)) == 1
    assert len(hub.people.deployments(hub.name)) == 1
    assert hub.people.call("GET", "/faults") == []


def test_hour_of_a_used_up_rate_limit_is_sat_out_in_silence(hub: Hub) -> None:
    hub.use(USUAL)
    hub.people.set_limits(limit=4, reset=True)
    began = hub.seconds()
    pull = opened(hub)
    runs(hub, pull)
    for _ in range(3):
        hub.wait(15 * 60)
        hub.house.sweeper.ring_for_what_is_behind()
        hub.follow()
    refused = [call for call in hub.spent() if call.is_refused_by_limit]
    assert len(refused) == 1
    hub.report()
    assert hub.seconds() - began > timedelta(minutes=59).total_seconds()
    assert [call for call in hub.spent() if call.is_refused_by_limit] == refused
    assert [check.conclusion for check in hub.checks(pull)] == ["success"]
    assert len(hub.comments(pull.number)) == 1


def test_of_two_processes_that_come_to_the_first_comment_together_one_writes_it(hub: Hub) -> None:
    reporter = hub.use(limits=None)
    pull = opened(hub)
    runs(hub, pull)
    with ThreadPoolExecutor(2) as processes:
        list(processes.map(lambda _: reporter.run(), range(2)))
    hub.report()
    assert len(hub.comments(pull.number)) == 1
    assert [check.conclusion for check in hub.checks(pull)] == ["success"]


@dataclass(frozen=True, slots=True)
class Overtaken:
    """GitHub, as a process reaches it that is cut off from PostgreSQL before its first comment, and overtaken."""

    hub: Hub
    reports: GitHubReports

    def __getattr__(self, name: str) -> object:
        return getattr(self.reports, name)

    def put_comment(
        self, repository: RepositoryRef, number: int, marker: str, body: str, known_id: int | None, *, look: bool = True
    ) -> int:
        cut_off(self.hub.house)
        Reporter(self.hub.house.store, self.reports, self.hub.house.bell, limits=None).run()
        return self.reports.put_comment(repository, number, marker, body, known_id, look=look)


def test_two_comments_of_a_lost_race_become_one(hub: Hub) -> None:
    hub.use(limits=None)
    pull = opened(hub)
    runs(hub, pull)
    reports = Overtaken(hub, hub.github.reports)
    with pytest.raises(Transient):
        Reporter(hub.house.store, reports, hub.house.bell, limits=None).run()  # type: ignore[arg-type] # by __getattr__
    assert len(hub.comments(pull.number)) == 2
    hub.report()
    assert len(hub.comments(pull.number)) == 1
    assert hub.house.environment(pull.number).status is Status.READY
    assert Ring.REPORT not in hub.house.bell.rung
