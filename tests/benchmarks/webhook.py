"""P5: webhooks a second, each of them verified, committed to a disk and marked before it is answered.

`python -m tests.benchmarks P5` prints the table. Ours, a constant and the peer take turns, each with two server
processes, on one PostgreSQL that flushes (each in a database of its own) and one Valkey.
"""

import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import create_engine, text

from app import gunicorn
from app.demo.ports import free_port, listens, wait_until
from app.demo.postgres import Postgres
from app.demo.processes import Processes
from app.demo.product import PROJECT
from app.demo.valkey import Valkey
from app.store import migrate
from tests.benchmarks.load import Load, send
from tests.benchmarks.render import Entries

OURS, CONSTANT, PEER = "ours", "constant", "fastapi+uvicorn insert+enqueue"
_COMMANDS = {
    OURS: "gunicorn --config python:app.gunicorn app.wsgi:app",
    CONSTANT: "gunicorn --config python:app.gunicorn tests.benchmarks.constant:app",
    PEER: "uvicorn --factory tests.benchmarks.peer:create_app --port $PORT --workers $WORKERS --no-access-log",
}
ROUNDS = 11
ROUND_SECONDS = 2.0
WARM_UP_SECONDS = 2.0
_START_SECONDS = 60.0
_SECRET = "a secret of the benchmark"


class Lost(Exception):
    """A server promised more than its database holds: its figure is worth nothing."""


@dataclass(slots=True)
class Server:
    """A running server and what it answered so far."""

    port: int
    database_url: str
    keeps: bool
    rates: list[float] = field(default_factory=list)
    business: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def warm_up(self) -> None:
        """Have it open its connections and meet every pull request."""
        self._send(WARM_UP_SECONDS)

    def measure(self) -> None:
        """One round."""
        load = self._send(ROUND_SECONDS)
        self.rates.append(load.per_second)
        self.business.append(load.cpu_seconds / load.seconds)

    def verify(self) -> None:
        """Every answer was a 202, and each of those has its row. Raises Lost."""
        promised = self.statuses.total()
        kept = _count_deliveries(self.database_url)
        if self.statuses[202] != promised or (self.keeps and kept != promised):
            raise Lost(f"the server on port {self.port} answered {dict(self.statuses)} and kept {kept} deliveries")

    def _send(self, seconds: float) -> Load:
        load = send(self.port, _SECRET.encode(), seconds)
        self.statuses += load.statuses
        return load


def measure() -> Entries:
    """P5, in requests a second."""
    with tempfile.TemporaryDirectory(prefix="ephemera-bench-") as directory, _servers(Path(directory)) as servers:
        for server in servers.values():
            server.warm_up()
        for _ in range(ROUNDS):
            for server in servers.values():
                server.measure()
        for server in servers.values():
            server.verify()
        business = max(max(server.business) for server in servers.values())
        print(f"P5: the sender needed at most {business:.0%} of a core", file=sys.stderr)
    return {"P5": _entry({name: median(server.rates) for name, server in servers.items()})}


def _entry(rates: Mapping[str, float]) -> dict[str, Any]:
    return {
        "ours": round(rates[OURS], 1),
        "limit": round(rates[CONSTANT], 1),
        "peers": {PEER: round(rates[PEER], 1)},
        "ratio": round(rates[OURS] / rates[CONSTANT], 3),
        "unit": "requests/s",
        "goal": ">= 0.25, ahead of the peer",
    }


@contextmanager
def _servers(directory: Path) -> Iterator[Mapping[str, Server]]:
    """The three, each ready, by name."""
    with ExitStack() as stack:
        postgres = Postgres.start(directory / "postgres", durable=True)
        stack.callback(postgres.stop)
        valkey = Valkey.start(directory / "valkey")
        stack.callback(valkey.stop)
        servers = {}
        for number, (name, command) in enumerate(_COMMANDS.items()):
            url = postgres.create_database(f"bench_{number}")
            migrate.upgrade(url)
            servers[name] = Server(free_port(), url, keeps=name != CONSTANT)
            environment = _environment(servers[name], valkey.url(number))
            stack.enter_context(Processes({"web": command}, environment, directory / name, False, PROJECT))
        for server in servers.values():
            wait_until(partial(listens, server.port), _START_SECONDS, f"port {server.port} to be listened on")
        yield servers


def _environment(server: Server, redis_url: str) -> Mapping[str, str]:
    """What each needs of the world; Ephemera's settings name a GitHub and a repository that no webhook touches."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PORT": str(server.port),
        "WORKERS": str(gunicorn.workers),
        "DATABASE_URL": server.database_url.replace("+psycopg2", ""),
        "REDIS_URL": redis_url,
        "SECRET": _SECRET,
        "EPHEMERA_DATABASE_URL": server.database_url,
        "EPHEMERA_REDIS_URL": redis_url,
        "EPHEMERA_GITHUB_APP_ID": "1",
        "EPHEMERA_GITHUB_PRIVATE_KEY": "-----BEGIN PRIVATE KEY-----",
        "EPHEMERA_GITHUB_WEBHOOK_SECRETS": _SECRET,
        "EPHEMERA_ENVIRONMENTS_REPOSITORY": "http://127.0.0.1/acme/environments",
        "EPHEMERA_PREVIEW_DOMAIN": "preview.example.com",
    }


def _count_deliveries(database_url: str) -> int:
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            return int(connection.scalar(text("SELECT count(*) FROM deliveries")) or 0)
    finally:
        engine.dispose()
