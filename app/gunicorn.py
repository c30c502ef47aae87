"""gunicorn's configuration: threads, since webhooks wait for PostgreSQL.

https://docs.gunicorn.org/en/stable/settings.html. Workers are forked before the application is loaded, so each makes
connections of its own.
"""

import os

from app import log, migrating

log.configure()

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = 2
threads = 8
timeout = 30
graceful_timeout = 10
keepalive = 65
limit_request_line = 8190
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112 - heartbeats; never on a disk
accesslog = None
control_socket_disable = True


def on_starting(_server: object) -> None:
    """Bring the database up to date once, before any worker serves; go on without it when it is down."""
    migrating.try_once()
