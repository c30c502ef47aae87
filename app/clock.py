"""The clock: sweeps at fixed intervals, and asks for a reconciliation at start and every half hour."""

import threading
import time

import structlog

from app.errors import EphemeraError
from app.ports import Bell, Ring
from app.stages.sweep import Sweeper

SWEEP_SECONDS = 5.0
"""How long a lost ring can go unnoticed."""
RECONCILE_SECONDS = 30 * 60.0

_log = structlog.get_logger(__name__)


def run(sweeper: Sweeper, bell: Bell, stop: threading.Event) -> None:
    """Sweep until `stop` is set. An outage of PostgreSQL is waited out."""
    reconcile_at = time.monotonic()
    while not stop.is_set():
        if time.monotonic() >= reconcile_at:
            bell.ring(Ring.RECONCILE)
            reconcile_at = time.monotonic() + RECONCILE_SECONDS
        try:
            sweeper.ring_for_what_is_behind()
        except EphemeraError as error:
            _log.warning("sweep.failed", error=str(error))
        stop.wait(SWEEP_SECONDS)
