"""A house whose GitHub is the simulated one, reached through the product's own adapter, and whose time a test moves."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import text

from app.demo.github.client import SimulatedGitHub
from app.demo.github.launch import Registration, RunningGitHub
from app.demo.github.ledger import LedgerEntry
from app.demo.github.readings import CheckRun, PullRequest
from app.demo.github.sender import Sending
from app.domain.budget import Limits
from app.domain.pull_request import RepositoryRef
from app.github.connect import Account, GitHub, connect
from app.ports import Ring
from app.stages.decide import Decider
from app.stages.report import Reporter
from tests.domain.builders import health, web
from tests.moved import DatabaseClock
from tests.stages.house import POLICY, House

_NUMBERS = count(1)


@dataclass
class Hub:
    """The simulated GitHub with one repository, the stages, and one clock for both."""

    house: House
    people: SimulatedGitHub
    github: GitHub
    repository: RepositoryRef
    clock: DatabaseClock
    deliveries: int = 0

    @property
    def name(self) -> str:
        """`owner/name`."""
        return self.repository.full_name

    def use(self, limits: Limits | None) -> Reporter:
        """Have the stages speak to this GitHub, within these limits; waits move the clock."""
        house, github = self.house, self.github
        house.decider = Decider(
            house.store, github.pull_requests, github.conversations, POLICY, house.bell, limits=limits
        )
        house.reporter = Reporter(
            house.store, github.reports, house.bell, limits=limits, wait=self.wait, clock=self.seconds
        )
        return house.reporter

    def seconds(self) -> float:
        """The time, as a number that grows."""
        return time.monotonic() + self.clock.ahead.total_seconds()

    def wait(self, seconds: float) -> None:
        """Let time pass, for PostgreSQL and for GitHub."""
        self.clock.move(timedelta(seconds=seconds))
        self.people.shift_clock(self.clock.ahead.total_seconds())

    def ring(self, number: int, action: str) -> None:
        """Deliver a webhook of the repository."""
        self.deliveries += 1
        self.house.deliver(f"d-{self.deliveries}", action, number, self.repository)

    def run(self, head_sha: str, number: int) -> None:
        """Have the cluster run a commit."""
        self.house.cluster.healths[self.namespace(number)] = health(web(sha=head_sha))

    def namespace(self, number: int) -> str:
        """The environment's."""
        return f"pr-{number}-{self.repository.name}"

    def follow(self) -> None:
        """Decide, publish and report whatever was asked for, as far as the budget goes."""
        for ring in (Ring.DECIDE, Ring.CLEAN_UP, Ring.PUBLISH, Ring.REPORT):
            if ring in self.house.bell.rung:
                self.house.run(ring)

    def report(self) -> None:
        """Report until nothing is due or held any more, however long that takes."""
        while self._is_behind():
            if Ring.REPORT in self.house.bell.rung:
                self.house.run(Ring.REPORT)
            else:
                self.wait(30)
                self.house.sweeper.ring_for_what_is_behind()

    def checks(self, pull: PullRequest) -> list[CheckRun]:
        """The check runs at the pull request's head, oldest first."""
        return self.people.check_runs(self.name, pull.head_sha)

    def comments(self, number: int) -> list[str]:
        """What we wrote below the pull request."""
        return [comment.body for comment in self.people.comments(self.name, number) if comment.author.endswith("[bot]")]

    def spent(self) -> list[LedgerEntry]:
        """Every call about the repository since the ledger was reset, without tokens and the App's profile."""
        return [entry for entry in self.people.ledger() if entry.target.startswith("/repos/")]

    def _is_behind(self) -> bool:
        query = "SELECT 1 FROM environments WHERE report_wanted IS DISTINCT FROM report_digest LIMIT 1"
        with self.house.store.begin() as session:
            return session.execute(text(query)).first() is not None


@contextmanager
def simulated(directory: Path) -> Iterator[tuple[SimulatedGitHub, str]]:
    """A simulated GitHub that knows the App with id 1, and the App's key. Its webhooks go nowhere."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "app.pub").write_bytes(public)
    registration = Registration(1, directory / "app.pub", "http://127.0.0.1:1/", "secret")
    running = RunningGitHub.start(directory / "github", registration)
    try:
        yield running.github, private.decode()
    finally:
        running.stop()


def moved_in(house: House, people: SimulatedGitHub, private_key: str, clock: DatabaseClock) -> Hub:
    """The house, with a repository of its own on that GitHub."""
    owner = f"acme-{next(_NUMBERS)}"
    made = people.create_repository(f"{owner}/shop", files={"README.md": "Shop\n"})
    installed = people.install(owner)
    people.set_sending(Sending(is_suppressed=True))
    people.reset_ledger()
    repository = RepositoryRef(made.id, made.full_name, installed.id)
    github = connect(Account(people.url, 1, private_key), lambda: datetime.now(UTC) + clock.ahead)
    return Hub(house, people, github, repository, clock)
