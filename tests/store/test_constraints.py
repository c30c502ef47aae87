"""What the database refuses, whoever writes."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.store.engine import Store

ENVIRONMENT = """
INSERT INTO repositories (id, full_name) VALUES (7, 'acme/shop') ON CONFLICT DO NOTHING;
INSERT INTO environments (repository_id, number, namespace, folder, host, cluster, asked_by, asked_reason)
    VALUES (7, {number}, '{namespace}', 'f/{namespace}', 'h.{namespace}', 'default', 'ada', 'r');
"""


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE environments SET decided_generation = 9", "watermarks"),
        ("UPDATE environments SET published_generation = 1", "watermarks"),
        ("UPDATE environments SET desired = '{}'", "desired"),
        ("UPDATE environments SET status = 'happy'", "status"),
        ("UPDATE environments SET namespace = 'kube-system/x'", "namespace"),
        ("UPDATE environments SET asked_queue = 'middle'", "asked_queue"),
        ("UPDATE events SET actor = 'eve'", "only ever added"),
        ("DELETE FROM events", "only ever added"),
        ("INSERT INTO deliveries (id, event, body, outcome) VALUES ('', 'ping', '', 'ignored')", "ck_deliveries_id"),
        ("INSERT INTO api_tokens (name, scope, digest) VALUES ('x', 'root', '')", "scope"),
        (ENVIRONMENT.format(number=42, namespace="pr-42-other"), "uq_environments_repository_id"),
        (ENVIRONMENT.format(number=43, namespace="pr-42-shop"), "uq_environments_(namespace|folder|host)"),
    ],
)
def test_the_database_refuses(database_url: str, statement: str, constraint: str) -> None:
    store = Store(database_url)
    with store.begin() as session:
        session.execute(text(ENVIRONMENT.format(number=42, namespace="pr-42-shop")))
        session.execute(
            text("INSERT INTO events (environment_id, kind, message, actor) SELECT id, 'a', 'b', 'c' FROM environments")
        )
    with pytest.raises(DBAPIError, match=constraint), store.begin() as session:
        session.execute(text(statement))
    store.close()
