"""Reactions below a comment: a courtesy, within the budget of writes. The answer stands in our own comment, so nothing
waits long for a reaction, and none is tried again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.domain.budget import USUAL, Limits, Write
from app.domain.environment import Environment
from app.errors import EphemeraError, RateLimited
from app.ports import Conversations, Reaction
from app.store import budget
from app.store.engine import Store

PATIENCE = timedelta(seconds=2)
"""The longest that a reaction waits for its turn."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reactor:
    """Reacts to comments."""

    store: Store
    conversations: Conversations
    limits: Limits | None = USUAL
    wait: Callable[[float], object] = time.sleep

    def react(self, environment: Environment, comment_id: int, reaction: Reaction) -> None:
        """Have our reaction below the comment, or a line in the log."""
        installation_id = environment.repository.installation_id
        try:
            if (left := self._turn(installation_id)) is not None:
                why = f"the budget of writes is used up for {left.total_seconds():.0f} s"
                _log.info("react.left_out", environment=environment.key, reaction=reaction.value, why=why)
                return
            self.conversations.react(environment.repository, comment_id, reaction)
        except RateLimited as error:
            with self.store.begin() as session:
                budget.pause(session, installation_id, error.retry_after or PATIENCE, str(error))
        except EphemeraError as error:
            _log.warning("react.failed", environment=environment.key, reaction=reaction.value, error=str(error))
        with self.store.begin() as session:
            budget.answered(session, installation_id)

    def _turn(self, installation_id: int | None) -> timedelta | None:
        """None once the write may be made; else how long it would still have to wait."""
        waited = timedelta()
        while (left := self._take(installation_id)) is not None:
            if waited + left > PATIENCE:
                return left
            self.wait(left.total_seconds())
            waited += left
        return None

    def _take(self, installation_id: int | None) -> timedelta | None:
        with self.store.begin() as session:
            return budget.take(session, installation_id, Write(), self.limits)
