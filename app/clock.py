"""The clock: sweeps at fixed intervals, and asks for a reconciliation at start and every half hour.

Looking for drift in Git and at proposals, waking syncers and asking GitHub for missed webhooks go on beside the sweep:
what does not answer must not hold that up.
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from app.errors import EphemeraError
from app.ports import Bell, Ring
from app.stages import catch_up
from app.stages.catch_up import CatchUp
from app.stages.review import Reviewer
from app.stages.sweep import Sweeper
from app.stages.wake import Waker
from gitops.errors import GitopsError

SWEEP_SECONDS = 5.0
"""How long a lost ring can go unnoticed."""
WAKE_SECONDS = 2.0
"""How often it is looked whether the syncers have heard."""
RESTORE_SECONDS = 60.0
"""How long a folder that somebody changed in Git stays so."""
SURVEY_SECONDS = 60.0
"""How long it can go unnoticed that somebody decided about a proposal, where no webhook told."""
RECONCILE_SECONDS = 30 * 60.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes on beside the sweep."""

    waker: Waker
    missed: CatchUp
    reviewer: Reviewer


def run(sweeper: Sweeper, beside: Beside, bell: Bell, stop: threading.Event) -> None:
    """Sweep until `stop` is set. An outage of PostgreSQL is waited out."""
    threading.Thread(target=_wake, args=(beside.waker, stop), name="wake", daemon=True).start()
    threading.Thread(target=_restore, args=(sweeper, stop), name="drift", daemon=True).start()
    threading.Thread(target=_catch_up, args=(beside.missed, stop), name="catch up", daemon=True).start()
    threading.Thread(target=_survey, args=(beside.reviewer, stop), name="survey", daemon=True).start()
    reconcile_at = time.monotonic()
    while not stop.is_set():
        if time.monotonic() >= reconcile_at:
            bell.ring(Ring.FOLLOW, Ring.RECONCILE)
            reconcile_at = time.monotonic() + RECONCILE_SECONDS
        try:
            sweeper.ring_for_what_is_behind()
        except EphemeraError as error:
            _log.warning("sweep.failed", error=str(error))
        stop.wait(SWEEP_SECONDS)


def _wake(waker: Waker, stop: threading.Event) -> None:
    while not stop.wait(WAKE_SECONDS):
        try:
            waker.wake()
        except EphemeraError as error:
            _log.warning("wake.failed", error=str(error))


def _restore(sweeper: Sweeper, stop: threading.Event) -> None:
    while not stop.wait(RESTORE_SECONDS):
        try:
            sweeper.restore()
        except (EphemeraError, GitopsError) as error:
            _log.warning("sweep.drift_unknown", error=str(error))


def _survey(reviewer: Reviewer, stop: threading.Event) -> None:
    while not stop.wait(SURVEY_SECONDS):
        try:
            reviewer.survey()
        except EphemeraError as error:
            _log.warning("survey.failed", error=str(error))


def _catch_up(missed: CatchUp, stop: threading.Event) -> None:
    wait = timedelta()
    while not stop.wait(wait.total_seconds()):
        wait = catch_up.INTERVAL
        try:
            wait = missed.look(datetime.now(UTC))
        except EphemeraError as error:
            _log.warning("catch_up.failed", error=str(error))
