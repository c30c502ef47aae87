"""What `wake` reads: environments that were published a while ago and are not where they should be."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.environment import Environment, Status
from app.store.models import EnvironmentRow
from app.store.rows import environment_of

_UNDER_WAY = (Status.PROVISIONING, Status.UPDATING, Status.FAILED, Status.DESTROYING)


def under_way(session: Session, age: timedelta) -> Sequence[Environment]:
    """Those that were published `age` ago or earlier; not those whose commit the syncer has seen to be applied."""
    sync = EnvironmentRow.health["sync"]
    query = select(EnvironmentRow).where(
        EnvironmentRow.status.in_([status.value for status in _UNDER_WAY]),
        EnvironmentRow.published_at <= func.clock_timestamp() - age,
        sync["applied"].astext.is_distinct_from(EnvironmentRow.published_commit),
    )
    return [environment_of(row) for row in session.scalars(query)]
