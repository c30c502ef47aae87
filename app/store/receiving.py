"""Keeping webhook deliveries: the one thing that happens often and while somebody waits.

A delivery for an environment that is known is one statement, one round trip and one commit. Anything else, once in
the life of a pull request, takes the way of `asking.receive`. Measured: a third of the time that a transaction of
several statements through the ORM takes.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import psycopg2
from psycopg2.errors import DuplicatePreparedStatement, InvalidSqlStatementName
from sqlalchemy import PoolProxiedConnection
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.domain.policy import Policy
from app.errors import Transient
from app.store import asking
from app.store.asking import Ask, Receipt
from app.store.engine import Store, first_line

# It writes nothing unless the environment and its repository's installation are known. The body travels as text, which
# costs PostgreSQL half of what the hexadecimal form of bytea does; in a database encoded in UTF-8, `convert_to` gives
# back the same bytes.
_RECEIVE_KNOWN = """
    WITH known AS (
        SELECT environments.id, environments.commit_sha
        FROM environments JOIN repositories ON repositories.id = environments.repository_id
        WHERE repository_id = {repository_id} AND number = {number}
        AND ({installation_id} IS NULL OR installation_id = {installation_id})
    ),
    delivery AS (
        INSERT INTO deliveries (id, event, action, body, outcome, repository_id, number)
        SELECT {id}, {event}, {action}, convert_to({body}, 'UTF8'), {outcome}, {repository_id}, {number}
        FROM known ON CONFLICT (id) DO NOTHING RETURNING id
    ),
    marked AS (
        UPDATE environments SET requested_generation = requested_generation + 1, asked_by = {by},
            asked_reason = {reason}, asked_delivery = {id}, asked_queue = {queue}
        FROM known, delivery WHERE environments.id = known.id
    ),
    noted AS (
        INSERT INTO events (environment_id, kind, message, actor, delivery_id, commit_sha)
        SELECT known.id, 'asked', {reason}, {by}, {id}, known.commit_sha FROM known, delivery
    )
    SELECT (SELECT count(*) FROM known), (SELECT count(*) FROM delivery)"""

_TYPES = {
    "id": "text",
    "event": "text",
    "action": "text",
    "body": "text",
    "outcome": "text",
    "repository_id": "bigint",
    "installation_id": "bigint",
    "number": "integer",
    "by": "text",
    "reason": "text",
    "queue": "text",
}
_IS_PREPARED = "receive_known"
_AT_ONCE = _RECEIVE_KNOWN.format_map({name: f"%({name})s::{kind}" for name, kind in _TYPES.items()})
_PREPARED = _RECEIVE_KNOWN.format_map({name: f"${place}" for place, name in enumerate(_TYPES, start=1)})
_PREPARE = f"PREPARE receive_known ({', '.join(_TYPES.values())}) AS {_PREPARED}"
_EXECUTE = f"EXECUTE receive_known ({', '.join(f'%({name})s' for name in _TYPES)})"


def receive(store: Store, receipt: Receipt, policy: Policy) -> bool:
    """Keep a delivery and mark what it names, all or nothing; False when the delivery was here before.

    It is committed on return. Raises Transient when PostgreSQL cannot be asked; it may or may not be kept then, and
    delivering it again is harmless.
    """
    if receipt.ask is not None:
        is_new = _receive_known(store, receipt, receipt.ask)
        if is_new is not None:
            return is_new
    with store.begin() as session:
        return asking.receive(session, receipt, policy)


def _receive_known(store: Store, receipt: Receipt, ask: Ask) -> bool | None:
    """None, and nothing is changed, where the environment or the installation is new."""
    values = {
        "id": receipt.id,
        "event": receipt.event,
        "action": receipt.action,
        "body": receipt.body.decode(),
        "outcome": receipt.outcome,
        "repository_id": ask.repository.id,
        "installation_id": ask.repository.installation_id,
        "number": ask.number,
        "by": ask.by,
        "reason": ask.reason,
        "queue": ask.queue,
    }
    with _one_statement(store) as connection:
        known, kept = _run(connection, values)
    return bool(kept) if known else None


def _run(connection: PoolProxiedConnection, values: Mapping[str, Any]) -> tuple[int, int]:
    """Run the statement, planned once for each connection.

    Behind a pooler that hands out another connection for each transaction the plan may be somewhere else. That does
    no harm: a statement that fails has changed nothing.
    """
    cursor = connection.cursor()
    try:
        if not connection.info.get(_IS_PREPARED):
            cursor.execute(_PREPARE)
            connection.info[_IS_PREPARED] = True
        cursor.execute(_EXECUTE, values)
    except (InvalidSqlStatementName, DuplicatePreparedStatement):
        connection.info[_IS_PREPARED] = False
        cursor.execute(_AT_ONCE, values)
    known, kept = cursor.fetchone() or (0, 0)
    return known, kept


@contextmanager
def _one_statement(store: Store) -> Iterator[PoolProxiedConnection]:
    """The driver's own connection, out of the pool, committing each statement: the ORM's ways cost more than it all."""
    try:
        connection = store.engine.raw_connection()
    except (psycopg2.OperationalError, PoolTimeout) as error:
        raise Transient(f"connecting to PostgreSQL: {first_line(error)}") from error
    driver = cast("psycopg2.extensions.connection", connection.driver_connection)
    try:
        driver.autocommit = True
        yield connection
        driver.autocommit = False
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        connection.invalidate()
        raise Transient(f"asking PostgreSQL: {first_line(error)}") from error
    finally:
        connection.close()
