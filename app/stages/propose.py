"""`propose`: have the pull requests on the environments repository say what the rows say: opened, worded, labelled,
checked; merged where a rule leaves that to Ephemera; closed where nothing is to be accepted any more.

One write at a time, out of the budget of the installation that the environments repository belongs to. That something
is about to be made is kept before, and what came of it after: after a crash in between, and only then, GitHub is looked
at before it is made again.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from app.domain.budget import USUAL, Limits, Write
from app.domain.proposal import ProposalState
from app.domain.report import CheckRun, digest
from app.domain.retry import delay
from app.domain.review import BRANCHES
from app.domain.told import Told
from app.errors import EphemeraError, RateLimited, Transient
from app.ports import Bell, NotMerged, Proposals, Ring
from app.store import budget, proposing, troubles
from app.store.engine import Store
from app.store.locks import Lock, try_claim
from app.store.proposing import Taken
from app.texts.proposal import labels, proposal_body, proposal_check, proposal_title

PATIENCE = timedelta(seconds=2)
"""The longest wait for the budget that is waited out; else the sweep rings again."""
RUN_SECONDS = 300.0
"""After so long no further proposal is begun; a job is ended by force after 600."""
MERGE_AGAIN = timedelta(minutes=1)
"""How long after GitHub refused it a merge is tried again, if nobody does anything about it before."""

_OPEN, _CHECK = "open", "check"
_log = structlog.get_logger(__name__)


class _MustWait(Exception):
    """The budget lets nothing through for now."""


@dataclass(frozen=True, slots=True)
class Proposer:
    """Tells GitHub of every proposal of which it does not know all."""

    store: Store
    proposals: Proposals
    bell: Bell
    base: str = "main"
    """The followed branch."""
    evidence_url: Callable[[int], str | None] = lambda _environment_id: None
    """Where the whole evidence of an environment can be read."""
    limits: Limits | None = USUAL
    wait: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def run(self) -> None:
        """Write what is due and affordable."""
        with self.store.begin() as session:
            due = proposing.to_tell(session)
        stop_at = self.clock() + RUN_SECONDS
        has_new = False
        try:
            for proposal_id in due:
                if self.clock() >= stop_at:
                    break
                has_new |= self._tell(proposal_id)
        except _MustWait:
            _log.info("propose.waits", proposals=len(due))
        if has_new:
            self.bell.ring(Ring.PUBLISH, Ring.REPORT)

    def _tell(self, proposal_id: int) -> bool:
        """True when it was opened or merged: its branch is to be pushed once more, and its author to be told."""
        with self.store.begin() as claim:
            if not try_claim(claim, Lock.PROPOSE, proposal_id % 2**31):
                return False
            with self.store.begin() as session:
                taken = proposing.take(session, proposal_id)
            try:
                return self._write(taken)
            except EphemeraError as error:
                self._fail(taken, error)
                return False

    def _write(self, taken: Taken) -> bool:
        if taken.state is ProposalState.WITHDRAWN:
            self._close(taken)
            return False
        if taken.state is not ProposalState.OPEN:
            return False
        if taken.number is None:
            self._open(taken)
            return True
        told = self._edit(taken, taken.told)
        told = self._label(taken, told)
        told = self._check(taken, told)
        is_merged = taken.merges_itself and not taken.problems and self._merge(taken)
        self._keep(taken, told, is_all=True)
        return is_merged

    def _open(self, taken: Taken) -> None:
        title, body = self._text(taken)
        told = taken.told.begun(_OPEN)
        branch = f"{BRANCHES}{taken.environment.place.namespace}"
        self._spend(taken)
        self._keep(taken, told)
        number = self.proposals.open(branch, self.base, title, body, look=_OPEN in taken.told.unsure)
        self._answered()
        told = replace(told.sure(_OPEN), body=_fingerprint(title, body))
        with self.store.begin() as session:
            proposing.opened(session, taken, number, self.proposals.url(number), told)
        _log.info("propose.opened", environment=taken.environment.key, number=number)

    def _edit(self, taken: Taken, told: Told) -> Told:
        title, body = self._text(taken)
        if told.body == _fingerprint(title, body):
            return told
        assert taken.number is not None
        self._spend(taken)
        self.proposals.edit(taken.number, title, body)
        return self._written(taken, replace(told, body=_fingerprint(title, body)))

    def _label(self, taken: Taken, told: Told) -> Told:
        wanted = labels(taken.evidence)
        if told.labels == digest(str(wanted)):
            return told
        assert taken.number is not None
        self._spend(taken)
        self.proposals.label(taken.number, wanted)
        return self._written(taken, replace(told, labels=digest(str(wanted))))

    def _check(self, taken: Taken, told: Told) -> Told:
        assert taken.head_commit is not None
        check = self._check_run(taken)
        if told.check == digest(check):
            return told
        known = told.check_id if told.check_sha == check.head_sha else None
        is_unsure = _CHECK in told.unsure
        self._spend(taken)
        if known is None:
            told = told.begun(_CHECK)
            self._keep(taken, told)
        check_id = self.proposals.put_check_run(check, known, look=is_unsure)
        told = replace(told.sure(_CHECK), check=digest(check), check_id=check_id, check_sha=check.head_sha)
        return self._written(taken, told)

    def _merge(self, taken: Taken) -> bool:
        assert taken.number is not None
        assert taken.head_commit is not None
        self._spend(taken)
        outcome = self.proposals.merge(taken.number, taken.head_commit)
        self._answered()
        with self.store.begin() as session:
            if isinstance(outcome, NotMerged):
                proposing.not_merged(session, taken, outcome.why, MERGE_AGAIN)
                _log.info("propose.not_merged", environment=taken.environment.key, why=outcome.why)
                return False
            proposing.ring(session, taken.number)
        self.bell.ring(Ring.REVIEW)
        return True

    def _close(self, taken: Taken) -> None:
        told = taken.told
        if taken.number is not None and not told.is_closed:
            self._spend(taken)
            self.proposals.close(taken.number)
            told = self._written(taken, replace(told, is_closed=True))
        self._keep(taken, told, is_all=True)

    def _text(self, taken: Taken) -> tuple[str, str]:
        evidence = taken.evidence
        return proposal_title(evidence), proposal_body(evidence, self.evidence_url(taken.environment.id))

    def _check_run(self, taken: Taken) -> CheckRun:
        assert taken.head_commit is not None
        return proposal_check(taken.evidence, taken.head_commit, taken.environment.id, taken.problems)

    def _spend(self, taken: Taken) -> None:
        """Draw one write from the budget; a short wait is waited out. Raises _MustWait."""
        while True:
            with self.store.begin() as session:
                cost = Write(is_removal=taken.is_removal or taken.state is not ProposalState.OPEN)
                wait = budget.take(session, self.proposals.installation_id(), cost, self.limits)
            if wait is None:
                return
            if wait > PATIENCE:
                raise _MustWait
            self.wait(wait.total_seconds())

    def _written(self, taken: Taken, told: Told) -> Told:
        self._answered()
        self._keep(taken, told)
        return told

    def _answered(self) -> None:
        with self.store.begin() as session:
            budget.answered(session, self.proposals.installation_id())

    def _keep(self, taken: Taken, told: Told, *, is_all: bool = False) -> None:
        with self.store.begin() as session:
            proposing.keep_told(session, taken, told, is_all=is_all)

    def _fail(self, taken: Taken, error: EphemeraError) -> None:
        retry_in = troubles.STALLED_RETRY
        if isinstance(error, Transient):
            retry_in = max(delay(taken.failures + 1, random.random()), error.retry_after or timedelta())  # noqa: S311
        with self.store.begin() as session:
            if isinstance(error, RateLimited):
                budget.pause(session, self.proposals.installation_id(), error.retry_after, str(error))
            proposing.failed(session, taken, str(error), retry_in)
        _log.warning("propose.failed", environment=taken.environment.key, error=str(error))


def _fingerprint(title: str, body: str) -> str:
    return digest(f"{title}\n{body}")
