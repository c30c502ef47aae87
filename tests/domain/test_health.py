"""Ready means this commit: the judgement of what runs, as a table."""

from dataclasses import replace

import pytest

from app.domain.health import Cause, Health, LogSource, Phase, Problem, Verdict, Wanted, Workload, judge
from tests.domain.builders import OLD_SHA, SHA, health, web

PULL = Problem(Cause.IMAGE_PULL, "Pod/web-1", "not found")
NO_ROOM = Problem(Cause.UNSCHEDULABLE, "Pod/web-1", "0/3 nodes")


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (None, Verdict.PROGRESSING),
        (health(), Verdict.PROGRESSING),
        (health(web()), Verdict.READY),
        (health(web(ready=False)), Verdict.PROGRESSING),
        (health(web(sha=OLD_SHA)), Verdict.PROGRESSING),
        (health(web(sha=None)), Verdict.PROGRESSING),
        (health(web(generation=1)), Verdict.PROGRESSING),
        (health(web(), phase=Phase.TERMINATING), Verdict.PROGRESSING),
        (health(Workload("Deployment/other", SHA, 0, is_ready=True)), Verdict.PROGRESSING),
        (health(web(ready=False, problem=PULL)), Verdict.FAILING),
        (health(web(ready=False, sha=OLD_SHA, problem=PULL)), Verdict.PROGRESSING),
        (health(web(ready=False, problem=NO_ROOM)), Verdict.PROGRESSING),
        (health(web(), Workload("Deployment/x", SHA, 0, is_ready=False, problem=PULL)), Verdict.READY),
    ],
)
def test_judgement(seen: Health | None, verdict: Verdict) -> None:
    assert judge(seen, Wanted(SHA, 0, None, ("Deployment/web",))).verdict is verdict


def test_every_expected_workload_has_to_run() -> None:
    expected = ("Deployment/web", "Job/migrate")
    assert judge(health(web()), Wanted(SHA, 0, None, expected)).verdict is Verdict.PROGRESSING
    done = Workload("Job/migrate", SHA, 0, is_ready=True)
    assert judge(health(web(), done), Wanted(SHA, 0, None, expected)).verdict is Verdict.READY


def test_nothing_expected_is_never_ready() -> None:
    assert judge(health(web()), Wanted(SHA, 0, None, ())).verdict is Verdict.PROGRESSING


def test_health_survives_the_row() -> None:
    seen = Health(Phase.ACTIVE, (web(ready=False, problem=PULL),), ("finalizers remain",))
    assert Health.from_json(seen.to_json()) == seen


def test_problem_survives_the_row_with_its_log() -> None:
    crash = Problem(Cause.CRASH, "Pod/web-1", "ended", LogSource("web-1", "web", is_previous=True))
    for cause in Cause:
        seen = Health(Phase.ACTIVE, (web(ready=False, problem=replace(crash, cause=cause)),), problems=(crash,))
        assert Health.from_json(seen.to_json()) == seen


def test_cause_that_another_version_wrote_is_read_as_some_problem() -> None:
    row = Health(Phase.ACTIVE, (web(ready=False, problem=PULL),)).to_json()
    row["workloads"][0]["problem"]["cause"] = "bad weather"
    problem = Health.from_json(row).workloads[0].problem
    assert problem is not None
    assert (problem.cause, problem.message) == (Cause.OTHER, "not found")
