"""`decide`: what should exist for each pull request that somebody rang about.

The generation is read before GitHub is looked at, and the answer is written under it: whoever rings in between is
seen by `is_behind`, and an older look never overwrites a newer one.

An approval is asked about when it is used, not only when it is given: whoever gave it may have left since. One that
does not count any more is taken back, and the decision made without it.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import structlog

from app.domain.approval import NO_LONGER_WRITES, TOKEN_IS_GONE, Approval, objection
from app.domain.budget import USUAL, Limits
from app.domain.command import Source
from app.domain.desire import Outcome, Wish, outcome, outcome_out_of_sight
from app.domain.desired import Present
from app.domain.environment import Stage
from app.domain.policy import Policy
from app.domain.pull_request import Missing, PullRequest
from app.errors import EphemeraError, Stalled
from app.ports import Bell, Conversations, PullRequests, Ring
from app.stages import failing
from app.store import approving, budget, deciding, tokens
from app.store.asking import LOW
from app.store.deciding import Taken
from app.store.engine import Session, Store
from app.store.locks import Lock, try_claim
from gitops.errors import GitopsError

TOKEN = "token:"  # noqa: S105 - what the names of tokens begin with, where somebody acted by one
READERS = 8
"""Pull requests that are read at once; GitHub allows 100 requests at a time."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides everything that is due in one queue, and may be read."""

    store: Store
    pull_requests: PullRequests
    conversations: Conversations
    policy: Policy
    bell: Bell
    readers: int = READERS
    limits: Limits | None = USUAL

    def run(self, queue: str, again: Ring) -> None:
        """Decide all that is due; ring for what follows, and `again` where a decision was overtaken."""
        with self.store.begin() as session:
            asked = deciding.due(session, queue)
            due = budget.affordable(session, asked, is_removal=queue == LOW, limits=self.limits)
        if not due:
            return
        outcomes = self._decide_all(due)
        if any(outcomes):
            self.bell.ring(Ring.PUBLISH)
        if any(
            self._is_behind(environment_id) for environment_id, is_done in zip(due, outcomes, strict=True) if is_done
        ):
            self.bell.ring(again)

    def _decide_all(self, due: Sequence[int]) -> list[bool]:
        if min(len(due), self.readers) == 1:
            return [self._decide(environment_id) for environment_id in due]
        with ThreadPoolExecutor(self.readers, thread_name_prefix="decide") as readers:
            return list(readers.map(self._decide, due))

    def _decide(self, environment_id: int) -> bool:
        """True when a decision was written."""
        with self.store.begin() as session:
            if not try_claim(session, Lock.DECIDE, environment_id):
                return False
            taken = deciding.take(session, environment_id)
            if taken is None:
                return False
            environment = taken.environment
            try:
                came_out, refused = self._look(session, taken)
            except EphemeraError as error:
                failing.keep(session, environment, Stage.DECIDE, error)
                return False
            for approval, why in refused:
                approving.retract(session, environment_id, approval, why)
            generation = environment.asked.generation
            is_written = deciding.record(session, environment_id, generation, came_out)
        decision = type(came_out.decision).__name__.lower()
        _log.info("decide.done", environment=environment.key, generation=generation, decision=decision)
        return is_written

    def _look(self, session: Session, taken: Taken) -> tuple[Outcome, list[tuple[Approval, str]]]:
        """What follows from what GitHub says, and the approvals that do not count any more, each with the reason."""
        environment, wish = taken.environment, taken.wish
        try:
            found = self.pull_requests.look_up(environment.repository, environment.number)
        except Stalled:
            if (unseen := outcome_out_of_sight(wish)) is None:
                raise
            return unseen, []
        refused: list[tuple[Approval, str]] = []
        while True:
            try:
                came_out = outcome(found, self.policy, environment.place, wish, taken.now)
            except GitopsError as error:
                raise Stalled(f"deciding {environment.key}: {error}") from error
            used = _used(came_out, wish)
            if used is None or isinstance(found, Missing) or not (why := self._objection(session, used, found)):
                return came_out, refused
            refused.append((used, why))
            wish = _without(wish, used, why)

    def _objection(self, session: Session, approval: Approval, pull_request: PullRequest) -> str | None:
        """Why the approval does not count at this moment. Raises Transient or Stalled where nobody could tell."""
        approver = approval.approver
        if approval.source is Source.API:
            return None if tokens.may_act(session, approver.login.removeprefix(TOKEN)) else TOKEN_IS_GONE
        if (why := objection(approver, pull_request)) is not None:
            return why
        may_write = self.conversations.may_write(pull_request.repository, approver)
        return None if may_write else NO_LONGER_WRITES

    def _is_behind(self, environment_id: int) -> bool:
        with self.store.begin() as session:
            return deciding.is_behind(session, environment_id)


def _used(came_out: Outcome, wish: Wish) -> Approval | None:
    """The approval by which a commit of a fork is about to run."""
    if not isinstance(came_out.decision, Present):
        return None
    return next((each for each in wish.approvals if each.id == came_out.decision.approval), None)


def _without(wish: Wish, approval: Approval, why: str) -> Wish:
    ended = replace(approval, retracted_why=why)
    return replace(wish, approvals=tuple(ended if each.id == approval.id else each for each in wish.approvals))
