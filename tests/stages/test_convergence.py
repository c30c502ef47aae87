"""Whatever happens to the deliveries, in whatever order, everything ends as if each had come once and in order.

The machine shuffles, repeats, loses and delays deliveries while pull requests are pushed to, closed, reopened and
drafted; two deciders look and write at any moment, and things happen while a look, or a push to Git, is under way.
Where nothing was lost, it has to end right by the bell alone; where something was, after one sweep.

Each of these variants, all of which look harmless, makes it fail. To see one fail:

1. The generation is read after looking: in `Decider._decide`, set `generation` from a second `deciding.take` after
   `self._look`.
2. The decision is written whatever was decided since: remove the first `return False` from `deciding.record`, and take
   `max(generation, row.decided_generation)` there.
3. Nobody rings again after the lock is released: remove `self.bell.ring(Ring.PUBLISH)` from `Publisher.run`.
4. The queue's unique job is the only guard: in `House.run`, answer the bell *after* the job instead of before it.
"""

import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from app.domain.desire import Wish, desire, outcome
from app.domain.desired import Present
from app.domain.pull_request import Missing, PullRequest
from app.ports import Ring
from app.store import deciding
from app.store.deciding import Taken
from app.store.engine import Store
from tests.domain.builders import NOW, pull_request
from tests.stages.fakes import nothing
from tests.stages.house import POLICY, House

NUMBERS = (41, 42)
LAST_NUMBER = 43
JOBS = (Ring.DECIDE, Ring.CLEAN_UP, Ring.PUBLISH)


