"""An App with a key, a clock that a test moves, and a server that says what a test wants."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.demo.github.client import SimulatedGitHub
from app.demo.github.launch import Registration, RunningGitHub
from app.demo.github.sender import Sending
from app.domain.pull_request import RepositoryRef
from app.github.connect import Account, GitHub, connect
from tests.contract.github.validator import violations
from tests.github.answers import token_reply
from tests.github.scripted import Scripted, serving


@dataclass(slots=True)
class MovedClock:
    """Wall time plus what a test adds."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True, slots=True)
class KeyPair:
    """An RSA key, in PEM."""

    private: str
    public: str


@dataclass(frozen=True, slots=True)
class Shop:
    """A repository on the simulated GitHub, and its pull request."""

    people: SimulatedGitHub
    repository: RepositoryRef
    number: int
    head_sha: str

    @property
    def name(self) -> str:
        """`owner/name`."""
        return self.repository.full_name

    def spent(self) -> Counter[str]:
        """How often the API was asked for each method, tokens and the App's profile aside."""
        asides = ("/access_tokens", "/app")
        return Counter(entry.method for entry in self.people.ledger() if not entry.target.endswith(asides))


_NUMBERS = count(1)


@pytest.fixture(scope="session")
def app_key() -> KeyPair:
    """Give the App's key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private.decode(), public.decode())


@pytest.fixture
def clock() -> MovedClock:
    """Give the product's clock."""
    return MovedClock()


@pytest.fixture(scope="session")
def simulator(app_key: KeyPair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedGitHub]:
    """Give a simulated GitHub that knows the App with id 1. Its webhooks go nowhere."""
    root = tmp_path_factory.mktemp("github")
    key_file = root / "app.pem"
    key_file.write_text(app_key.public)
    running = RunningGitHub.start(root, Registration(1, key_file, "http://127.0.0.1:1/", "secret"))
    try:
        running.github.set_sending(Sending(is_suppressed=True))
        yield running.github
    finally:
        running.stop()


@pytest.fixture
def shop(simulator: SimulatedGitHub) -> Iterator[Shop]:
    """Give a repository of this test's own with one open pull request; no condition outlives the test.

    In the end all requests of the test have to follow GitHub's OpenAPI description.
    """
    owner = f"acme-{next(_NUMBERS)}"
    made = simulator.create_repository(f"{owner}/shop", files={"README.md": "Shop\n"})
    installed = simulator.install(owner)
    opened = simulator.open_pull_request(made.full_name, title="Sell more", author="ada")
    simulator.reset_ledger()
    repository = RepositoryRef(made.id, made.full_name, installed.id)
    yield Shop(simulator, repository, opened.number, opened.head_sha)
    sent = {(entry.method, entry.target, entry.body): entry for entry in simulator.ledger()}
    assert violations(sent.values()) == []
    simulator.clear_faults()
    simulator.shift_clock(0)


@pytest.fixture
def connected(simulator: SimulatedGitHub, app_key: KeyPair, clock: MovedClock) -> GitHub:
    """Give the product, connected to the simulated GitHub."""
    return connect(Account(simulator.url, 1, app_key.private), clock)


@pytest.fixture
def script() -> Iterator[Scripted]:
    """Give a server that hands out tokens for installation 5 and knows nothing else."""
    with serving(Scripted()) as running:
        running.on("POST /app/installations/5/access_tokens", token_reply("ghs_first"))
        yield running


@pytest.fixture
def github(script: Scripted, app_key: KeyPair, clock: MovedClock) -> GitHub:
    """Give the product, connected to the script."""
    return connect(Account(script.url, 1, app_key.private), clock)
