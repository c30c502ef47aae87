"""Rows that follow the App's installations. Environments are kept, whatever happens to those."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.environment import Status
from app.domain.installation import Installation, Sight, covered, sight, why_kept
from app.domain.pull_request import RepositoryRef
from app.store import models
from app.store.marking import mark_again
from app.store.models import CatchUp, Delivery, EnvironmentRow
from app.store.rows import locked, note, settle

BY = "ephemera"
RETURNED = "installation.returned"
_ONE = 1


@dataclass(slots=True)
class Followed:
    """What was different from last time."""

    kept: dict[str, str] = field(default_factory=dict)
    """Full name -> why environments of the repository were kept, for each that is newly out of sight."""
    returned: list[str] = field(default_factory=list)
    """Full names of the repositories that the App sees again, or through another installation."""
    granted: list[int] = field(default_factory=list)
    """Ids of the installations whose permissions are not what they were."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What stood here before GitHub was looked at."""

    at: datetime
    may_see_more: bool
    """A webhook told of an installation, or of repositories, that were not there before."""


def is_wanted(session: Session) -> bool:
    """A webhook told of a change since the installations were last compared."""
    return session.scalars(_told().limit(1)).first() is not None


def begin(session: Session) -> Begun:
    """The database's time, from before GitHub is looked at, and what to expect."""
    more = _told().where(Delivery.action.in_(("created", "added", "unsuspend")))
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return Begun(now, session.scalars(more.limit(1)).first() is not None)


def _told() -> Select[str]:
    followed_at = select(CatchUp.followed_at).scalar_subquery()
    return select(Delivery.id).where(
        Delivery.outcome == "marked",
        Delivery.event.in_(("installation", "installation_repositories", "repository")),
        Delivery.received_at > func.coalesce(followed_at, func.to_timestamp(0)),
    )


def follow(session: Session, installations: Collection[Installation], begun: Begun) -> Followed:
    """Bring installations, repositories and the notices of their environments into line with what GitHub shows.

    What is unknown to Ephemera is left out, installations aside: a repository gets a row with its first pull request.
    """
    followed = Followed()
    out_before = _out_of_sight(session)
    _follow_installations(session, installations, begun.at, followed)
    shown, by_id = covered(installations), {one.id: one for one in installations}
    for row in session.scalars(select(models.Repository).order_by(models.Repository.id)):
        if (repository := shown.get(row.id)) is not None:
            is_back = row.removed_at is not None or row.installation_id in out_before
            _see(session, row, repository, followed, is_back=is_back)
        elif (seen := sight(_ref(row), by_id)) is not Sight.UNCERTAIN:
            _keep(session, row, seen, begun.at, followed)
    upsert = insert(CatchUp).values(id=_ONE, followed_at=begun.at)
    session.execute(upsert.on_conflict_do_update(index_elements=[CatchUp.id], set_={"followed_at": begun.at}))
    return followed


def _out_of_sight(session: Session) -> frozenset[int]:
    query = select(models.Installation.id).where(
        or_(models.Installation.suspended_at.is_not(None), models.Installation.removed_at.is_not(None))
    )
    return frozenset(session.scalars(query))


def _follow_installations(
    session: Session, installations: Collection[Installation], now: datetime, followed: Followed
) -> None:
    rows = {row.id: row for row in session.scalars(select(models.Installation))}
    for one in installations:
        row = rows.pop(one.id, None)
        if row is None:
            row = models.Installation(id=one.id, permissions={})
            session.add(row)
        row.account_login, row.removed_at = one.account, None
        row.suspended_at = (row.suspended_at or now) if one.is_suspended else None
        if row.permissions != one.permissions:
            row.permissions = dict(one.permissions)
            followed.granted.append(one.id)
    for row in rows.values():
        row.removed_at = row.removed_at or now
    session.flush()


def _see(
    session: Session, row: models.Repository, repository: RepositoryRef, followed: Followed, *, is_back: bool
) -> None:
    is_moved = row.installation_id not in (None, repository.installation_id)
    row.full_name, row.installation_id, row.removed_at = repository.full_name, repository.installation_id, None
    if is_back or is_moved:
        followed.returned.append(row.full_name)
        for environment_id in _ids(session, row, EnvironmentRow.status != Status.DESTROYED.value):
            mark_again(session, environment_id, BY, RETURNED)


def _keep(session: Session, row: models.Repository, seen: Sight, now: datetime, followed: Followed) -> None:
    if seen is not Sight.SUSPENDED:
        row.removed_at = row.removed_at or now
    reason = why_kept(_ref(row), seen)
    living = EnvironmentRow.status.not_in((Status.DESTROYED.value, Status.DESTROYING.value))
    for environment_id in _ids(session, row, living & EnvironmentRow.notice.is_distinct_from(reason)):
        environment, at = locked(session, environment_id)
        environment.notice = reason
        note(session, environment, "kept", reason, actor=BY)
        settle(session, environment, at)
        followed.kept[row.full_name] = reason


def _ids(session: Session, row: models.Repository, condition: ColumnElement[bool]) -> Collection[int]:
    query = select(EnvironmentRow.id).where(EnvironmentRow.repository_id == row.id, condition)
    return session.scalars(query.order_by(EnvironmentRow.id)).all()


def _ref(row: models.Repository) -> RepositoryRef:
    return RepositoryRef(row.id, row.full_name, row.installation_id)
