"""Pushes, closes, merges of each kind, refusals, edits by hand, other rules, crashes: in any order, two things hold.

Nothing of Ephemera's lies on the followed branch that was not proposed and accepted, or let through by the rules of its
time. And when it is quiet and people have decided about all that was proposed, the branch holds what should exist.

It fails where a merge is taken for the newest wish: in `Planner._accept`, set `generation` to
`environment.decided_generation` whatever is merged. It has found three faults while it was made: a refused proposal's
branch that was removed, one that was opened again and never pushed again, and a merge that was taken for an intrusion.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from app.domain.desired import Present
from app.domain.review import ALWAYS, NEVER, Merger, Rule, Rules
from app.ports import Ring, Verdict
from app.store import proposing
from app.store.engine import Session, Store
from tests.domain.builders import pull_request
from tests.stages.court import METHODS, Court
from tests.stages.house import House
from tests.stages.reviewed import begun, use

NUMBERS = (42, 43)
ITSELF = Rules((Rule("itself", merged_by=Merger.EPHEMERA),))
REMOVALS = Rules((Rule("all"),), reviews_removals=True)
MODES = {"always": ALWAYS, "never": NEVER, "itself": ITSELF, "removals": REMOVALS}
JOBS = (Ring.DECIDE, Ring.CLEAN_UP, Ring.PUBLISH, Ring.PROPOSE, Ring.REVIEW)


class Killed(BaseException):
    """The worker ends here, as by kill -9: nothing is cleaned up but what the kernel and PostgreSQL clean up."""


class MortalStore(Store):
    """Ends its process when it is asked for one transaction more than are left."""

    left: int | None = None

    @contextmanager
    def begin(self) -> Iterator[Session]:
        if self.left == 0:
            raise Killed
        if self.left is not None:
            self.left -= 1
        with super().begin() as session:
            yield session


class Reviewing(RuleBasedStateMachine):
    """Two pull requests, their proposals, and everybody who may touch them."""

    store: MortalStore

    @initialize(mode=st.sampled_from(sorted(MODES)), ran=st.booleans())
    def begin(self, mode: str, ran: bool) -> None:
        """Both pull requests are proposed; or, where they `ran`, a further commit of each is."""
        self.home = tempfile.TemporaryDirectory(prefix="ephemera-")
        remote = Path(self.home.name) / "environments.git"
        subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
        with self.store.begin() as session:
            tables = "environments, deliveries, repositories, installations, users, clusters, template_versions"
            session.execute(text(f"TRUNCATE {tables} CASCADE"))
        self.house = House(self.store, remote, Path(self.home.name) / "cache")
        self.court = Court(remote)
        begun(self.court)
        self.mode = mode
        use(self.house, self.court, MODES[mode])
        self.count = 0
        self.allowed: set[str] = set()
        """Trees of environments' folders that were merged by somebody and pass all checks, or needed no review."""
        self.seen = self.court.head("main")
        for number in NUMBERS:
            self.push(number)
        self.house.settle(JOBS)
        if ran:
            for number in self.court.open_ones():
                self.court.decide_merge(number, "merge")
                self._tell(number, is_told=True)
            self.house.settle(JOBS)
            for number in NUMBERS:
                self.push(number)
            self.house.settle(JOBS)

    # What people do with the source

    @rule(number=st.sampled_from(NUMBERS))
    def push(self, number: int) -> None:
        self.count += 1
        self._change(replace(self._known(number), head_sha=f"{self.count:040x}"), "synchronize")

    @rule(number=st.sampled_from(NUMBERS))
    def close_or_reopen(self, number: int) -> None:
        known = self._known(number)
        self._change(replace(known, is_open=not known.is_open), "closed" if known.is_open else "reopened")

    @rule(number=st.sampled_from(NUMBERS))
    def label(self, number: int) -> None:
        self._change(self._known(number), "labeled")

    # What people do with proposals

    @precondition(lambda self: self.court.open_ones())
    @rule(data=st.data(), method=st.sampled_from(METHODS), is_told=st.booleans())
    def merge(self, data: st.DataObject, method: str, is_told: bool) -> None:
        number = data.draw(st.sampled_from(self.court.open_ones()))
        if self.court.look_up(number).mergeable != "dirty":  # type: ignore[union-attr]
            self.court.decide_merge(number, method)
            self._tell(number, is_told)

    @precondition(lambda self: self.court.open_ones())
    @rule(data=st.data(), is_told=st.booleans())
    def refuse(self, data: st.DataObject, is_told: bool) -> None:
        number = data.draw(st.sampled_from(self.court.open_ones()))
        self.court.decide_close(number, "no")
        self._tell(number, is_told)

    @precondition(lambda self: self._reopenable())
    @rule(data=st.data(), is_told=st.booleans())
    def reopen(self, data: st.DataObject, is_told: bool) -> None:
        number = data.draw(st.sampled_from(self._reopenable()))
        self.court.decide_reopen(number)
        self._tell(number, is_told)

    @precondition(lambda self: self.court.open_ones())
    @rule(data=st.data(), is_harmful=st.booleans(), is_told=st.booleans())
    def edit_proposal(self, data: st.DataObject, is_harmful: bool, is_told: bool) -> None:
        number = data.draw(st.sampled_from(self.court.open_ones()))
        branch = self.court.cases[number].branch
        self._edit(branch, self._folder(branch.removeprefix("ephemera/")), is_harmful=is_harmful)
        self._tell(number, is_told)

    # What they do past it

    @precondition(lambda self: self._on_main())
    @rule(data=st.data(), removes=st.booleans())
    def edit_main(self, data: st.DataObject, removes: bool) -> None:
        folder = data.draw(st.sampled_from(self._on_main()))
        if removes:
            self.court.edit_branch("main", folder, None)
        else:
            self._edit("main", folder, is_harmful=True)
        self.seen = self.court.head("main")

    @rule()
    def approve_or_not(self) -> None:
        self.court.is_approved = not self.court.is_approved

    @rule(mode=st.sampled_from(sorted(MODES)))
    def restart_with_other_rules(self, mode: str) -> None:
        self.mode = mode
        use(self.house, self.court, MODES[mode])

    # What the workers do

    @precondition(lambda self: self.house.bell.rung & set(JOBS))
    @rule(data=st.data())
    def work(self, data: st.DataObject) -> None:
        self._run(data.draw(st.sampled_from(sorted(self.house.bell.rung & set(JOBS)))))

    @precondition(lambda self: self.house.bell.rung & set(JOBS))
    @rule(data=st.data(), transactions=st.integers(0, 12))
    def be_killed(self, data: st.DataObject, transactions: int) -> None:
        """A worker ends after so many transactions: whatever it did outside since the last is not kept."""
        ring = data.draw(st.sampled_from(sorted(self.house.bell.rung & set(JOBS))))
        self.store.left = transactions
        try:
            self._run(ring)
        except Killed:
            self.house.bell.ring(ring)
        finally:
            self.store.left = None

    @precondition(lambda self: Ring.PUBLISH in self.house.bell.rung and self.court.open_ones())
    @rule(data=st.data(), method=st.sampled_from(METHODS))
    def merge_while_publishing(self, data: st.DataObject, method: str) -> None:
        number = data.draw(st.sampled_from(self.court.open_ones()))

        def meanwhile() -> None:
            if self.court.look_up(number).mergeable != "dirty":  # type: ignore[union-attr]
                self.court.decide_merge(number, method)

        self.house.meanwhile = meanwhile
        self._run(Ring.PUBLISH)
        self.house.meanwhile = lambda: None
        self._tell(number, is_told=True)

    @rule()
    def sweep(self) -> None:
        self.house.sweeper.restore()
        if self.house.reviewer is not None:
            self.house.reviewer.survey()

    # What must hold

    @invariant()
    def nothing_of_ours_is_there_that_was_not_accepted(self) -> None:
        if not hasattr(self, "house"):
            return
        head = self.court.head("main")
        if head == self.seen:
            return
        self._allow_what_was_merged()
        if self.mode == "never":
            self._allow_what_is_there()
        ours = ("rev-list", "--first-parent", "--no-commit-header", "--format=%H %cn", f"{self.seen}..{head}")
        for commit, by in (line.split(" ", 1) for line in self.court.git(*ours).splitlines()):
            if by == "Grace":
                continue
            for folder in self._folders():
                tree, before = self._tree(commit, folder), self._tree(f"{commit}^", folder)
                assert tree in (None, before) or tree in self.allowed, self.court.git("show", "--stat", commit)
        self.seen = head

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return
        self._decide_all()
        for number, pull in self.house.truth.pull_requests.items():
            row = self.house.environment(number)
            is_wanted = isinstance(row.desired, Present)
            assert row.proposal is None or not row.proposal.awaits_review
            if not (row.proposal is not None and row.proposal.is_refusal):
                assert row.is_published, row
                assert self.house.has(row.place.folder) == is_wanted == pull.is_open
                if is_wanted:
                    manifest = self.house.git("show", f"main:{row.place.folder}/deployment.yaml")
                    assert pull.head_sha in manifest
                    assert "runAsNonRoot: false" not in manifest
            tree = self._tree("main", row.place.folder)
            assert tree == row.published.tree
        before = self.court.git("for-each-ref")
        self.sweep()
        self.house.settle(JOBS)
        assert self.court.git("for-each-ref") == before, "another sweep changes nothing"
        self.home.cleanup()

    def _decide_all(self) -> None:
        """People decide about everything that is proposed, until nothing is any more."""
        self.court.is_approved = True
        for _ in range(12):
            for _ in range(2):
                self._unhurried()
                self.sweep()
                self.house.settle(JOBS)
            self.nothing_of_ours_is_there_that_was_not_accepted()
            open_ones = self.court.open_ones()
            if not open_ones:
                return
            for number in open_ones:
                if self.court.look_up(number).mergeable == "dirty":  # type: ignore[union-attr]
                    self._tell(number, is_told=True)
                elif self.court.cases[number].verdict is Verdict.OPEN:
                    self.court.decide_merge(number, "merge")
                    self._tell(number, is_told=True)
        raise AssertionError(f"there is always something proposed: {self.court.cases}")

    def _unhurried(self) -> None:
        """Whatever is tried again later is tried now."""
        with self.store.begin() as session:
            session.execute(text("UPDATE proposals SET retry_at = NULL"))
            session.execute(text("UPDATE troubles SET retry_at = now()"))
        self.house.sweeper.ring_for_what_is_behind()

    def _run(self, ring: Ring) -> None:
        self.house.run(ring)

    def _allow_what_is_there(self) -> None:
        for folder in self._folders():
            for commit in self.court.git("rev-list", f"{self.seen}..main").splitlines():
                if (tree := self._tree(commit, folder)) is not None:
                    self.allowed.add(tree)

    def _allow_what_was_merged(self) -> None:
        """By anybody, harmful or not; what Ephemera makes of that is another matter."""
        for case in self.court.cases.values():
            if case.merge_commit is not None:
                folder = self._folder(case.branch.removeprefix("ephemera/"))
                if (tree := self._tree(case.merge_commit, folder)) is not None:
                    self.allowed.add(tree)

    def _edit(self, branch: str, folder: str, *, is_harmful: bool) -> None:
        path = f"{folder}/deployment.yaml"
        if self._tree(branch, folder) is None:
            return
        manifest = self.court.git("show", f"{branch}:{path}") + "\n"
        self.count += 1
        if is_harmful:
            edited = manifest.replace("runAsNonRoot: true", "runAsNonRoot: false") + f"# {self.count}\n"
        else:
            edited = manifest + f"# {self.count}\n"
        self.court.edit_branch(branch, path, edited)

    def _tell(self, number: int, is_told: bool) -> None:
        if is_told:
            with self.store.begin() as session:
                proposing.ring(session, number)
            self.house.bell.ring(Ring.REVIEW)

    def _reopenable(self) -> list[int]:
        cases = self.court.cases
        newest = {case.branch: number for number, case in cases.items()}
        return [
            number
            for number, case in cases.items()
            if case.verdict is Verdict.CLOSED and newest[case.branch] == number and self.court.head(case.branch)
        ]

    def _known(self, number: int) -> Any:
        return self.house.truth.pull_requests.get(number, pull_request(number=number))

    def _change(self, pull: Any, action: str) -> None:
        is_new = pull.number not in self.house.truth.pull_requests
        self.house.truth.pull_requests[pull.number] = pull
        self.count += 1
        self.house.deliver(f"d-{self.count}", "opened" if is_new else action, pull.number)

    def _folders(self) -> list[str]:
        return [str(folder) for folder in self.house.values("SELECT folder FROM environments")]

    def _folder(self, namespace: str) -> str:
        return str(self.house.values(f"SELECT folder FROM environments WHERE namespace = '{namespace}'")[0])

    def _on_main(self) -> list[str]:
        return [folder for folder in self._folders() if self.house.has(folder)]

    def _tree(self, commit: str, folder: str) -> str | None:
        found = self.court.git("ls-tree", commit, "--", folder).split()
        return found[2] if found else None


@pytest.mark.slow
def test_any_order_of_reviews_edits_and_crashes_converges(database_url: str) -> None:
    store = MortalStore(database_url)
    Reviewing.store = store
    try:
        run_state_machine_as_test(
            Reviewing,
            settings=settings(
                max_examples=30,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
    finally:
        store.close()
