"""Serves the application: gunicorn with one worker process, because the state lives in its memory."""

import socket
from typing import Any

from gunicorn.app.base import BaseApplication

from app.demo.github.factory import create_app
from app.demo.github.options import Options

# More than GitHub lets one App send at once, so that the limit can be met.
THREADS = 128
KEEP_ALIVE_SECONDS = 75


def serve(listener: socket.socket, options: Options) -> None:
    """Serve on a bound socket until SIGTERM or SIGINT; ends the process."""
    _Server(listener, options).run()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, listener: socket.socket, options: Options) -> None:
        self._listener = listener
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {
            "bind": f"fd://{self._listener.fileno()}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "worker_connections": 1_000,
            "keepalive": KEEP_ALIVE_SECONDS,
            "timeout": 0,
            "graceful_timeout": 1,
            "loglevel": "warning",
            "control_socket_disable": True,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return create_app(self._options)
