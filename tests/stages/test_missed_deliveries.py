"""A webhook that was missed while the web was down is recovered within 15 minutes of coming back.

With the simulated GitHub, its own list of deliveries, the real web and the real adapter. The hour of the outage passes
on GitHub's clock and on ours; nobody waits for it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import text
from werkzeug.serving import make_server

from app.demo.github.client import SimulatedGitHub
from app.demo.github.launch import Registration, RunningGitHub
from app.demo.github.readings import PullRequest
from app.demo.ports import free_port
from app.github.connect import Account, GitHub, connect
from app.ports import Ring
from app.stages.catch_up import INTERVAL, CatchUp
from app.stages.decide import Decider
from app.store.asking import HIGH, LOW
from app.store.engine import Store
from tests.web.house import POLICY, SECRET
from tests.web.house import House as Web

pytestmark = pytest.mark.slow

WITHIN = timedelta(minutes=15)
NAME = "acme/shop"


@dataclass
class Outage:
    """A web that can go down, a GitHub that goes on, and the time that both agree on."""

    people: SimulatedGitHub
    github: GitHub
    web: Web
    port: int
    ahead: timedelta = field(default_factory=timedelta)

    def __post_init__(self) -> None:
        self.catch_up = CatchUp(self.web.store, self.github.hook_deliveries)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def passes(self, time: timedelta) -> None:
        """Let time pass, and what is under way arrive or fail."""
        self.people.wait_deliveries()
        self.ahead += time
        self.people.shift_clock(self.ahead.total_seconds())

    @contextmanager
    def up(self) -> Iterator[None]:
        """The web answers."""
        server = make_server("127.0.0.1", self.port, self.web.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            self.people.wait_deliveries()
            server.shutdown()
            thread.join()
            server.server_close()

    def look_until_quiet(self) -> None:
        """Look as often as the clock does, until nothing is left to ask for."""
        while (wait := self.catch_up.look(self.now())) < INTERVAL:
            self.passes(wait)

    def missed(self) -> set[str]:
        """Deliveries that GitHub knows and we do not."""
        return {sent.guid for sent in self.people.deliveries()} - {row.id for row in self.web.deliveries()}

    def decide(self) -> None:
        """Decide all that is due."""
        store, github = self.web.store, self.github
        decider = Decider(store, github.pull_requests, github.conversations, POLICY, self.web.bell, 1, limits=None)
        decider.run(HIGH, Ring.DECIDE)
        decider.run(LOW, Ring.CLEAN_UP)

    def wanted(self) -> dict[int, str | None]:
        """Pull request -> the commit that should run, as decided; None where nothing should."""
        query = "SELECT number, desired -> 'spec' ->> 'head_sha' AS sha FROM environments"
        return {row.number: row.sha for row in self.web.rows(query)}


@pytest.fixture
def outage(database_url: str, tmp_path: Path) -> Iterator[Outage]:
    """Give a world whose web is down."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    public_file = tmp_path / "app.pub"
    public_file.write_bytes(key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo))
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain).decode()
    port, store = free_port(), Store(database_url)
    hook = f"http://127.0.0.1:{port}/webhooks/github"
    running = RunningGitHub.start(tmp_path / "github", Registration(1, public_file, hook, SECRET.decode()))
    people = running.github
    world: Outage

    def now() -> datetime:
        return world.now()

    world = Outage(people, connect(Account(people.url, 1, private), now), Web(store), port)
    with world.up():
        people.create_repository(NAME)
        people.install("acme")
    yield world
    running.stop()
    store.close()


def opened(outage: Outage, count: int) -> list[PullRequest]:
    """So many pull requests."""
    return [outage.people.open_pull_request(NAME) for _ in range(count)]


def test_forty_events_missed_in_an_hour_are_recovered_within_15_minutes_of_coming_back(outage: Outage) -> None:
    people = outage.people
    with outage.up():
        pushed, closed = opened(outage, 10), opened(outage, 10)
        outage.look_until_quiet()
        outage.decide()
    assert outage.missed() == set()

    heads: dict[int, str | None] = {pull.number: None for pull in closed}
    for pull, other in zip(pushed, closed, strict=True):
        heads[pull.number] = people.push(NAME, pull.number).head_sha
        people.close_pull_request(NAME, other.number)
        new = people.open_pull_request(NAME)
        heads[new.number] = people.push(NAME, new.number).head_sha
        outage.passes(timedelta(minutes=6))
        outage.catch_up.look(outage.now())
    assert len(outage.missed()) >= 40

    came_back = outage.now()
    with outage.up():
        outage.passes(INTERVAL)
        outage.look_until_quiet()
    assert outage.missed() == set()
    assert outage.now() - came_back <= WITHIN
    outage.decide()
    assert outage.wanted() == heads


def test_commands_and_removals_of_the_app_are_recovered_too(outage: Outage) -> None:
    people = outage.people
    with outage.up():
        (pull,) = opened(outage, 1)
        outage.look_until_quiet()
    people.comment(NAME, pull.number, author="ada", body="/ephemera redeploy")
    people.rename_repository(NAME, name="store")
    outage.passes(timedelta(hours=1))
    with outage.up():
        outage.look_until_quiet()
    assert outage.missed() == set()
    [command] = outage.web.rows("SELECT state FROM commands")
    assert command.state == "waiting"
    assert Ring.FOLLOW in outage.web.bell.rung


def test_what_a_restored_backup_lacks_is_asked_for_again(outage: Outage) -> None:
    with outage.up():
        opened(outage, 2)
        outage.look_until_quiet()
        outage.passes(timedelta(minutes=1))
        opened(outage, 3)
        outage.passes(timedelta(minutes=1))
        _forget(outage.web.store, from_pull_request=3)
        assert outage.missed() != set()
        outage.look_until_quiet()
    assert outage.missed() == set()
    assert sorted(row.number for row in outage.web.environments()) == [1, 2, 3, 4, 5]


def test_a_quiet_hour_costs_twelve_reads_and_no_write(outage: Outage) -> None:
    with outage.up():
        opened(outage, 3)
        outage.look_until_quiet()
        outage.people.reset_ledger()
        for _ in range(12):
            outage.passes(INTERVAL)
            outage.look_until_quiet()
    requests = outage.people.ledger()
    assert len(requests) == 12
    assert {request.method for request in requests} == {"GET"}


def _forget(store: Store, from_pull_request: int) -> None:
    """Take the database back to before that pull request was opened."""
    with store.begin() as session:
        session.execute(text("DROP TRIGGER events_are_append_only ON events"))
        ids = f"SELECT id FROM environments WHERE number >= {from_pull_request}"
        session.execute(text(f"DELETE FROM deliveries WHERE number >= {from_pull_request}"))
        for table in ("events", "troubles", "deployments"):
            session.execute(text(f"DELETE FROM {table} WHERE environment_id IN ({ids})"))
        session.execute(text(f"DELETE FROM environments WHERE number >= {from_pull_request}"))
