"""`report`: what GitHub is told, how often, and what happens when it does not answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.budget import Limits
from app.domain.environment import Stage, Status
from app.domain.pull_request import RepositoryRef
from app.domain.report import CheckRun, CheckStatus, Conclusion, DeploymentState, Telling
from app.errors import EphemeraError, RateLimited, Stalled, Transient
from app.ports import Ring
from app.stages.report import Reporter
from app.store import budget, reporting
from tests.domain.builders import OLD_SHA, SHA, health, pull_request, web
from tests.moved import DatabaseClock
from tests.stages.fakes import GitHubTexts, nothing
from tests.stages.house import House
from tests.stages.test_story import NAMESPACE, closed, opened, ready

MINUTE = timedelta(minutes=1)


@dataclass
class Disturbed(GitHubTexts):
    """GitHub, on which something happens once, before the next write of a kind is carried out or after."""

    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    after: dict[str, Callable[[], None]] = field(default_factory=dict)

    def put_check_run(
        self, repository: RepositoryRef, check: CheckRun, known_id: int | None, *, look: bool = True
    ) -> int:
        self.before.pop("check", nothing)()
        found = GitHubTexts.put_check_run(self, repository, check, known_id, look=look)
        self.after.pop("check", nothing)()
        return found

    def put_comment(
        self, repository: RepositoryRef, number: int, marker: str, body: str, known_id: int | None, *, look: bool = True
    ) -> int:
        self.before.pop("comment", nothing)()
        found = GitHubTexts.put_comment(self, repository, number, marker, body, known_id, look=look)
        self.after.pop("comment", nothing)()
        return found


@pytest.fixture
def clock(house: House) -> DatabaseClock:
    """Give the clock of the house's database."""
    return DatabaseClock.install(house.store)


@pytest.fixture
def disturbed(house: House) -> Iterator[Disturbed]:
    """Give a GitHub to the house on which things happen."""
    texts = Disturbed()
    house.texts = texts
    house.reporter = replace(house.reporter, reports=texts)
    yield texts
    assert (texts.before, texts.after) == ({}, {})


def raising(error: EphemeraError) -> Callable[[], None]:
    """What goes wrong."""

    def happen() -> None:
        raise error

    return happen


