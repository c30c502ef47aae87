"""What every stage does about an error that it expects: keep it with the environment, and say when to try again."""

import random

import structlog

from app.domain.environment import Environment, Stage
from app.domain.retry import delay
from app.errors import EphemeraError, RateLimited, Transient
from app.store import budget, troubles
from app.store.engine import Session

_log = structlog.get_logger(__name__)


def keep(session: Session, environment: Environment, stage: Stage, error: EphemeraError) -> None:
    """Record that the stage failed for the environment; Transient is tried again soon, Stalled rarely.

    A rate limit is the installation's, so that all its environments are left alone as long as GitHub asked.
    """
    if isinstance(error, Transient):
        failures = troubles.failures(session, environment.id, stage) + 1
        retry_in = max(delay(failures, random.random()), error.retry_after or delay(1, 0))  # noqa: S311 - jitter
    else:
        retry_in = troubles.STALLED_RETRY
    is_stalled = not isinstance(error, Transient)
    troubles.record(session, environment.id, stage, str(error), is_stalled=is_stalled, retry_in=retry_in)
    if isinstance(error, RateLimited):
        budget.pause(session, environment.repository.installation_id, error.retry_after, str(error))
    _log.warning(
        f"{stage.value}.failed",
        environment=environment.key,
        error=str(error),
        stalled=is_stalled,
        retry_in_seconds=round(retry_in.total_seconds(), 1),
    )
