"""The budget of GitHub calls, one for each installation, shared by all processes. The rules are `app.domain.budget`'s.

Every answer is given under a lock on the installation's row and by the database's clock, so that two processes never
spend the same second. Repositories whose installation no payload has named yet share one budget.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain import budget
from app.domain.budget import HOUR, USUAL, Limits, Past, Pause, Stock, Wait, Write
from app.store.models import EnvironmentRow, GitHubWrite, Installation, Repository

_UNNAMED = 0
"""The row of repositories whose installation is unknown; GitHub counts from 1."""
_NO_OBJECTS = {"synchronize_session": False}


def take(
    session: Session, installation_id: int | None, write: Write, limits: Limits | None = USUAL
) -> timedelta | None:
    """Let one write through now, and count it: None. Else how long it has to wait, and nothing is counted.

    Commit before writing. `limits` None: nothing is counted, and only a pause is kept to.
    """
    row, now = _locked(session, installation_id)
    wait = budget.wait(_past(session, row.id, now) if limits else (), write, limits or USUAL, _pause(row), now)
    if wait is not None:
        return wait.until - now
    if limits is not None:
        old = delete(GitHubWrite).where(GitHubWrite.installation_id == row.id, GitHubWrite.at <= now - HOUR)
        session.execute(old, execution_options=_NO_OBJECTS)
        session.add(
            GitHubWrite(installation_id=row.id, at=now, is_content=write.is_content, is_removal=write.is_removal)
        )
    return None


def answered(session: Session, installation_id: int | None) -> None:
    """GitHub has answered the last write: the time that the next is kept apart begins only now."""
    newest = select(func.max(GitHubWrite.id)).where(GitHubWrite.installation_id == (installation_id or _UNNAMED))
    later = update(GitHubWrite).where(GitHubWrite.id == newest.scalar_subquery())
    session.execute(later.values(at=func.clock_timestamp()), execution_options=_NO_OBJECTS)


def pause(session: Session, installation_id: int | None, retry_after: timedelta, reason: str) -> timedelta:
    """GitHub has refused: let nothing through for so long, or longer where it refuses again and again."""
    row, now = _locked(session, installation_id)
    pause = budget.paused(_pause(row), retry_after, now)
    row.paused_at, row.paused_until, row.pause_reason = pause.begun, pause.until, reason[:1000]
    return pause.until - now


def affordable(
    session: Session, environment_ids: Sequence[int], *, is_removal: bool, limits: Limits | None = USUAL
) -> Sequence[int]:
    """Those of the environments whose pull request may be read now, in their order; a read is counted for each."""
    if limits is None or not environment_ids:
        return environment_ids
    keys = _keys(session, environment_ids)
    left = {
        key: _take_reads(session, key, wanted, limits, is_removal=is_removal)
        for key, wanted in sorted(Counter(keys.values()).items())
    }
    afforded = []
    for environment_id in environment_ids:
        if environment_id in keys and left[keys[environment_id]] > 0:
            left[keys[environment_id]] -= 1
            afforded.append(environment_id)
    return afforded


def wait(session: Session, installation_id: int | None, write: Write, limits: Limits | None = USUAL) -> Wait | None:
    """What such a write would have to wait for now; counts and locks nothing."""
    now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    row = session.get(Installation, installation_id or _UNNAMED)
    if row is None:
        return None
    past = _past(session, row.id, now) if limits else ()
    return budget.wait(past, write, limits or USUAL, _pause(row), now)


def _locked(session: Session, installation_id: int | None) -> tuple[Installation, datetime]:
    """The row, locked until the end of the transaction, and the time at which the lock was had.

    The weaker of the locks that exclude each other: a webhook that adds a repository refers to the row, and must not
    wait (https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-ROWS).
    """
    key = installation_id or _UNNAMED
    query = select(Installation).where(Installation.id == key).with_for_update(key_share=True)
    query = query.execution_options(populate_existing=True)
    row = session.scalars(query).one_or_none()
    if row is None:
        session.execute(insert(Installation).values(id=key).on_conflict_do_nothing())
        row = session.scalars(query).one()
    return row, session.execute(select(func.clock_timestamp())).scalar_one()


def _past(session: Session, key: int, now: datetime) -> Sequence[Past]:
    query = select(GitHubWrite.at, GitHubWrite.is_content).where(
        GitHubWrite.installation_id == key, GitHubWrite.at > now - HOUR
    )
    return [Past(at, is_content) for at, is_content in session.execute(query.order_by(GitHubWrite.at))]


def _pause(row: Installation) -> Pause | None:
    if row.paused_at is None or row.paused_until is None:
        return None
    return Pause(row.paused_at, row.paused_until)


def _keys(session: Session, environment_ids: Sequence[int]) -> Mapping[int, int]:
    query = select(EnvironmentRow.id, Repository.installation_id).join(EnvironmentRow.repository)
    query = query.where(EnvironmentRow.id.in_(environment_ids))
    return {environment_id: key or _UNNAMED for environment_id, key in session.execute(query)}


def _take_reads(session: Session, key: int, wanted: int, limits: Limits, *, is_removal: bool) -> int:
    row, now = _locked(session, key)
    pause = _pause(row)
    if pause is not None and now < pause.until:
        return 0
    kept = None if row.reads_left is None or row.reads_at is None else Stock(row.reads_left, row.reads_at)
    stock = budget.stocked(kept, limits, now)
    granted = min(wanted, budget.affordable(stock, limits, is_removal=is_removal))
    row.reads_left, row.reads_at = stock.left - granted, now
    return granted
