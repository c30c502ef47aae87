"""The last lines of what failed: fetched once, kept with the deployment, shown while it matters."""

from dataclasses import replace

from app.domain.environment import Environment, Status
from app.domain.health import Cause, FailureLog, LogSource, Problem
from tests.domain.builders import OLD_SHA, health, pull_request, web
from tests.stages.house import House
from tests.stages.test_story import NAMESPACE, opened, ready

SOURCE = LogSource("web-1", "web", is_previous=True)
CRASH = Problem(Cause.CRASH, "Pod/web-1", "exit code 1", SOURCE)
OF = "Pod/web-1, container web"


def failed(house: House, problem: Problem = CRASH) -> Environment:
    """Have the environment fail."""
    house.cluster.healths[NAMESPACE] = health(web(ready=False, problem=problem))
    house.observe()
    house.settle()
    return house.environment()


def kept(house: House) -> list[object]:
    """The logs that the deployments keep, oldest first."""
    return house.values("SELECT log FROM deployments ORDER BY id")


def test_log_of_what_failed_is_kept_with_the_deployment_and_told(house: House) -> None:
    opened(house)
    house.cluster.logs[SOURCE] = "no such table\n"
    row = failed(house)
    assert row.status is Status.FAILED
    assert row.failure_log == FailureLog(OF, "no such table\n")
    assert house.values("SELECT problems FROM deployments") == [["crash loop at Pod/web-1: exit code 1"]]
    assert house.values("SELECT log_of FROM deployments") == [OF]
    [comment] = house.texts.comments.values()
    assert "no such table" in comment
    assert house.values("SELECT 1 FROM environments WHERE report_wanted IS DISTINCT FROM report_digest") == []


def test_log_is_fetched_once_for_each_problem(house: House) -> None:
    opened(house)
    house.cluster.logs[SOURCE] = "first"
    failed(house)
    house.cluster.logs[SOURCE] = "later"
    failed(house, replace(CRASH, message="exit code 2"))
    assert kept(house) == ["first"]
    other = replace(CRASH, log=LogSource("web-2", "web", is_previous=False))
    house.cluster.logs[LogSource("web-2", "web", is_previous=False)] = "of another pod"
    failed(house, other)
    assert kept(house) == ["of another pod"]


def test_log_that_cannot_be_had_fails_nothing_and_is_fetched_when_the_failure_is_told_again(house: House) -> None:
    opened(house)
    assert failed(house).failure_log is None
    house.cluster.logs[SOURCE] = "there it is"
    house.observe()
    assert kept(house) == ["there it is"]


def test_log_that_arrives_after_the_failure_is_over_is_dropped(house: House) -> None:
    opened(house)
    house.cluster.logs[SOURCE] = "too late"
    house.cluster.healths[NAMESPACE] = health(web(ready=False, problem=CRASH))
    house.observer.step(house.observer.list_every)
    house.cluster.healths[NAMESPACE] = health(web())
    house.observer.step(house.observer.list_every)
    house.observer.fetch_logs()
    assert kept(house) == [None]


def test_nothing_is_kept_of_what_was_wrong_with_a_commit_that_runs_after_all(house: House) -> None:
    opened(house)
    house.cluster.logs[SOURCE] = "not yet"
    failed(house)
    ready(house)
    assert kept(house) == [None]
    assert house.values("SELECT problems FROM deployments") == [[]]
    assert house.environment().failure_log is None


def test_log_of_a_commit_says_nothing_about_the_next_one(house: House) -> None:
    opened(house)
    house.cluster.logs[SOURCE] = "of the first"
    failed(house)
    house.truth.pull_requests[42] = pull_request(head_sha=OLD_SHA)
    house.deliver("d-2", "synchronize")
    house.settle()
    assert house.environment().failure_log is None
    assert kept(house) == ["of the first", None]
