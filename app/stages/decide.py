"""`decide`: what should exist for each pull request that somebody rang about.

The generation is read before GitHub is looked at, and the answer is written under it: whoever rings in between is
seen by `is_behind`, and an older look never overwrites a newer one.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog

from app.domain.desire import Wish, desire
from app.domain.desired import Decision
from app.domain.environment import Environment, Stage
from app.domain.policy import Policy
from app.domain.pull_request import Missing, PullRequest
from app.errors import EphemeraError, Stalled
from app.ports import Bell, PullRequests, Ring
from app.stages import failing
from app.store import deciding
from app.store.engine import Store
from app.store.locks import Lock, try_claim
from gitops.errors import GitopsError

READERS = 8
"""Pull requests that are read at once; GitHub allows 100 requests at a time."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides everything that is due in one queue."""

    store: Store
    pull_requests: PullRequests
    policy: Policy
    bell: Bell
    readers: int = READERS

    def run(self, queue: str, again: Ring) -> None:
        """Decide all that is due; ring for what follows, and `again` where a decision was overtaken."""
        with self.store.begin() as session:
            due = deciding.due(session, queue)
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
            environment, wish = taken
            try:
                decision, found = self._look(environment, wish)
            except EphemeraError as error:
                failing.keep(session, environment, Stage.DECIDE, error)
                return False
            generation = environment.asked.generation
            is_written = deciding.record(session, environment_id, generation, decision, found)
        _log.info(
            "decide.done", environment=environment.key, generation=generation, decision=type(decision).__name__.lower()
        )
        return is_written

    def _look(self, environment: Environment, wish: Wish) -> tuple[Decision, PullRequest | None]:
        found = self.pull_requests.look_up(environment.repository, environment.number)
        try:
            decision = desire(found, self.policy, environment.place, wish)
        except GitopsError as error:
            raise Stalled(f"deciding {environment.key}: {error}") from error
        return decision, None if isinstance(found, Missing) else found

    def _is_behind(self, environment_id: int) -> bool:
        with self.store.begin() as session:
            return deciding.is_behind(session, environment_id)
