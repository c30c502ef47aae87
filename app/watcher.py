"""The watcher: follows the cluster until it is told to stop."""

import threading
from datetime import timedelta

import structlog

from app.errors import EphemeraError
from app.stages.observe import Observer

_STEP = timedelta(seconds=1)
_PAUSE_SECONDS = 2.0

_log = structlog.get_logger(__name__)


def run(observer: Observer, stop: threading.Event) -> None:
    """Observe until `stop` is set. An outage of PostgreSQL is waited out, and what was seen in it written then."""
    while not stop.is_set():
        try:
            observer.step(_STEP)
        except EphemeraError as error:
            _log.warning("observe.failed", error=str(error))
            stop.wait(_PAUSE_SECONDS)
