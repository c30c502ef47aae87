"""`catch_up`: asks GitHub again for every webhook that did not arrive.

GitHub sends a webhook once. It lists what it sent for three days, and repeats on request what it still lists
(https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries). So the list is read from where
it was left, what is missing in `deliveries` is kept until it is there, and nothing is asked for that has arrived:
whether GitHub takes a delivery for a success matters less than whether we have it, as after a restored backup.

While nothing comes through, one delivery at a time is asked for, to see whether the web is back: a thousand that fail
once more help nobody, and do not count as tries.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.errors import Stalled
from app.ports import HookDeliveries, HookDelivery
from app.store import catching_up
from app.store.catching_up import Missed
from app.store.engine import Store

KEPT = timedelta(days=3)
"""How long GitHub lists a delivery, and repeats it."""
OVERLAP = timedelta(minutes=10)
"""How far back the list is read again: an attempt is listed once it has ended, not in the order of its beginning."""
INTERVAL = timedelta(minutes=5)
SOON = timedelta(minutes=1)
"""When it is worth looking again after something was asked for."""
BATCH = 150
"""Deliveries asked for in one go: 750 of the 900 points that GitHub allows a minute."""
TRIES = 5
PAUSE = timedelta(minutes=5)
"""Before a delivery is asked for again; doubled with each try."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Finds what GitHub could not deliver."""

    store: Store
    deliveries: HookDeliveries

    def look(self, now: datetime) -> timedelta:
        """Read GitHub's list, ask for what is due, and say after how long to look again. Raises Transient or Stalled
        when the list cannot be read, or GitHub stops answering: what was not asked for is asked for next time."""
        newest = self._read(now)
        with self.store.begin() as session:
            arrived = catching_up.settle(session)
            lost = catching_up.give_up(session, now - KEPT)
        for guid in lost:
            _log.error("catch_up.lost", delivery=guid)
        is_up = arrived > 0 or (newest is not None and newest.is_delivered)
        return SOON if self._ask(now, is_up=is_up) else INTERVAL

    def _read(self, now: datetime) -> HookDelivery | None:
        """Keep what is missing; the newest attempt of all."""
        with self.store.begin() as session:
            seen_until = catching_up.seen_until(session)
        oldest = now - KEPT
        attempts = self.deliveries.since(max(oldest, seen_until - OVERLAP) if seen_until else oldest)
        if not attempts:
            return None
        # What was delivered before Ephemera looked for the first time went to another database than this.
        counted = attempts if seen_until else _never_delivered(attempts)
        newest = max(attempts, key=lambda one: (one.delivered_at, one.id))
        with self.store.begin() as session:
            unknown = catching_up.unknown(session, {one.guid for one in counted})
            missing = catching_up.remember(session, _missed(counted, unknown), newest.delivered_at)
        if missing:
            _log.info("catch_up.missing", deliveries=missing)
        return newest

    def _ask(self, now: datetime, *, is_up: bool) -> int:
        """Ask for what is due; how many. They are put off first: one that takes us down is not the first next time."""
        with self.store.begin() as session:
            due = catching_up.take(session, now, at_most=BATCH if is_up else 1, max_tries=TRIES)
            for one in due:
                catching_up.postpone(session, one, now + PAUSE * 2**one.tries, counts=is_up)
        for one in sorted(due, key=lambda each: (each.missed_at, each.delivery_id)):
            self._ask_for(one)
        return len(due)

    def _ask_for(self, one: Missed) -> None:
        try:
            self.deliveries.redeliver(one.delivery_id)
        except Stalled as error:
            _log.warning("catch_up.refused", delivery=one.guid, error=str(error))
            return
        _log.info("catch_up.asked", delivery=one.guid, tries=one.tries + 1)


def _never_delivered(attempts: Sequence[HookDelivery]) -> Sequence[HookDelivery]:
    delivered = {one.guid for one in attempts if one.is_delivered}
    return [one for one in attempts if one.guid not in delivered]


def _missed(attempts: Iterable[HookDelivery], unknown: Collection[str]) -> Sequence[Missed]:
    """One for each unknown delivery, as of its earliest attempt."""
    found: dict[str, Missed] = {}
    for one in attempts:
        if one.guid in unknown and (one.guid not in found or one.delivered_at < found[one.guid].missed_at):
            found[one.guid] = Missed(one.guid, one.id, one.delivered_at, tries=0)
    return list(found.values())
