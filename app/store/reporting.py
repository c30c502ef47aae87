"""What `report` reads and writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session

from app.domain.budget import USUAL, Limits, Wait, Write
from app.domain.environment import Environment, Stage, Status
from app.domain.parts import Deployed, Written
from app.store import budget, troubles
from app.store.models import DeploymentRow, EnvironmentRow, Repository
from app.store.rows import environment_of
from app.store.troubles import not_before

_NO_OBJECTS = {"synchronize_session": False}
_GOING = (Status.DESTROYING.value, Status.DESTROYED.value)
"""Of what was ever there; a draft that never had an environment is as destroyed, and no removal."""
_UNDER_WAY = (Status.PENDING.value, Status.PROVISIONING.value, Status.UPDATING.value)


class Rank(IntEnum):
    """Whose turn comes first."""

    REMOVAL = 0
    FINAL = 1
    UNDER_WAY = 2


@dataclass(frozen=True, slots=True)
class Due:
    """A pull request that says something else than it should."""

    environment_id: int
    installation_id: int | None
    rank: Rank

    @property
    def is_removal(self) -> bool:
        return self.rank is Rank.REMOVAL


@dataclass(frozen=True, slots=True)
class Taken:
    """An environment, and what GitHub is known to hold of it, at one moment."""

    environment: Environment
    wanted: str | None
    """The fingerprint of what the row says; `record` takes it."""
    written: Written
    deployed: tuple[Deployed, ...]
    """Newest first."""
    now: datetime

    @property
    def is_removal(self) -> bool:
        return self.environment.status.value in _GOING and self.environment.published.commit is not None


@dataclass(frozen=True, slots=True)
class Queue:
    """What one installation has still to be told."""

    installation_id: int | None
    reports: int
    wait: Wait | None
    """What it waits for; None: nothing."""


def due(session: Session) -> Sequence[Due]:
    """Whose pull request says something else than it should and is to be told now: removals first, then what is
    final, then what is under way; of each, whoever was told longest ago."""
    query = (
        select(EnvironmentRow.id, Repository.installation_id, _RANK)
        .join(EnvironmentRow.repository)
        .where(*_IS_DUE)
        .order_by(_RANK, EnvironmentRow.reported_at.nulls_first(), EnvironmentRow.updated_at, EnvironmentRow.id)
    )
    return [Due(environment_id, key, Rank(rank)) for environment_id, key, rank in session.execute(query)]


def has_due(session: Session, limits: Limits | None = USUAL) -> bool:
    """Some report is due, and the budget of its installation lets something through."""
    return any(queue.wait is None for queue in waiting(session, limits))


def waiting(session: Session, limits: Limits | None = USUAL) -> Sequence[Queue]:
    """How many reports are due in each installation, and what they wait for."""
    counted = (
        select(Repository.installation_id, func.count(), func.min(_RANK))
        .select_from(EnvironmentRow)
        .join(EnvironmentRow.repository)
        .where(*_IS_DUE)
        .group_by(Repository.installation_id)
    )
    queues = []
    for key, reports, rank in session.execute(counted).all():
        wait = budget.wait(session, key, Write(is_removal=rank == Rank.REMOVAL), limits)
        queues.append(Queue(key, reports, wait))
    return queues


def take(session: Session, environment_id: int) -> Taken:
    """The environment, what was written so far, and the database's time."""
    query = select(EnvironmentRow, func.clock_timestamp()).where(EnvironmentRow.id == environment_id)
    row, now = session.execute(query.execution_options(populate_existing=True)).one()
    made = select(DeploymentRow.commit_sha, DeploymentRow.github_id, DeploymentRow.github_state)
    made = made.where(DeploymentRow.environment_id == environment_id).order_by(DeploymentRow.id.desc())
    deployed = tuple(Deployed(*each) for each in session.execute(made))
    return Taken(environment_of(row), row.report_wanted, Written.from_json(row.reported), deployed, now)


def progress(session: Session, environment_id: int, before: Written, after: Written) -> bool:
    """Keep what is about to be created, or has just been written, so that a crash repeats none of it.

    False, and nothing is kept, when somebody else has written in the meantime: whoever lost its claim by a broken
    connection may still be under way.
    """
    query = select(EnvironmentRow.reported).where(EnvironmentRow.id == environment_id)
    if Written.from_json(session.execute(query.with_for_update(of=EnvironmentRow)).scalar_one()) != before:
        return False
    _update(session, environment_id, reported=after.to_json(), reported_at=func.clock_timestamp())
    return True


def doubt(session: Session, environment_id: int, key: str) -> None:
    """Something of that key was made of which another knows nothing: it is to be looked for, and united."""
    query = select(EnvironmentRow.reported).where(EnvironmentRow.id == environment_id)
    held = Written.from_json(session.execute(query.with_for_update(of=EnvironmentRow)).scalar_one())
    doubted = held.begun(key).to_json() | {"check_digest": None, "comment_digest": None}
    _update(session, environment_id, reported=doubted, report_digest=None, report_held=None)


def deployed(session: Session, environment_id: int, commit_sha: str, github_id: int, state: str | None) -> None:
    """Keep that GitHub has the commit's deployment, and what it was told last."""
    update_row = update(DeploymentRow).where(
        DeploymentRow.environment_id == environment_id, DeploymentRow.commit_sha == commit_sha
    )
    session.execute(update_row.values(github_id=github_id, github_state=state), execution_options=_NO_OBJECTS)


def record(session: Session, environment_id: int, digest: str | None) -> None:
    """Everything that the row said when its fingerprint was `digest` is on GitHub."""
    _update(session, environment_id, report_digest=digest, report_held=None)
    troubles.forget(session, environment_id, Stage.REPORT)


def hold(session: Session, environment_id: int, digest: str | None, until: datetime) -> None:
    """The rest of it is not to be written before then, unless the row says something else by that time."""
    _update(session, environment_id, report_held=digest, report_held_until=until)
    troubles.forget(session, environment_id, Stage.REPORT)


def _update(session: Session, environment_id: int, **values: object) -> None:
    update_row = update(EnvironmentRow).where(EnvironmentRow.id == environment_id)
    session.execute(update_row.values(**values), execution_options=_NO_OBJECTS)


_RANK = case(
    (EnvironmentRow.status.in_(_GOING) & EnvironmentRow.published_commit.is_not(None), int(Rank.REMOVAL)),
    (EnvironmentRow.status.in_(_UNDER_WAY), int(Rank.UNDER_WAY)),
    else_=int(Rank.FINAL),
)
_IS_DUE = (
    EnvironmentRow.report_wanted.is_distinct_from(EnvironmentRow.report_digest),
    or_(
        EnvironmentRow.report_held.is_distinct_from(EnvironmentRow.report_wanted),
        EnvironmentRow.report_held_until <= func.now(),
    ),
    ~not_before(Stage.REPORT),
)
