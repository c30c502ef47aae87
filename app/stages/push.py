"""Brings the branches of proposals to where they should be: many branches, one push.

The branch is ours as long as nobody else has moved it. What a person did to it is looked at first (`review`), and is
not pushed over unless something newer is proposed.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from app.domain.environment import Asked
from app.domain.proposal import ProposalState
from app.domain.retry import delay
from app.ports import Ring
from app.stages.changing import Cause, Changer, author
from app.stages.sweep import DRIFT
from app.store import asking, proposing, publishing
from app.store.engine import Store
from app.store.proposing import Taken
from gitops.errors import PublishError
from gitops.propose import Fate, Proposal, Proposed, propose
from gitops.repository import Repository

_BY = "ephemera"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pusher:
    """Pushes for one environments repository; for whoever holds its lock."""

    store: Store
    repository: Repository
    changer: Changer

    def push(self, guard: Callable[[], None]) -> tuple[Ring, ...]:
        """Push all that is due, and return whom to ring for. What fails is kept with its proposal, and tried again."""
        taken: Sequence[Taken] = ()

        def read() -> Sequence[Proposal]:
            nonlocal taken
            with self.store.begin() as session:
                taken = proposing.to_push(session)
                accounts = publishing.accounts(session, {each.asked_by for each in taken})
            return [self._proposal(each, accounts) for each in taken]

        try:
            results = propose(self.repository, read, guard)
        except PublishError as error:
            for each in taken:
                self._fail(each, str(error))
            return (Ring.REPORT,) if taken else ()
        by_name = {result.namespace: result for result in results}
        for each in taken:
            self._settle(each, by_name[each.environment.place.namespace])
        return (Ring.PROPOSE, Ring.REVIEW, Ring.REPORT) if taken else ()

    def _proposal(self, taken: Taken, accounts: Mapping[str, int]) -> Proposal:
        environment = taken.environment
        change = None
        if taken.state is ProposalState.OPEN:
            sha = (taken.desired.get("spec") or {}).get("head_sha")
            asked = Asked(taken.generation, taken.asked_by, taken.asked_reason, taken.asked_delivery)
            cause = Cause(asked, author(taken.asked_by, accounts), sha, taken.number)
            change = self.changer.change(environment, taken.content, cause)
        return Proposal(change, environment.place.namespace, taken.head_commit, taken.base_commit)

    def _settle(self, taken: Taken, result: Proposed) -> None:
        key = taken.environment.key
        match result.fate:
            case Fate.PUSHED | Fate.UNCHANGED | Fate.GONE:
                with self.store.begin() as session:
                    proposing.pushed(session, taken, result.commit, result.base)
                _log.info("propose.pushed", environment=key, commit=result.commit, fate=result.fate.name.lower())
            case Fate.NEEDLESS:
                self._overtaken(taken)
            case Fate.MOVED:
                with self.store.begin() as session:
                    proposing.found_moved(session, taken, result.commit)
            case Fate.REFUSED:
                self._fail(taken, result.words)

    def _overtaken(self, taken: Taken) -> None:
        """The followed branch holds it already. Merged, most likely; where there was nothing to merge, somebody has
        committed it past review, and it is put back as everything else that somebody changes there."""
        with self.store.begin() as session:
            proposing.overtaken(session, taken)
            if taken.number is None:
                asking.mark_again(session, taken.environment.id, _BY, DRIFT, asking.LOW)

    def _fail(self, taken: Taken, words: str) -> None:
        retry_in = delay(taken.failures + 1, random.random())  # noqa: S311 - jitter
        with self.store.begin() as session:
            proposing.failed(session, taken, words, retry_in)
        _log.warning("propose.failed", environment=taken.environment.key, error=words)
