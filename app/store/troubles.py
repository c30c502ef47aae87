"""Stages that failed: how often, and when each is tried again."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.orm import Session

from app.domain.environment import Stage
from app.store.models import EnvironmentRow, TroubleRow
from app.store.rows import locked, note, settle

STALLED_RETRY = timedelta(minutes=5)
"""A person must act first; that it happened is noticed at the latest after this long."""


def not_before(stage: Stage) -> ColumnElement[bool]:
    """A condition on `environments`: the stage failed, its time has not come, and nobody has asked since."""
    return exists().where(
        TroubleRow.environment_id == EnvironmentRow.id,
        TroubleRow.stage == stage.value,
        TroubleRow.retry_at > func.now(),
        TroubleRow.generation >= EnvironmentRow.requested_generation,
    )


def failures(session: Session, environment_id: int, stage: Stage) -> int:
    """How often in a row the stage has failed."""
    query = select(TroubleRow.failures).where(
        TroubleRow.environment_id == environment_id, TroubleRow.stage == stage.value
    )
    return session.scalars(query).one_or_none() or 0


def record(
    session: Session,
    environment_id: int,
    stage: Stage,
    message: str,
    *,
    is_stalled: bool,
    retry_in: timedelta,
) -> None:
    """Keep that the stage failed once more and is not to be tried before `retry_in`, unless somebody asks anew."""
    row, now = locked(session, environment_id)
    trouble = next((held for held in row.troubles if held.stage == stage.value), None)
    if trouble is None:
        trouble = TroubleRow(environment_id=row.id, stage=stage.value, failures=0, message="")
        row.troubles.append(trouble)
    if trouble.message != message:
        note(session, row, "failed", f"{stage.value}: {message}"[:1000], actor="ephemera")
    trouble.message, trouble.is_stalled = message, is_stalled
    trouble.failures += 1
    trouble.generation, trouble.retry_at = row.requested_generation, now + retry_in
    settle(session, row, now)


def forget(session: Session, environment_id: int, stage: Stage) -> None:
    """The stage succeeded."""
    session.execute(
        delete(TroubleRow).where(TroubleRow.environment_id == environment_id, TroubleRow.stage == stage.value)
    )
