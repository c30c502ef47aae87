"""Marking an environment that has a row: somebody wants another look at it. Nothing is decided here."""

from datetime import datetime

from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from app.store.models import EnvironmentRow
from app.store.rows import locked, note

HIGH = "high"
LOW = "low"


class NoSuchEnvironment(LookupError):
    """No row has that id."""


def mark_again(session: Session, environment_id: int, by: str, reason: str, queue: str = HIGH) -> EnvironmentRow:
    """Ask for another look; the row is locked. Raises NoSuchEnvironment when there is none."""
    row, _ = found(session, environment_id)
    ask_again(session, row, by, reason, queue)
    return row


def ask_again(session: Session, row: EnvironmentRow, by: str, reason: str, queue: str = HIGH) -> None:
    """Ask for another look at an environment whose row is locked."""
    row.requested_generation += 1
    row.asked_by, row.asked_reason, row.asked_delivery, row.asked_queue = by, reason, None, queue
    note(session, row, "asked", reason)


def touch(row: EnvironmentRow, now: datetime) -> None:
    """Somebody did something about the environment: its idle time begins anew, and its life where that was over."""
    is_wanted = row.desired is not None and row.desired["kind"] == "present"
    is_over = row.expires_at is not None and row.expires_at <= now
    row.active_at = now
    if not is_wanted or is_over:
        row.wanted_since = now


def found(session: Session, environment_id: int) -> tuple[EnvironmentRow, datetime]:
    """The row, locked, and the database's time. Raises NoSuchEnvironment when there is none."""
    try:
        return locked(session, environment_id)
    except NoResultFound as error:
        raise NoSuchEnvironment(f"there is no environment {environment_id}") from error