def cut_off(house: House) -> None:
    """Break every connection that holds a claim: whoever made it does not know yet."""
    held = """
    SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    with house.store.begin() as session:
        session.execute(text(held))
    house.store.close()


def swept(house: House) -> None:
    """Sweep once and let everything follow."""
    house.sweeper.ring_for_what_is_behind()
    house.settle()


def pushed(house: House, sha: str) -> None:
    """Push a commit and let everything follow."""
    house.truth.pull_requests[42] = pull_request(head_sha=sha)
    house.deliver(f"d-{sha}", "synchronize")
    house.settle()


def test_push_costs_six_writes_and_no_look(house: House) -> None:
    opened(house)
    ready(house)
    writes = house.texts.writes
    pushed(house, OLD_SHA)
    ready(house, OLD_SHA)
    assert (house.texts.writes - writes, house.texts.looks) == (6, 0)
    assert [made[-1].state for made in house.texts.deployments.values()] == [
        DeploymentState.INACTIVE,
        DeploymentState.SUCCESS,
    ]
    assert house.values("SELECT github_state FROM deployments ORDER BY id") == ["inactive", "success"]


def test_closed_pull_request_has_no_deployment_that_is_active(house: House) -> None:
    opened(house)
    ready(house)
    closed(house)
    assert [made[-1].state for made in house.texts.deployments.values()] == [DeploymentState.INACTIVE]


def test_comment_waits_for_an_outcome_and_for_no_longer_than_a_minute(house: House, clock: DatabaseClock) -> None:
    opened(house)
    swept(house)
    assert house.texts.comments == {}
    clock.move(MINUTE)
    swept(house)
    assert len(house.texts.comments) == 1
    writes = house.texts.writes
    swept(house)
    assert house.texts.writes == writes


def test_nothing_is_rung_for_while_the_rest_is_held(house: House, clock: DatabaseClock) -> None:
    opened(house)
    house.sweeper.ring_for_what_is_behind()
    assert house.bell.rung == set()
    clock.move(MINUTE)
    house.sweeper.ring_for_what_is_behind()
    assert house.bell.rung == {Ring.REPORT}


def test_outcome_is_told_at_once_though_the_rest_was_held(house: House) -> None:
    opened(house)
    ready(house)
    [check] = house.texts.checks.values()
    assert check.conclusion is Conclusion.SUCCESS
    assert len(house.texts.comments) == 1


def test_commit_that_is_ready_before_it_was_reported_has_one_check_run_that_says_so(house: House) -> None:
    house.truth.pull_requests[42] = pull_request()
    house.deliver("d-1", "opened")
    house.settle([Ring.DECIDE, Ring.PUBLISH])
    house.cluster.healths[NAMESPACE] = health(web())
    house.observe()
    house.settle()
    assert house.texts.writes == 4
    [check] = house.texts.checks.values()
    assert check.status is CheckStatus.COMPLETED


def test_redelivered_event_writes_nothing(house: House) -> None:
    opened(house)
    ready(house)
    writes = house.texts.writes
    assert not house.deliver("d-1", "opened")
    house.deliver("d-other", "opened")
    house.settle()
    swept(house)
    assert house.texts.writes == writes


@pytest.mark.parametrize(("comment", "context"), [(False, None), (True, "ci/preview"), (False, "ci/preview")])
def test_operator_says_what_is_told(house: House, comment: bool, context: str | None) -> None:
    house.reporter = replace(house.reporter, telling=Telling(comment, context))
    opened(house)
    ready(house)
    assert len(house.texts.comments) == comment
    assert [status.context for status in house.texts.statuses] == ([context] if context else [])
    swept(house)
    assert house.bell.rung == set()


@pytest.mark.parametrize(("error", "looks"), [(Transient("no answer"), 1), (Stalled("forbidden"), 0)])
def test_github_is_looked_at_only_after_a_create_of_which_nobody_knows_what_became(
    house: House, disturbed: Disturbed, error: EphemeraError, looks: int
) -> None:
    disturbed.after["check"] = raising(error)
    opened(house)
    assert house.environment().troubles[Stage.REPORT].message == str(error)
    house.deliver("d-2", "edited")
    house.settle()
    assert house.texts.looks == looks
    ready(house)
    assert house.texts.looks == looks


def test_worker_killed_between_a_create_and_its_record_looks_before_it_creates_again(
    house: House, disturbed: Disturbed
) -> None:
    class Killed(BaseException):
        """Nothing handles it, as nothing handles kill -9."""

    def kill() -> None:
        raise Killed

    disturbed.after["comment"] = kill
    opened(house)
    with pytest.raises(Killed):
        ready(house)
    assert (len(disturbed.comments), disturbed.looks) == (1, 0)
    swept(house)
    assert disturbed.looks == 1


def test_rate_limit_pauses_the_installation_and_is_nobodys_trouble(
    house: House, disturbed: Disturbed, clock: DatabaseClock
) -> None:
    disturbed.before["check"] = raising(RateLimited("writing: used up", MINUTE))
    opened(house)
    assert house.environment().troubles == {}
    for _ in range(3):
        swept(house)
    assert disturbed.writes == 0
    assert house.values("SELECT pause_reason FROM installations WHERE id = 70") == ["writing: used up"]
    clock.move(MINUTE)
    swept(house)
    assert (len(disturbed.checks), disturbed.looks) == (1, 0)


def test_rate_limit_met_in_reading_stops_the_writing_as_well(house: House, clock: DatabaseClock) -> None:
    opened(house)
    house.truth.error = RateLimited("reading: used up", MINUTE)
    house.deliver("d-2", "edited")
    house.settle()
    house.truth.error = None
    house.cluster.healths[NAMESPACE] = health(web())
    house.observe()
    swept(house)
    assert house.environment().status is Status.READY
    assert house.texts.comments == {}
    clock.move(MINUTE)
    swept(house)
    assert len(house.texts.comments) == 1


def test_who_lost_its_claim_while_it_wrote_has_its_work_looked_for(house: House, disturbed: Disturbed) -> None:
    """Two processes at the first comment: the first is cut off from PostgreSQL before it writes, and does not know."""

    def overtake() -> None:
        cut_off(house)
        Reporter(house.store, disturbed, house.bell, limits=None).run()

    opened(house)
    disturbed.before["comment"] = overtake
    with pytest.raises(Transient):
        ready(house)
    assert len(disturbed.comments) == 2
    before = disturbed.looks
    swept(house)
    assert disturbed.looks == before + 1


def test_short_waits_are_waited_out_and_long_ones_left_to_the_sweep(house: House, clock: DatabaseClock) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        clock.move(timedelta(seconds=seconds))

    limits = Limits(spacing=timedelta(seconds=2), a_minute=4)
    house.reporter = replace(house.reporter, limits=limits, wait=wait, clock=clock.seconds)
    opened(house)
    ready(house)
    assert house.texts.writes == 4
    assert all(1 < seconds <= 2 for seconds in waits)
    assert len(house.texts.deployments[1]) == 1
    with house.store.begin() as session:
        assert not reporting.has_due(session, limits)
    clock.move(MINUTE)
    swept(house)
    assert house.texts.deployments[1][-1].state is DeploymentState.SUCCESS


def test_removal_is_told_though_the_rest_has_used_up_its_share(house: House, clock: DatabaseClock) -> None:
    for number in (41, 42, 43):
        house.truth.pull_requests[number] = replace(pull_request(), number=number)
        house.deliver(f"d-{number}", "opened", number)
    house.settle()
    limits = Limits(a_minute=5, kept_percent=60)
    house.reporter = replace(house.reporter, limits=limits, wait=clock.wait, clock=clock.seconds)
    house.cluster.healths |= {f"pr-{number}-shop": health(web()) for number in (41, 43)}
    before = house.texts.writes
    house.observe()
    house.settle()
    assert house.texts.writes == before + 2
    closed(house)
    assert house.texts.writes == before + 5
    assert house.texts.checks[house.environment(42).id].conclusion is Conclusion.NEUTRAL
    assert [made[-1].state for made in house.texts.deployments.values()].count(DeploymentState.INACTIVE) == 1
    assert len(house.texts.comments) == 1


def test_what_tells_most_is_told_to_everybody_before_anybody_is_told_the_rest(
    house: House, clock: DatabaseClock
) -> None:
    for number in (41, 42, 43):
        house.truth.pull_requests[number] = replace(pull_request(), number=number)
        house.deliver(f"d-{number}", "opened", number)
    house.settle([Ring.DECIDE, Ring.PUBLISH])
    house.cluster.healths |= {f"pr-{number}-shop": health(web()) for number in (41, 42, 43)}
    house.observe()
    limits = Limits(a_minute=5)
    house.reporter = replace(house.reporter, limits=limits, wait=clock.wait, clock=clock.seconds)
    house.settle()
    assert (len(house.texts.checks), len(house.texts.comments)) == (3, 1)


def test_pause_of_one_installation_holds_up_no_other(house: House) -> None:
    other = RepositoryRef(8, "Other/Stall", 80)
    house.truth.pull_requests |= {
        42: pull_request(),
        50: pull_request(repository=other, number=50, head_repository_id=other.id),
    }
    house.deliver("d-1", "opened")
    house.deliver("d-2", "opened", 50, other)
    with house.store.begin() as session:
        budget.pause(session, 70, MINUTE, "used up")
    house.settle()
    told = {check.external_id for check in house.texts.checks.values()}
    assert told == {str(house.environment(50).id)}


def test_overtaken_text_is_never_sent(house: House) -> None:
    opened(house)
    ready(house)
    writes = house.texts.writes
    for sha in (OLD_SHA, "e" * 40, "d" * 40):
        house.truth.pull_requests[42] = pull_request(head_sha=sha)
        house.deliver(f"d-{sha}", "synchronize")
        house.settle([Ring.DECIDE, Ring.PUBLISH])
    house.settle()
    ready(house, "d" * 40)
    assert {check.head_sha for check in house.texts.checks.values()} == {SHA, "d" * 40}
    assert house.texts.writes - writes == 6
