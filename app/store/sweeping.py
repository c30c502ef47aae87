"""What `sweep` reads: everything that could be out of date. It only marks; the stages decide."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.domain.desire import Place, Wish
from app.domain.desired import Absent, Desired, from_json
from app.domain.environment import Status
from app.domain.status import GONE_WITHIN, READY_WITHIN
from app.store import commands, deciding, installations, proposing, publishing, reporting
from app.store.approving import approvals_of_all
from app.store.asking import HIGH, LOW
from app.store.models import EnvironmentRow
from app.store.wishing import wish_of

_MARGIN = timedelta(seconds=1)


def behind(session: Session) -> Mapping[str, bool]:
    """Which stages have rows whose watermark is behind and whose turn it is: `{"decide": True, ...}`."""
    return {
        "decide": bool(deciding.due(session, HIGH)),
        "clean_up": bool(deciding.due(session, LOW)),
        "publish": publishing.has_due(session) or proposing.has_pushes(session),
        "propose": bool(proposing.to_tell(session)),
        "review": bool(proposing.to_look(session)),
        "report": reporting.has_due(session),
        "follow": installations.is_wanted(session),
        "obey": bool(commands.due(session)),
    }


def expired(session: Session) -> Sequence[int]:
    """Ids of environments whose time has run out, and about which nobody has asked since they were decided."""
    query = select(EnvironmentRow.id).where(
        EnvironmentRow.expires_at <= func.clock_timestamp(),
        EnvironmentRow.requested_generation == EnvironmentRow.decided_generation,
    )
    return session.scalars(query.order_by(EnvironmentRow.expires_at)).all()


def overdue(session: Session) -> Sequence[int]:
    """Ids of environments that have been on their way for too long, so that their status must say so."""
    rolling = [Status.PROVISIONING.value, Status.UPDATING.value]
    query = select(EnvironmentRow.id).where(
        or_(
            EnvironmentRow.status.in_(rolling) & (EnvironmentRow.published_at < func.now() - READY_WITHIN - _MARGIN),
            (EnvironmentRow.status == Status.DESTROYING.value)
            & (EnvironmentRow.desired_at < func.now() - GONE_WITHIN - _MARGIN),
        )
    )
    return session.scalars(query).all()


@dataclass(frozen=True, slots=True)
class Settled:
    """What Git should hold for an environment that nobody has asked about since it was published."""

    environment_id: int
    cluster: str
    folder: str
    tree: str | None
    """The folder's; None when there should be none."""
    commit: str | None
    """Where its own ref should be; of no meaning without a folder."""
    sync: str | None
    """The Git blob id of the file beside the folder; None when there should be none."""
    generation: int


def settled(session: Session) -> Collection[Settled]:
    """Every environment whose folder is as it was decided, if nobody else has touched it."""
    query = select(
        EnvironmentRow.id,
        EnvironmentRow.cluster,
        EnvironmentRow.folder,
        EnvironmentRow.published_tree,
        EnvironmentRow.published_commit,
        EnvironmentRow.published_sync,
        EnvironmentRow.published_generation,
    ).where(
        # What waits for review leaves on the branch what was published before.
        or_(
            EnvironmentRow.requested_generation == EnvironmentRow.published_generation,
            EnvironmentRow.requested_generation == EnvironmentRow.proposed_generation,
        ),
        EnvironmentRow.desired["kind"].astext.in_(("present", "absent", "waiting")),
    )
    return {Settled(*row) for row in session.execute(query)}


@dataclass(frozen=True, slots=True)
class Held:
    """What a row holds of a pull request, enough to see that a webhook was missed."""

    place: Place
    wish: Wish
    desired: Desired | None
    now: datetime
    """When that was, by the database's clock."""

    @property
    def is_open(self) -> bool:
        """The last look found the pull request open, or there was none yet."""
        return not (isinstance(self.desired, Absent) and self.desired.is_closed)


def held(session: Session, repository_id: int) -> Mapping[int, Held]:
    """Pull request number -> what its row holds, for every row of the repository."""
    query = select(EnvironmentRow).where(EnvironmentRow.repository_id == repository_id)
    rows = session.scalars(query).all()
    approvals = approvals_of_all(session, [row.id for row in rows if row.is_from_fork])
    now = session.execute(select(func.clock_timestamp())).scalar_one()
    return {
        row.number: Held(
            Place(row.namespace, row.folder, row.host, row.cluster),
            wish_of(row, approvals.get(row.id, ())),
            from_json(row.desired) if row.desired else None,
            now,
        )
        for row in rows
    }
