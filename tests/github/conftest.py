"""An App with a key, a clock that a test moves, and a server that says what a test wants."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.github.connect import Account, GitHub, connect
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


@pytest.fixture
def script() -> Iterator[Scripted]:
    """Give a server that hands out tokens for installation 5 and knows nothing else."""
    with serving(Scripted()) as running:
        running.on("POST /app/installations/5/access_tokens", token_reply("ghs_first"))
        yield running


@pytest.fixture
def github(script: Scripted, app_key: KeyPair, clock: MovedClock) -> GitHub:
    """Give the product, connected to the script."""
    return connect(Account(script.url, 1, app_key.private, read_seconds=0.5), clock)
