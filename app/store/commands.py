"""What people ask for on GitHub, from the doorbell until it is answered: one row for each command, never two."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from app.domain.command import CommandBell, Source
from app.domain.environment import Environment
from app.domain.policy import Policy
from app.domain.pull_request import Author
from app.store import asking
from app.store.asking import Ask, Receipt
from app.store.locks import Lock, try_claim
from app.store.models import CommandRow, Delivery, EnvironmentRow
from app.store.rows import environment_of

IGNORED = "ignored"
"""The outcome of a delivery that asks for nothing; as in `app.web.doorbell`."""
DONE, REFUSED, VOID = "done", "refused", "void"
"""What can come of a command. A void one is none: nothing is said about it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A command that nobody has dealt with yet, as it rang."""

    id: int
    source: Source
    actor: Author
    comment_id: int | None
    words: str | None
    identifier: str | None
    commit_sha: str | None
    delivery: str | None
    failures: int


def receive(session: Session, receipt: Receipt, policy: Policy) -> Receipt | None:
    """Keep a delivery and the commands that it brings, and return it as it was kept; None when it was here before.

    What was asked for before, under whatever delivery, is not asked for again. A comment on a pull request that has no
    row makes one.
    """
    bell = receipt.command
    assert bell is not None
    if not _keep(session, receipt):
        return None
    environment_ids = _environments(session, bell, receipt.id, policy)
    if not environment_ids:
        return _ignore(session, receipt, "it names no environment of its repository")
    is_new = [_add(session, bell, receipt.id, environment_id) for environment_id in environment_ids]
    return receipt if any(is_new) else _ignore(session, receipt, "it was asked for before; nothing changed")


def due(session: Session) -> Sequence[int]:
    """Ids of the environments whose oldest command waits and may be tried, the longest waiting first."""
    oldest = (
        select(CommandRow.environment_id, CommandRow.id, CommandRow.retry_at)
        .where(CommandRow.state == "waiting")
        .ext(distinct_on(CommandRow.environment_id))
        .order_by(CommandRow.environment_id, CommandRow.id)
        .subquery()
    )
    is_due = oldest.c.retry_at.is_(None) | (oldest.c.retry_at <= func.now())
    return session.scalars(select(oldest.c.environment_id).where(is_due).order_by(oldest.c.id)).all()


def take(session: Session, environment_id: int) -> tuple[Waiting, Environment, datetime] | None:
    """The environment's oldest command, claimed for this transaction, and the database's time; None when another has
    it, or nothing is due any more. Commands for one environment are dealt with in the order in which they came."""
    if not try_claim(session, Lock.OBEY, environment_id):
        return None
    query = select(CommandRow, EnvironmentRow, func.clock_timestamp()).join(
        EnvironmentRow, EnvironmentRow.id == CommandRow.environment_id
    )
    waiting = (CommandRow.environment_id == environment_id) & (CommandRow.state == "waiting")
    found = session.execute(query.where(waiting).order_by(CommandRow.id).limit(1)).one_or_none()
    if found is None:
        return None
    row, environment, now = found
    if row.retry_at is not None and row.retry_at > now:
        return None
    return _waiting(row), environment_of(environment), now


def finish(session: Session, command_id: int, state: str, answer: str) -> None:
    """The command is dealt with, for good."""
    values = {"state": state, "answer": answer, "handled_at": func.clock_timestamp(), "retry_at": None}
    _change(session, command_id, values)


def postpone(session: Session, command_id: int, why: str, retry_in: timedelta) -> None:
    """It could not be found out whether the command may be obeyed; it is tried again."""
    values = {
        "failures": CommandRow.failures + 1,
        "answer": why,
        "retry_at": func.clock_timestamp() + retry_in,
    }
    _change(session, command_id, values)


def _change(session: Session, command_id: int, values: Mapping[str, object]) -> None:
    statement = update(CommandRow).where(CommandRow.id == command_id).values(dict(values))
    session.execute(statement, execution_options={"synchronize_session": False})


def _keep(session: Session, receipt: Receipt) -> bool:
    bell = receipt.command
    values = {
        "id": receipt.id,
        "event": receipt.event,
        "action": receipt.action,
        "body": receipt.body,
        "outcome": receipt.outcome,
        "repository_id": bell.repository.id if bell else None,
        "number": bell.number if bell else None,
    }
    statement = insert(Delivery).values(values).on_conflict_do_nothing().returning(Delivery.id)
    return session.execute(statement).first() is not None


def _ignore(session: Session, receipt: Receipt, why: str) -> Receipt:
    statement = update(Delivery).where(Delivery.id == receipt.id).values(outcome=IGNORED, reason=why)
    session.execute(statement, execution_options={"synchronize_session": False})
    return replace(receipt, outcome=IGNORED, reason=why, command=None)


def _environments(session: Session, bell: CommandBell, delivery: str, policy: Policy) -> Sequence[int]:
    query = select(EnvironmentRow.id).where(EnvironmentRow.repository_id == bell.repository.id)
    if bell.number is not None:
        known = session.scalars(query.where(EnvironmentRow.number == bell.number)).all()
        return known or [_make(session, bell, bell.number, delivery, policy)]
    if bell.environment_id is not None:
        return session.scalars(query.where(EnvironmentRow.id == bell.environment_id)).all()
    return session.scalars(query.where(EnvironmentRow.commit_sha == bell.head_sha).order_by(EnvironmentRow.id)).all()


def _make(session: Session, bell: CommandBell, number: int, delivery: str, policy: Policy) -> int:
    ask = Ask(bell.repository, number, bell.actor.login, "issue_comment.created", delivery=delivery)
    return asking.mark(session, ask, policy)


def _add(session: Session, bell: CommandBell, delivery: str, environment_id: int) -> bool:
    """False when the environment was asked for the same before."""
    # One check suite may be several environments': each has a command of its own.
    is_for_many = bell.number is None and bell.environment_id is None
    digest = hashlib.sha256(bell.digest + str(environment_id).encode()).digest() if is_for_many else bell.digest
    values = {
        "environment_id": environment_id,
        "source": bell.source.value,
        "digest": digest,
        "comment_id": bell.comment_id,
        "words": bell.words,
        "identifier": bell.identifier,
        "commit_sha": bell.head_sha,
        "actor_id": bell.actor.id,
        "actor_login": bell.actor.login,
        "delivery_id": delivery,
    }
    return (
        session.execute(insert(CommandRow).values(values).on_conflict_do_nothing().returning(CommandRow.id)).first()
        is not None
    )


def _waiting(row: CommandRow) -> Waiting:
    return Waiting(
        id=row.id,
        source=Source(row.source),
        actor=Author(row.actor_id, row.actor_login),
        comment_id=row.comment_id,
        words=row.words,
        identifier=row.identifier,
        commit_sha=row.commit_sha,
        delivery=row.delivery_id,
        failures=row.failures,
    )
