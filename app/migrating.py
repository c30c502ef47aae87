"""Every process finds the database at its own level: whoever starts first brings it there.

Migrations are additive first, so that programs of the level before go on working on the new one.
"""

import threading

import structlog

from app.errors import EphemeraError
from app.settings import Settings
from app.store import migrate
from app.store.engine import Store

_PAUSE_SECONDS = 2.0

_log = structlog.get_logger(__name__)


def try_once() -> bool:
    """Upgrade the database if it is behind; False when it cannot be reached now. Exits on unusable settings."""
    url = Settings.load_or_exit().database_url.get_secret_value()
    store = Store(url, pool_size=1)
    try:
        if not migrate.suffices(migrate.current(store)):
            migrate.upgrade(url)
            _log.info("database.migrated", revision=migrate.head())
    except EphemeraError as error:
        _log.warning("database.unreachable", error=str(error))
        return False
    finally:
        store.close()
    return True


def until_done(stop: threading.Event | None = None) -> None:
    """Upgrade the database, waiting for it as long as it takes or until `stop` is set."""
    stop = stop or threading.Event()
    while not try_once() and not stop.wait(_PAUSE_SECONDS):
        pass
