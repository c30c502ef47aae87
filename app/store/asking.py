"""Marking: a webhook, an API call or a sweep asks for another look at a pull request. Nothing is decided here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain.command import CommandBell
from app.domain.policy import Policy
from app.domain.pull_request import RepositoryRef
from app.store.marking import HIGH, LOW, NoSuchEnvironment, mark_again
from app.store.models import EnvironmentRow, Event
from app.store.wishing import Refused
from gitops.naming import folder_path, namespace_name

__all__ = [
    "HIGH",
    "LOW",
    "Ask",
    "NoSuchEnvironment",
    "Receipt",
    "Refused",
    "mark",
    "mark_again",
    "receive",
    "remember_repository",
]


@dataclass(frozen=True, slots=True)
class Ask:
    """Who wants a look at which pull request, and why."""

    repository: RepositoryRef
    number: int
    by: str
    reason: str
    queue: str = HIGH
    delivery: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A webhook delivery and what was made of it. `ask`, `command` and `proposal` are None when it asks for nothing."""

    id: str
    event: str
    action: str | None
    body: bytes
    outcome: str
    reason: str | None = None
    ask: Ask | None = None
    command: CommandBell | None = None
    proposal: int | None = None
    """The number of the pull request on the environments repository that it is about."""


_DELIVERY = """
    delivery AS (
        INSERT INTO deliveries (id, event, action, body, outcome, reason, repository_id, number)
        VALUES (:id, :event, :action, :body, :outcome, :note, :repository_id, :number)
        ON CONFLICT (id) DO NOTHING RETURNING id
    )"""

_RECEIVE = text(f"WITH {_DELIVERY} SELECT count(*) FROM delivery")

# As `proposing.ring`, but only for a delivery that is new.
_RECEIVE_AND_RING = text(
    f"""WITH {_DELIVERY},
    rung AS (
        UPDATE proposals SET rung = rung + 1, retry_at = NULL FROM delivery WHERE number = :proposal AND is_current
    )
    SELECT count(*) FROM delivery"""
)

_RECEIVE_AND_MARK = text(
    f"""WITH {_DELIVERY},
    known AS (
        SELECT 1 FROM repositories WHERE id = :repository_id
        AND (CAST(:installation_id AS bigint) IS NULL OR installation_id = :installation_id)
    ),
    marked AS (
        UPDATE environments SET requested_generation = requested_generation + 1, asked_by = :by,
            asked_reason = :reason, asked_delivery = :id, asked_queue = :queue
        FROM delivery
        WHERE repository_id = :repository_id AND number = :number
        RETURNING environments.id, commit_sha
    ),
    noted AS (
        INSERT INTO events (environment_id, kind, message, actor, delivery_id, commit_sha)
        SELECT marked.id, 'asked', :reason, :by, :id, commit_sha FROM marked
    )
    SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM known), (SELECT count(*) FROM marked)"""
)


def receive(session: Session, receipt: Receipt, policy: Policy) -> bool:
    """Keep a delivery, and mark or ring for what it names, all or nothing; False when the delivery was here before.

    Everything is one statement unless the pull request or its repository is new.
    """
    ask = receipt.ask
    if receipt.proposal is not None:
        values = _delivery(receipt) | {"proposal": receipt.proposal}
        return bool(session.execute(_RECEIVE_AND_RING, values).scalar_one())
    if ask is None:
        return bool(session.execute(_RECEIVE, _delivery(receipt)).scalar_one())
    answer = session.execute(_RECEIVE_AND_MARK, _delivery(receipt) | _mark(ask)).one()
    is_new, is_known, is_marked = map(bool, answer)
    if is_new and not is_known:
        remember_repository(session, ask.repository)
    if is_new and not is_marked:
        _create(session, ask, policy)
    return is_new


def mark(session: Session, ask: Ask, policy: Policy) -> int:
    """Ask for another look, from within Ephemera, and return the environment's id."""
    remember_repository(session, ask.repository)
    query = select(EnvironmentRow.id).where(
        EnvironmentRow.repository_id == ask.repository.id, EnvironmentRow.number == ask.number
    )
    known = session.scalars(query).one_or_none()
    if known is None:
        return _create(session, ask, policy)
    mark_again(session, known, ask.by, ask.reason, ask.queue)
    return known