class Convergence(RuleBasedStateMachine):
    """Two pull requests, one house, any order."""

    looks = Bundle("looks")
    store: Store

    @initialize(may_delay=st.booleans(), may_lose=st.booleans())
    def build(self, may_delay: bool, may_lose: bool) -> None:
        """A late delivery heals what went wrong before it, so many examples have none."""
        self.home = tempfile.TemporaryDirectory(prefix="ephemera-")
        remote = Path(self.home.name) / "environments.git"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
        with self.store.begin() as session:
            session.execute(
                text("TRUNCATE environments, deliveries, repositories, installations, users, clusters CASCADE")
            )
        self.house = House(self.store, remote, Path(self.home.name) / "cache")
        self.pending: list[tuple[str, str, int]] = []
        self.delivered: list[tuple[str, str, int]] = []
        self.count = 0
        self.may_delay, self.may_lose = may_delay, may_lose
        self.is_lossy = False

    # What people do, and the network makes of it

    @rule(number=st.sampled_from(NUMBERS), arrives=st.booleans())
    def push(self, number: int, arrives: bool) -> None:
        self.count += 1
        self._change(replace(self._known(number), head_sha=f"{self.count:040x}"), "synchronize", arrives)

    @rule(number=st.sampled_from(NUMBERS), arrives=st.booleans())
    def close_or_reopen(self, number: int, arrives: bool) -> None:
        known = self._known(number)
        self._change(replace(known, is_open=not known.is_open), "closed" if known.is_open else "reopened", arrives)

    @rule(number=st.sampled_from(NUMBERS), arrives=st.booleans())
    def draft_or_undraft(self, number: int, arrives: bool) -> None:
        known = self._known(number)
        action = "ready_for_review" if known.is_draft else "converted_to_draft"
        self._change(replace(known, is_draft=not known.is_draft), action, arrives)

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def deliver_late(self, data: st.DataObject) -> None:
        delivery = data.draw(st.sampled_from(self.pending))
        self.pending.remove(delivery)
        self._deliver(delivery)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        assert not self.house.deliver(*data.draw(st.sampled_from(self.delivered)))

    @precondition(lambda self: self.may_lose and self.pending)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        self.pending.remove(data.draw(st.sampled_from(self.pending)))
        self.is_lossy = True

    @precondition(lambda self: self.may_lose and self.house.bell.rung)
    @rule()
    def empty_redis(self) -> None:
        self.house.bell.rung.clear()
        self.is_lossy = True

    # What the workers do

    @precondition(lambda self: self.house.bell.rung & set(JOBS))
    @rule(data=st.data())
    def work(self, data: st.DataObject) -> None:
        self.house.run(data.draw(st.sampled_from(sorted(self.house.bell.rung & set(JOBS)))))

    @precondition(lambda self: self.house.bell.rung & {Ring.DECIDE, Ring.CLEAN_UP})
    @rule(number=st.sampled_from(NUMBERS), data=st.data())
    def decide_while_somebody_pushes(self, number: int, data: st.DataObject) -> None:
        self.house.truth.meanwhile = lambda: self.push(number, arrives=True)
        self.house.run(data.draw(st.sampled_from(sorted(self.house.bell.rung & {Ring.DECIDE, Ring.CLEAN_UP}))))
        self.house.truth.meanwhile = nothing

    @precondition(lambda self: Ring.PUBLISH in self.house.bell.rung)
    @rule(number=st.sampled_from(NUMBERS))
    def publish_while_somebody_pushes(self, number: int) -> None:
        """It is decided after the rows were read; a second publisher finds the lock taken and gives up."""
        self.house.meanwhile = lambda: self._push_and_work(number)
        self.house.run(Ring.PUBLISH)
        self.house.meanwhile = nothing

    @precondition(lambda self: self.house.values("SELECT 1 FROM environments LIMIT 1"))
    @rule(target=looks, data=st.data())
    def begin_look(self, data: st.DataObject) -> Any:
        """A second decider reads the generation, then GitHub; it may be slow to write."""
        numbers = self.house.values("SELECT number FROM environments ORDER BY number")
        row = self.house.environment(int(str(data.draw(st.sampled_from(numbers)))))
        with self.store.begin() as session:
            taken = deciding.take(session, row.id)
        if taken is None:
            return multiple()
        return taken, self.house.truth.look_up(taken.environment.repository, taken.environment.number)

    @precondition(lambda self: self.house.bell.rung & {Ring.DECIDE, Ring.CLEAN_UP})
    @rule(look=looks)
    def overtake_look(self, look: tuple[Taken, PullRequest | Missing]) -> None:
        """While that decider is slow, its pull request is pushed to and another decider sees it."""
        self.push(look[0].environment.number, arrives=True)
        self.house.run(Ring.DECIDE)

    @rule(look=consumes(looks))
    def finish_look(self, look: tuple[Taken, PullRequest | Missing]) -> None:
        taken, found = look
        environment = taken.environment
        came_out = outcome(found, POLICY, environment.place, taken.wish, taken.now)
        with self.store.begin() as session:
            is_written = deciding.record(session, environment.id, environment.asked.generation, came_out)
        if is_written:
            self.house.bell.ring(Ring.PUBLISH)
            with self.store.begin() as session:
                if deciding.is_behind(session, environment.id):
                    self.house.bell.ring(Ring.DECIDE, Ring.CLEAN_UP)

    # What must hold

    @invariant()
    def watermarks_are_in_order(self) -> None:
        if not hasattr(self, "house"):
            return
        query = (
            "SELECT count(*) FROM environments WHERE NOT (published_generation <= decided_generation "
            "AND decided_generation <= requested_generation)"
        )
        assert self.house.values(query) == [0]

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        for delivery in self.pending:
            self._deliver(delivery)
        self._push_during_the_last_publication()
        self.house.settle(JOBS)
        if self.is_lossy:
            self.house.run(Ring.RECONCILE)
            self.house.sweeper.ring_for_what_is_behind()
            self.house.settle(JOBS)
        self._everything_is_as_github_says()
        self._another_sweep_changes_nothing()
        self.home.cleanup()

    def _push_during_the_last_publication(self) -> None:
        """Of a pull request of its own: nothing comes after it that would make good what it leaves undone."""
        self.house.settle(JOBS)
        self.push(LAST_NUMBER, arrives=True)
        self.house.settle((Ring.DECIDE, Ring.CLEAN_UP))
        if Ring.PUBLISH in self.house.bell.rung:
            self.publish_while_somebody_pushes(LAST_NUMBER)

    def _everything_is_as_github_says(self) -> None:
        for number, pull in self.house.truth.pull_requests.items():
            if not self.house.values(f"SELECT id FROM environments WHERE number = {number}"):
                assert self.is_lossy
                assert not pull.is_open
                continue
            row = self.house.environment(number)
            wanted = desire(pull, POLICY, row.place, Wish(), NOW)
            assert row.desired == wanted
            assert row.is_published
            assert self.house.has(row.place.folder) == isinstance(wanted, Present)
            if isinstance(wanted, Present):
                manifest = self.house.git("show", f"main:{row.place.folder}/deployment.yaml")
                assert wanted.spec.head_sha in manifest

    def _another_sweep_changes_nothing(self) -> None:
        commits = self.house.git("rev-list", "--all")
        self.house.run(Ring.RECONCILE)
        self.house.sweeper.ring_for_what_is_behind()
        self.house.settle(JOBS)
        assert self.house.git("rev-list", "--all") == commits

    def _known(self, number: int) -> PullRequest:
        return self.house.truth.pull_requests.get(number, pull_request(number=number))

    def _change(self, pull: PullRequest, action: str, arrives: bool) -> None:
        is_new = pull.number not in self.house.truth.pull_requests
        self.house.truth.pull_requests[pull.number] = pull
        self.count += 1
        delivery = (f"d-{self.count}", "opened" if is_new else action, pull.number)
        if arrives or not self.may_delay:
            self._deliver(delivery)
        else:
            self.pending.append(delivery)

    def _deliver(self, delivery: tuple[str, str, int]) -> None:
        self.house.deliver(*delivery)
        self.delivered.append(delivery)

    def _push_and_work(self, number: int) -> None:
        self.push(number, arrives=True)
        for ring in JOBS:
            if ring in self.house.bell.rung:
                self.house.run(ring)


@pytest.mark.slow
def test_any_order_of_deliveries_and_workers_converges(database_url: str) -> None:
    store = Store(database_url)
    Convergence.store = store
    try:
        run_state_machine_as_test(
            Convergence,
            settings=settings(
                max_examples=150,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
    finally:
        store.close()
