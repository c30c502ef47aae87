"""The web application on a real database, and what a test wants to know of both."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import Row, text
from werkzeug.test import TestResponse

from app.domain.cluster import Cluster
from app.domain.policy import Policy
from app.factory import create_app
from app.ports import Ring
from app.store.engine import Store
from app.web.services import Services
from app.web.signature import HEADER, sign
from tests.fixtures.payloads import Payload

SECRET = b"a secret of the tests"
OLD_SECRET = b"the secret before"
ENVIRONMENTS = "Acme/Environments"
POLICY = Policy(clusters=(Cluster("default", "preview.test"),))


@dataclass
class HeardBell:
    """Remembers every ring, in order."""

    rung: list[Ring] = field(default_factory=list)

    def ring(self, *rings: Ring) -> None:
        self.rung.extend(rings)


@dataclass
class House:
    """An application with its store and its bell."""

    store: Store
    bell: HeardBell = field(default_factory=HeardBell)
    redis_is_up: bool = True
    max_body_bytes: int = 25 * 1024 * 1024

    def __post_init__(self) -> None:
        self.services = Services(
            self.store,
            self.bell,
            POLICY,
            (SECRET, OLD_SECRET),
            lambda: self.redis_is_up,
            self.max_body_bytes,
            environments=ENVIRONMENTS,
        )
        self.app = create_app(self.services)
        self.client: FlaskClient = self.app.test_client()

    def deliver(
        self,
        body: bytes,
        event: str = "pull_request",
        delivery: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """Send a body, signed, as GitHub does; under a new id unless one is given."""
        sent = {
            HEADER: sign(body, SECRET),
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery or str(uuid4()),
            "Content-Type": "application/json",
        }
        # A client of its own: several threads may deliver at once.
        return self.app.test_client().post("/webhooks/github", data=body, headers=sent | (headers or {}))

    def send(self, payload: Payload, delivery: str | None = None) -> TestResponse:
        """Deliver an example."""
        return self.deliver(payload.body, payload.event, delivery)

    def rows(self, query: str, **values: Any) -> Sequence[Row[Any]]:
        """What the database holds."""
        with self.store.begin() as session:
            return session.execute(text(query), values).all()

    def execute(self, statement: str) -> None:
        """Change the database as an operator would."""
        with self.store.begin() as session:
            session.execute(text(statement))

    def environments(self) -> Sequence[Row[Any]]:
        """Every environment, oldest first."""
        return self.rows("SELECT * FROM environments ORDER BY id")

    def deliveries(self) -> Sequence[Row[Any]]:
        """Every delivery, oldest first."""
        return self.rows("SELECT * FROM deliveries ORDER BY received_at")
