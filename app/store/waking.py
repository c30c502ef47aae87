"""What `wake` reads: environments that were published a while ago and are not where they should be."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.domain.environment import Environment, Status
from app.domain.health import Phase
from app.store.models import EnvironmentRow
from app.store.rows import environment_of

_UNDER_WAY = (Status.PROVISIONING, Status.UPDATING, Status.FAILED, Status.DESTROYING)


def under_way(session: Session, age: timedelta) -> Sequence[Environment]:
    """Those published `age` ago or earlier, without those whose commit is applied in a namespace that is there."""
    applied = EnvironmentRow.health["sync"]["applied"].astext
    phase = EnvironmentRow.health["phase"].astext
    query = select(EnvironmentRow).where(
        EnvironmentRow.status.in_([status.value for status in _UNDER_WAY]),
        EnvironmentRow.published_at <= func.clock_timestamp() - age,
        or_(applied.is_distinct_from(EnvironmentRow.published_commit), phase.is_distinct_from(Phase.ACTIVE.value)),
    )
    return [environment_of(row) for row in session.scalars(query)]
