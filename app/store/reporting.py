"""What `report` reads and writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.environment import Environment, Stage
from app.store import troubles
from app.store.models import EnvironmentRow
from app.store.rows import environment_of
from app.store.troubles import not_before

_NO_OBJECTS = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Written:
    """What GitHub is known to hold of ours, a fingerprint a part, and under which ids."""

    check_digest: str | None = None
    check_sha: str | None = None
    check_id: int | None = None
    check_is_completed: bool = True
    status_digest: str | None = None
    comment_digest: str | None = None
    comment_id: int | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Written":
        """The value of the row's `reported`."""
        return cls(**value)

    def to_json(self) -> dict[str, Any]:
        """The row's form."""
        return {name: getattr(self, name) for name in self.__slots__}


def due(session: Session) -> Sequence[int]:
    """Ids of the environments whose pull request says something else than it should, longest unchanged first."""
    query = (
        select(EnvironmentRow.id)
        .where(
            EnvironmentRow.report_wanted.is_distinct_from(EnvironmentRow.report_digest),
            ~not_before(Stage.REPORT),
        )
        .order_by(EnvironmentRow.updated_at)
    )
    return session.scalars(query).all()


def take(session: Session, environment_id: int) -> tuple[Environment, Written, datetime]:
    """The environment, what was written so far, and the database's time."""
    row, now = session.execute(
        select(EnvironmentRow, func.clock_timestamp()).where(EnvironmentRow.id == environment_id)
    ).one()
    return environment_of(row), Written.from_json(row.reported), now


def progress(session: Session, environment_id: int, written: Written) -> None:
    """Keep what has just been written, so that a crash repeats none of it."""
    update_row = update(EnvironmentRow).where(EnvironmentRow.id == environment_id)
    session.execute(update_row.values(reported=written.to_json()), execution_options=_NO_OBJECTS)


def record(session: Session, environment_id: int, digest: str) -> None:
    """Everything of the report with that digest is on GitHub."""
    update_row = update(EnvironmentRow).where(EnvironmentRow.id == environment_id)
    session.execute(update_row.values(report_digest=digest), execution_options=_NO_OBJECTS)
    troubles.forget(session, environment_id, Stage.REPORT)
