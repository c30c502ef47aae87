"""The product's real processes, and everything around them on this machine."""

import itertools
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import jwt
import psycopg2
import requests
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from app.demo import product
from app.demo.cluster import StartCluster
from app.demo.github.client import SimulatedGitHub
from app.demo.github.readings import SentDelivery
from app.demo.github.sender import Sending
from app.demo.kubernetes.client import SimulatedKubernetes
from app.demo.outside import APP_ID, Outside
from app.demo.ports import wait_until
from app.demo.processes import Processes

T = TypeVar("T")

PATIENCE_SECONDS = 90.0
"""How long anything may take before a test gives up; on a busy machine, after a backoff of several failures."""


@dataclass(slots=True)
class World:
    """What runs. Times pass by themselves in it, so tests wait for states."""

    outside: Outside
    processes: Processes
    names: Iterator[str]
    """Names of repositories that nobody has taken yet."""
    _connection: Any = None
    _ruin: str | None = None
    """Why it could not be mended."""

    @classmethod
    @contextmanager
    def running(
        cls, directory: Path, *, durable: bool, cluster: StartCluster | None = None, review: str | None = None
    ) -> Iterator["World"]:
        """Start everything; at the end nothing is left. `durable`: PostgreSQL keeps what it committed when killed.
        `cluster`: another than the simulated one. `review`: what needs review, on the simulated GitHub."""
        outside = Outside.start(directory, cluster, durable=durable, review=review)
        try:
            with product.processes(outside.settings(), directory / "logs") as processes:
                product.await_ready(outside.web_url)
                world = cls(outside, processes, (f"acme/shop-{number}" for number in itertools.count(1)))
                yield world
                world.disconnect()
        finally:
            outside.stop()

    @property
    def github(self) -> SimulatedGitHub:
        """GitHub, and the people on it."""
        return self.outside.github

    @property
    def cluster(self) -> SimulatedKubernetes:
        """The simulated cluster."""
        assert isinstance(self.outside.cluster, SimulatedKubernetes)
        return self.outside.cluster

    @property
    def logs(self) -> Path:
        """Where each process writes what it does."""
        return self.outside.directory / "logs"

    def await_true(self, predicate: Callable[[], T | None], what: str) -> T:
        """The predicate's first true answer. AssertionError with the end of every log when there is none."""
        try:
            answer = wait_until(predicate, PATIENCE_SECONDS, what)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{product.last_lines(self.logs, 5)}") from error
        assert answer is not None
        return answer

    # PostgreSQL and Valkey

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query. psycopg2.OperationalError while PostgreSQL is down."""
        try:
            return self._query(statement, values)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            self.disconnect()
            return self._query(statement, values)

    def disconnect(self) -> None:
        """Close the connection to PostgreSQL; the next query makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def connect(self) -> Any:
        """A new connection of the caller's own."""
        return psycopg2.connect(self.outside.database_url.replace("+psycopg2", ""))

    def reconcile(self) -> None:
        """Have the worker compare all open pull requests with the rows, and wait until it has."""
        with Redis.from_url(self.outside.valkey.url()) as redis:
            queue = Queue("low", connection=redis, serializer=JSONSerializer)
            job = queue.enqueue("app.jobs.reconcile", result_ttl=600)
            status = self.await_true(lambda: _ended(job.get_status()), "the reconciliation")
        assert status == "finished", status

    # The processes

    def restart(self, name: str) -> None:
        """Stop a process in good order and start it again."""
        self.processes.stop(name)
        self.processes.start(name)

    def kill(self, name: str) -> None:
        """Kill a process (kill -9) and wait until it is started again, as an init system would."""
        before = self.processes.starts(name)
        self.processes.kill(name)
        self.await_true(lambda: self.processes.starts(name) > before, f"{name} to be started again")

    def ephemera(self, *arguments: str, **changed: str) -> "subprocess.CompletedProcess[str]":
        """Run the operator's command with the product's settings, some of them changed."""
        settings: Mapping[str, str] = {**self.outside.settings(), **changed}
        command = ["ephemera", *arguments]
        return subprocess.run(
            command, env=settings, cwd=self.outside.directory, capture_output=True, text=True, check=False
        )

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask the web process."""
        return requests.request(method, f"{self.outside.web_url}{path}", timeout=30, **options)

    def redeliver(self, sent: SentDelivery) -> None:
        """Deliver a webhook once more, as the App asks GitHub to."""
        now = int(time.time())
        claims = {"iat": now - 60, "exp": now + 300, "iss": str(APP_ID)}
        token = jwt.encode(claims, (self.outside.directory / "app.pem").read_text(), algorithm="RS256")
        url = f"{self.github.url}/app/hook/deliveries/{sent.id}/attempts"
        requests.post(url, headers={"Authorization": f"Bearer {token}"}, timeout=30).raise_for_status()

    def last_delivery(self) -> SentDelivery:
        """The newest attempt to deliver `pull_request`, once nothing is under way."""
        self.github.wait_deliveries(PATIENCE_SECONDS)
        return [sent for sent in self.github.deliveries() if sent.event == "pull_request"][-1]

    def has_met_its_faults(self) -> bool:
        """Every fault that was armed on GitHub has befallen a request."""
        return not self.github.call("GET", "/faults")

    def mend(self) -> None:
        """End everything that was made to go wrong, and let every webhook arrive. When that fails, so does every
        later `assert_whole`: a world that is broken tells nothing of the tests after the one that broke it.
        """
        try:
            self._mend()
        except Exception as error:
            self._ruin = f"{type(error).__name__}: {error}"[:500]
            raise

    def assert_whole(self) -> None:
        """AssertionError at once when `mend` has failed."""
        assert self._ruin is None, f"not run, because the world could not be mended after an earlier test: {self._ruin}"

    def _mend(self) -> None:
        for server in (self.outside.postgres, self.outside.valkey):
            if not server.is_running:
                server.restart()
        self.github.clear_faults()
        self.github.set_sending(Sending())
        self.outside.git.heal()
        if isinstance(self.outside.cluster, SimulatedKubernetes):
            self.cluster.heal()
            self.cluster.clear_faults()
            self.cluster.disturb_watches("restore")
            self.cluster.resume_syncer()
        self.processes.start()
        product.await_ready(self.outside.web_url)
        self.github.wait_deliveries()

    def _query(self, statement: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = self.connect()
            self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())


def _ended(status: object) -> str | None:
    return str(getattr(status, "value", status)) if status in ("finished", "failed") else None
