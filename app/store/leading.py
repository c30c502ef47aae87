"""Who follows a cluster: a lease in the cluster's row, by the database's clock.

Not a session lock: a process that is stopped keeps its connection, and a transaction pooler gives each transaction
another one. So a lease runs out by itself, and every write of a leader is fenced: it is made in a transaction that
holds the row FOR SHARE and has seen its own lease there. A takeover waits for such a transaction, and comes before
every later one. A leader that is stopped in the middle of one cannot hold it for long: the server ends it.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import Transient

LEASE = timedelta(seconds=10)
"""How long a leader leads that does not renew."""

_IDLE = "2s"
"""How long a fenced transaction may wait for its own process (a row that it holds keeps others waiting)."""


class Deposed(Transient):
    """Another watcher leads, or the lease was given back: nothing was written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One time of leading. Leading again is another one, so that nothing of an earlier time is ever written."""

    cluster: str
    leader: str


_TERM = "#"

_LEADER = text("SELECT leader FROM clusters WHERE name = :cluster")

_CLAIM = text(
    """UPDATE clusters SET leader = :leader, leader_until = clock_timestamp() + :lease
    WHERE name = :cluster AND (leader IS NULL OR leader_until <= clock_timestamp() OR leader = :dead) RETURNING name"""
)

_RENEW = text(
    """UPDATE clusters SET leader_until = clock_timestamp() + :lease
    WHERE name = :cluster AND leader = :leader RETURNING name"""
)

_RELEASE = text("UPDATE clusters SET leader = NULL, leader_until = NULL WHERE name = :cluster AND leader = :leader")

_CONFIRM = text(
    """SELECT set_config('idle_in_transaction_session_timeout', :idle, true) FROM clusters
    WHERE name = :cluster AND leader = :leader FOR SHARE"""
)


def leader(session: Session, cluster: str) -> str | None:
    """Who leads the cluster, or did last; None when the lease was given back."""
    return session.execute(_LEADER, {"cluster": cluster}).scalar_one_or_none()


def claim(
    session: Session, cluster: str, watcher: str, lease: timedelta = LEASE, *, dead: str | None = None
) -> Lease | None:
    """Lead the cluster if nobody does, under the watcher's name; None when somebody does, or it was never declared.

    `dead` is a leader, as `leader` tells it, who is known to live no more: nobody has to wait for that lease.
    """
    lead = Lease(cluster, f"{watcher}{_TERM}{secrets.token_hex(4)}")
    values = {"cluster": cluster, "leader": lead.leader, "lease": lease, "dead": dead}
    return lead if session.execute(_CLAIM, values).one_or_none() else None


def watcher_of(leader: str) -> str:
    """The watcher whose time of leading that is."""
    return leader.rpartition(_TERM)[0]


def renew(session: Session, held: Lease, lease: timedelta = LEASE) -> bool:
    """Go on leading; False when another has taken over. A lease that ran out meanwhile, and that nobody took, goes on:
    nobody has led in between."""
    values = {"cluster": held.cluster, "leader": held.leader, "lease": lease}
    return session.execute(_RENEW, values).one_or_none() is not None


def confirm(session: Session, held: Lease) -> None:
    """Have the lease last as long as this transaction, which has to come after it. Raises Deposed."""
    values = {"cluster": held.cluster, "leader": held.leader, "idle": _IDLE}
    if session.execute(_CONFIRM, values).one_or_none() is None:
        raise Deposed(f"writing what cluster {held.cluster} shows: another watcher leads")


def release(session: Session, held: Lease) -> None:
    """Give the lease back, so that another may lead at once; nothing happens where it was lost."""
    session.execute(_RELEASE, {"cluster": held.cluster, "leader": held.leader})
