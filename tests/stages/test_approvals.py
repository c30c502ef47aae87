"""Whatever happens, in whatever order, what runs of a fork was approved, by somebody who could write when it was used.

The machine pushes, approves, takes back, pins, redeploys, closes and reopens; people come and go, GitHub does not
always answer, days pass, deliveries are lost and repeated, and things happen while a look, or a push to Git, is under
way.

After every decision: what should run has an approval of exactly that commit, which nobody has taken back, which is not
too old, and whose giver may write, is not the author and no bot, at that moment. After every publication: what came
onto the branch had such an approval when the publisher began. At the end, by the bell and the short sweep alone:
nothing runs whose approval does not stand.

Each of these variants, all of which look harmless, makes it fail. To see one fail:

1. An approval lets the pull request run, not the commit: in `Situation.approval`, ask `standing` for the commit of any
   approval instead of `sha`, and in `_approved` take the pull request's head instead of `approval.sha`.
2. Who may write is asked only when the approval is given: let `Decider._objection` return None.
3. What was decided is published, whatever became of the approval since: take `may_run` out of `publishing.due` and
   `publishing.has_due`.
4. Nobody looks again when an approval ends: take `ask_again` out of `approving.retract`, or the marking of what
   `sweeping.expired` finds out of `Sweeper.ring_for_what_is_behind`.
5. What runs is left alone while something waits: let `Waiting.kept` be None in the rule on forks.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from app.domain.approval import Approval
from app.domain.desired import Present
from app.domain.pull_request import Author, PullRequest
from app.errors import Transient
from app.ports import Ring
from app.store import approving, wishing
from app.store.approving import approvals_of
from app.store.engine import Session, Store
from app.store.wishing import Refused
from tests.domain.builders import pull_request
from tests.stages.fakes import nothing
from tests.stages.house import House
from tests.stages.test_story import FOLDER

AUTHOR, BOT = Author(1, "ada"), Author(8, "helper[bot]")
PEOPLE = (Author(2, "grace"), Author(3, "linus"), AUTHOR, BOT)
SHAS = tuple(digit * 40 for digit in "abcd")
ELSEWHERE = "e" * 40
"""A commit that the pull request never has."""
JOBS = (Ring.DECIDE, Ring.CLEAN_UP, Ring.PUBLISH)


class Approvals(RuleBasedStateMachine):
    """One pull request from a fork, one house, any order."""

    store: Store

    @initialize()
    def build(self) -> None:
        self.home = tempfile.TemporaryDirectory(prefix="ephemera-")
        remote = Path(self.home.name) / "environments.git"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
        with self.store.begin() as session:
            session.execute(
                text("TRUNCATE environments, deliveries, repositories, installations, users, clusters CASCADE")
            )
        self.house = House(self.store, remote, Path(self.home.name) / "cache")
        self.house.people.writers.update(person.id for person in PEOPLE)
        self.delivered: list[tuple[str, str]] = []
        self.allowed: set[str] = set()
        self._change(pull_request(head_repository_id=999, head_sha=SHAS[0]), "opened", arrives=True)

    # What the fork's author does, and the network makes of it

    @rule(sha=st.sampled_from(SHAS), arrives=st.booleans())
    def push(self, sha: str, arrives: bool) -> None:
        self._change(replace(self._pull, head_sha=sha), "synchronize", arrives=arrives)

    @rule(arrives=st.booleans())
    def close_or_reopen(self, arrives: bool) -> None:
        action = "closed" if self._pull.is_open else "reopened"
        self._change(replace(self._pull, is_open=not self._pull.is_open), action, arrives=arrives)

    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        assert not self.house.deliver(*data.draw(st.sampled_from(self.delivered)))

    # What others do

    @rule(sha=st.sampled_from((*SHAS, ELSEWHERE)), person=st.sampled_from(PEOPLE))
    def approve(self, sha: str, person: Author) -> None:
        """By hand, by a button or late: nobody has asked yet what the person may do."""
        self.house.approve(sha, person, may_write=person.id in self.house.people.writers)
        self._remember()

    @rule(person=st.sampled_from(PEOPLE))
    def approve_the_head(self, person: Author) -> None:
        self.approve(self._pull.head_sha, person)

    @rule()
    def let_the_head_run(self) -> None:
        """Else there would seldom be something that could be wrong."""
        self._change(replace(self._pull, is_open=True), "reopened", arrives=True)
        self.house.people.writers.add(PEOPLE[0].id)
        self._act(lambda session, row: wishing.redeploy(session, row, "grace", "command.redeploy"))
        self.approve(self._pull.head_sha, PEOPLE[0])
        self.work_until_all_is_quiet()

    @precondition(lambda self: self._standing())
    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        if standing := self._standing():
            self._act(partial(_take_back, data.draw(st.sampled_from(standing))))

    @rule(person=st.sampled_from(PEOPLE))
    def leave_or_join(self, person: Author) -> None:
        self.house.people.writers ^= {person.id}
        self._remember()

    @rule(command=st.sampled_from([wishing.redeploy, wishing.recreate, wishing.destroy, wishing.unpin]))
    def command(self, command: Callable[[Session, int, str, str], int]) -> None:
        self._act(lambda session, row: command(session, row, "grace", "command"))

    @rule(sha=st.sampled_from((*SHAS, ELSEWHERE)))
    def pin(self, sha: str) -> None:
        self._act(lambda session, row: wishing.pin(session, row, sha, "grace", "command.pin"))

    @rule(sha=st.sampled_from((*SHAS, ELSEWHERE)))
    def pin_past_the_refusal(self, sha: str) -> None:
        """As one that was approved when it was pinned, and is not any more."""
        with self.store.begin() as session:
            session.execute(text("UPDATE environments SET pinned_sha = :sha"), {"sha": sha})
        self._act(lambda session, row: wishing.redeploy(session, row, "grace", "command.redeploy"))

    @rule(hours=st.sampled_from([6, 25]))
    def wait(self, hours: int) -> None:
        """And the sweep comes by."""
        with self.store.begin() as session:
            past = {"hours": hours}
            session.execute(text("UPDATE approvals SET approved_at = approved_at - :hours * interval '1 hour'"), past)
            session.execute(text("UPDATE environments SET expires_at = expires_at - :hours * interval '1 hour'"), past)
        self.house.sweeper.ring_for_what_is_behind()

    @rule()
    def sweep(self) -> None:
        self.house.run(Ring.RECONCILE)
        self.house.sweeper.ring_for_what_is_behind()

    # What the workers do

    @precondition(lambda self: self.house.bell.rung & set(JOBS))
    @rule(data=st.data())
    def work(self, data: st.DataObject) -> None:
        self._run(data.draw(st.sampled_from(sorted(self.house.bell.rung & set(JOBS)))))

    @rule()
    def work_until_all_is_quiet(self) -> None:
        while rung := sorted(self.house.bell.rung & set(JOBS)):
            self._run(rung[0])

    @precondition(lambda self: self.house.bell.rung & {Ring.DECIDE, Ring.CLEAN_UP})
    @rule(sha=st.sampled_from(SHAS), person=st.sampled_from(PEOPLE), data=st.data())
    def decide_while_things_happen(self, sha: str, person: Author, data: st.DataObject) -> None:
        self.house.truth.meanwhile = lambda: self.push(sha, arrives=True)
        self.house.people.meanwhile = lambda: self.leave_or_join(person)
        self._run(data.draw(st.sampled_from(sorted(self.house.bell.rung & {Ring.DECIDE, Ring.CLEAN_UP}))))
        self.house.truth.meanwhile = self.house.people.meanwhile = nothing

    @precondition(lambda self: self.house.bell.rung & {Ring.DECIDE, Ring.CLEAN_UP})
    @rule()
    def decide_while_github_is_away(self) -> None:
        self.house.people.error = Transient("asking who may write: GitHub answered 502")
        self._run(min(self.house.bell.rung & {Ring.DECIDE, Ring.CLEAN_UP}))
        self.house.people.error = None

    @precondition(lambda self: self._standing())
    @rule(data=st.data())
    def take_back_what_is_about_to_be_published(self, data: st.DataObject) -> None:
        for ring in sorted(self.house.bell.rung & {Ring.DECIDE, Ring.CLEAN_UP}):
            self._run(ring)
        self.take_back(data)
        self._run(Ring.PUBLISH)

    @precondition(lambda self: Ring.PUBLISH in self.house.bell.rung and self._standing())
    @rule(data=st.data())
    def publish_while_an_approval_is_taken_back(self, data: st.DataObject) -> None:
        def take_back_and_decide() -> None:
            self.take_back(data)
            self._run(Ring.DECIDE)

        self.house.meanwhile = take_back_and_decide
        self._run(Ring.PUBLISH)
        self.house.meanwhile = nothing

    # What must hold

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        with self.store.begin() as session:
            session.execute(text("UPDATE troubles SET retry_at = now()"))
        self.house.sweeper.ring_for_what_is_behind()
        self.work_until_all_is_quiet()
        self._nothing_runs_that_may_not()
        self._end_what_runs()
        self._nothing_runs_that_may_not()
        self.sweep()
        self.work_until_all_is_quiet()
        assert self._running() is None or self._pull.is_open
        self.home.cleanup()

    def _nothing_runs_that_may_not(self) -> None:
        running = self._running()
        assert running is None or running in {each.sha for each in self._standing()}

    def _end_what_runs(self) -> None:
        """Nothing comes after it that would make good what it leaves undone."""
        for approval in [each for each in self._standing() if each.sha == self._running()]:
            if len(self.delivered) % 2:
                self.wait(25)
            else:
                self._act(partial(_take_back, approval))
        self.work_until_all_is_quiet()

    def _run(self, ring: Ring) -> None:
        if ring is Ring.PUBLISH:
            with self._remembering(), self._watching_the_branch():
                self.house.run(ring)
            return
        before = self.house.environment().decided_generation
        with self._remembering() as allowed:
            self.house.run(ring)
        after = self.house.environment()
        if after.decided_generation > before and isinstance(after.desired, Present):
            assert after.desired.spec.head_sha in allowed
            assert after.desired.approval in {
                each.id for each in self._all() if each.sha == after.desired.spec.head_sha
            }

    @contextmanager
    def _watching_the_branch(self) -> Iterator[None]:
        before, stood = self._running(), {each.sha for each in self._standing()}
        yield
        after = self._running()
        stood |= {each.sha for each in self._standing()}
        assert after in (before, None) or after in stood

    @contextmanager
    def _remembering(self) -> Iterator[set[str]]:
        """The commits that may run at some moment from now on until it is left."""
        outer, self.allowed = self.allowed, set()
        self._remember()
        yield self.allowed
        self.allowed = outer

    def _remember(self) -> None:
        able = {person.id for person in PEOPLE if person not in (AUTHOR, BOT)} & self.house.people.writers
        self.allowed |= {each.sha for each in self._standing() if each.approver.id in able}

    def _standing(self) -> list[Approval]:
        query = "SELECT id FROM approvals WHERE retracted_at IS NULL AND approved_at > now() - interval '24 hours'"
        ids = set(self.house.values(query))
        return [each for each in self._all() if each.id in ids]

    def _all(self) -> list[Approval]:
        with self.store.begin() as session:
            return list(approvals_of(session, self.house.environment().id))

    def _running(self) -> str | None:
        if not self.house.has(FOLDER):
            return None
        manifest = self.house.git("show", f"main:{FOLDER}/deployment.yaml")
        [sha] = {sha for sha in (*SHAS, ELSEWHERE) if sha in manifest}
        return sha

    @property
    def _pull(self) -> PullRequest:
        return self.house.truth.pull_requests[42]

    def _act(self, act: Callable[[Session, int], object]) -> None:
        try:
            with self.store.begin() as session:
                act(session, self.house.environment().id)
        except Refused:
            return
        self.house.bell.ring(Ring.DECIDE, Ring.CLEAN_UP)

    def _change(self, pull: PullRequest, action: str, *, arrives: bool) -> None:
        self.house.truth.pull_requests[42] = pull
        if arrives:
            delivery = (f"d-{len(self.delivered)}", action)
            self.house.deliver(*delivery)
            self.delivered.append(delivery)


def _take_back(approval: Approval, session: Session, row: int) -> None:
    approving.retract(session, row, approval, "On second thoughts.")


@pytest.mark.slow
def test_what_runs_of_a_fork_was_approved_by_somebody_who_could_write_when_it_was_used(database_url: str) -> None:
    store = Store(database_url)
    Approvals.store = store
    try:
        run_state_machine_as_test(
            Approvals,
            settings=settings(
                max_examples=60,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
    finally:
        store.close()
