"""What GitHub is told of proposals."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.domain.proposal import ProposalState
from app.domain.told import Told
from app.store.models import ProposalRow
from app.store.proposing.held import BY, IN_TIME, LOOK_EVERY, Taken, locked_row, settle_environment, want_push
from app.store.rows import locked, note

_IS_DUE = (
    ProposalRow.is_current,
    IN_TIME,
    ProposalRow.told_wanted.is_distinct_from(ProposalRow.told_digest),
    or_(ProposalRow.number.is_(None), ProposalRow.pushes_done == ProposalRow.pushes_wanted),
    or_(
        (ProposalRow.state == ProposalState.OPEN.value) & ProposalRow.head_commit.is_not(None),
        (ProposalRow.state == ProposalState.WITHDRAWN.value) & ProposalRow.number.is_not(None),
    ),
)


def to_tell(session: Session) -> Sequence[int]:
    """Ids of proposals of which GitHub is to be told something, oldest first."""
    return session.scalars(select(ProposalRow.id).where(*_IS_DUE).order_by(ProposalRow.id)).all()


def keep_told(session: Session, taken: Taken, told: Told, *, is_all: bool = False) -> None:
    """Keep what is about to be written, or has just been; `is_all`: nothing was left to write."""
    held = locked_row(session, taken)
    held.told = told.to_json()
    if is_all:
        held.told_digest = taken.told_wanted
        held.failures, held.trouble, held.retry_at = 0, None, None
        settle_environment(session, held.environment_id)


def opened(session: Session, taken: Taken, number: int, url: str, told: Told) -> None:
    """The pull request is there. Its commit is to name it, so the branch is pushed once more."""
    held = locked_row(session, taken)
    held.told = told.to_json()
    if held.number is None:
        held.number, held.url = number, url
        held.opened_at = held.opened_at or session.scalar(select(func.clock_timestamp()))
        held.look_at = session.scalar(select(func.clock_timestamp() + LOOK_EVERY))
        if held.state == ProposalState.OPEN.value:
            want_push(held)
        row, _ = locked(session, held.environment_id)
        note(session, row, "opened", f"proposal {number}", actor=BY)
    settle_environment(session, held.environment_id)


def not_merged(session: Session, taken: Taken, why: str, retry_in: timedelta) -> None:
    """GitHub does not let it be merged yet."""
    held = locked_row(session, taken)
    held.mergeable = why[:200]
    held.look_at = session.scalar(select(func.clock_timestamp() + retry_in))


def remind(session: Session, taken: Taken) -> None:
    """Have it be tried again what GitHub did not let be done before."""
    held = locked_row(session, taken)
    held.told_digest = None


def close_again(session: Session, taken: Taken) -> None:
    """Somebody opened it again that was withdrawn."""
    held = locked_row(session, taken)
    held.told = replace(taken.told, is_closed=False).to_json()
    held.told_digest = None