def remember_repository(session: Session, repository: RepositoryRef) -> None:
    """Keep the repository's present name and installation; what is not known now is not forgotten.

    Nothing is locked where nothing changes: everyone who works on one repository comes through here.
    """
    held = session.execute(_HELD, {"id": repository.id}).one_or_none()
    installation_id = repository.installation_id or (held.installation_id if held else None)
    if held is not None and (held.full_name, held.installation_id) == (repository.full_name, installation_id):
        return
    if installation_id is not None:
        session.execute(_ADD_INSTALLATION, {"id": installation_id, "login": repository.owner})
    session.execute(
        _PUT_REPOSITORY, {"id": repository.id, "installation_id": installation_id, "name": repository.full_name}
    )


def _delivery(receipt: Receipt) -> dict[str, Any]:
    return {
        "id": receipt.id,
        "event": receipt.event,
        "action": receipt.action,
        "body": receipt.body,
        "outcome": receipt.outcome,
        "note": receipt.reason,
        "repository_id": receipt.ask.repository.id if receipt.ask else None,
        "number": receipt.ask.number if receipt.ask else None,
    }


def _mark(ask: Ask) -> dict[str, Any]:
    return {
        "installation_id": ask.repository.installation_id,
        "by": ask.by,
        "reason": ask.reason,
        "queue": ask.queue,
    }


_HELD = text("SELECT full_name, installation_id FROM repositories WHERE id = :id")

_ADD_INSTALLATION = text(
    "INSERT INTO installations (id, account_login) VALUES (:id, :login) ON CONFLICT (id) DO NOTHING"
)

_PUT_REPOSITORY = text(
    """INSERT INTO repositories (id, installation_id, full_name) VALUES (:id, :installation_id, :name)
    ON CONFLICT (id) DO UPDATE SET full_name = excluded.full_name, installation_id = excluded.installation_id"""
)

_CREATE = text(
    """INSERT INTO environments (repository_id, number, namespace, folder, host, cluster, asked_by, asked_reason,
        asked_delivery, asked_queue)
    VALUES (:repository_id, :number, :namespace, :folder, :host, :cluster, :by, :reason, :delivery, :queue)
    ON CONFLICT DO NOTHING RETURNING id"""
)


def _create(session: Session, ask: Ask, policy: Policy) -> int:
    """Make the row under the first name that is free; a row that another transaction made meanwhile is marked."""
    for namespace in _names(session, ask):
        created = session.execute(_CREATE, _new_row(ask, policy, namespace)).scalar_one_or_none()
        if created is not None:
            event = Event(
                environment_id=created,
                kind="asked",
                message=ask.reason,
                actor=ask.by,
                delivery_id=ask.delivery,
            )
            session.add(event)
            return int(created)
        query = select(EnvironmentRow.id).where(
            EnvironmentRow.repository_id == ask.repository.id, EnvironmentRow.number == ask.number
        )
        if (known := session.scalars(query).one_or_none()) is not None:
            mark_again(session, known, ask.by, ask.reason, ask.queue).asked_delivery = ask.delivery
            return known
    raise AssertionError("namespace_name() never runs out of names")


def _names(session: Session, ask: Ask) -> Iterator[str]:
    tried: set[str] = set()

    def is_taken(name: str) -> bool:
        query = select(EnvironmentRow.id).where(EnvironmentRow.namespace == name)
        return name in tried or session.scalars(query).first() is not None

    while True:
        name = namespace_name(
            ask.number,
            ask.repository.name,
            installation_id=ask.repository.installation_id or 0,
            repository_id=ask.repository.id,
            taken=is_taken,
        )
        yield name
        tried.add(name)


def _new_row(ask: Ask, policy: Policy, namespace: str) -> dict[str, Any]:
    owner, name = ask.repository.owner, ask.repository.name
    cluster = policy.cluster_for(ask.repository.full_name)
    return {
        "repository_id": ask.repository.id,
        "number": ask.number,
        "namespace": namespace,
        "folder": folder_path(cluster.name, owner, name, namespace),
        "host": cluster.host(namespace),
        "cluster": cluster.name,
        "by": ask.by,
        "reason": ask.reason,
        "delivery": ask.delivery,
        "queue": ask.queue,
    }
