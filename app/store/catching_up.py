"""Which of GitHub's deliveries have not arrived, and when each is asked for again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.store.models import CatchUp, Delivery, MissedDelivery

_ONE = 1


@dataclass(frozen=True, slots=True)
class Missed:
    """A delivery that has not arrived."""

    guid: str
    delivery_id: int
    missed_at: datetime
    tries: int
    """How often it was asked for while others came through."""


def seen_until(session: Session) -> datetime | None:
    """How far GitHub's list was read, by GitHub's clock; None before the first time."""
    return session.scalars(select(CatchUp.seen_until)).one_or_none()


def unknown(session: Session, guids: Collection[str]) -> frozenset[str]:
    """Those that have not arrived."""
    arrived = session.scalars(select(Delivery.id).where(Delivery.id.in_(guids)))
    return frozenset(guids) - set(arrived)


def remember(session: Session, missed: Collection[Missed], until: datetime) -> int:
    """Keep what did not arrive, due at once, and that the list was read so far; how many of those are new. What is kept
    already stays as it is."""
    rows = [
        {"guid": one.guid, "delivery_id": one.delivery_id, "missed_at": one.missed_at, "ask_at": one.missed_at}
        for one in missed
    ]
    kept = insert(MissedDelivery).on_conflict_do_nothing().returning(MissedDelivery.guid)
    count = len(session.scalars(kept.values(rows)).all()) if rows else 0
    upsert = insert(CatchUp).values(id=_ONE, seen_until=until)
    latest = func.greatest(CatchUp.seen_until, upsert.excluded.seen_until)
    session.execute(upsert.on_conflict_do_update(index_elements=[CatchUp.id], set_={"seen_until": latest}))
    return count


def settle(session: Session) -> int:
    """Forget what has arrived meanwhile; how many."""
    arrived = select(Delivery.id).where(Delivery.id == MissedDelivery.guid)
    forgotten = delete(MissedDelivery).where(arrived.exists()).returning(MissedDelivery.guid)
    return len(session.scalars(forgotten).all())


def give_up(session: Session, before: datetime) -> Sequence[str]:
    """Forget what was missed before then, which GitHub repeats no longer; their guids."""
    lost = delete(MissedDelivery).where(MissedDelivery.missed_at < before).returning(MissedDelivery.guid)
    return session.scalars(lost).all()


def take(session: Session, now: datetime, *, at_most: int, max_tries: int) -> Sequence[Missed]:
    """What is to be asked for now, fewest tries first and then oldest first; locked, and skipped where another process
    has it."""
    query = (
        select(MissedDelivery)
        .where(MissedDelivery.ask_at <= now, MissedDelivery.tries < max_tries)
        .order_by(MissedDelivery.tries, MissedDelivery.ask_at, MissedDelivery.delivery_id)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    return [Missed(row.guid, row.delivery_id, row.missed_at, row.tries) for row in session.scalars(query)]


def postpone(session: Session, one: Missed, until: datetime, *, counts: bool) -> None:
    """Ask for it not before then. `counts`: this one was a try."""
    row = session.get_one(MissedDelivery, one.guid)
    row.ask_at = until
    row.tries += counts
