"""What `observe` reads and writes."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.environment import Status
from app.domain.health import Health, Phase
from app.store.models import EnvironmentRow
from app.store.rows import locked, settle


def record(session: Session, namespace: str, health: Health) -> bool:
    """Keep what was seen, if it differs; False when the namespace is none of ours or nothing changed."""
    found = session.scalars(select(EnvironmentRow.id).where(EnvironmentRow.namespace == namespace)).one_or_none()
    if found is None:
        return False
    row, now = locked(session, found)
    seen = health.to_json()
    is_proof = row.status == Status.DESTROYING.value and health.phase is Phase.ABSENT
    if row.health == seen and not is_proof:
        return False
    row.health, row.observed_at = seen, now
    settle(session, row, now)
    return True


def awaiting_proof(session: Session, cluster: str) -> Sequence[str]:
    """Namespaces whose folder has left the environments repository and which nobody has seen gone since."""
    query = select(EnvironmentRow.namespace).where(
        EnvironmentRow.cluster == cluster,
        EnvironmentRow.status == Status.DESTROYING.value,
        EnvironmentRow.published_tree.is_(None),
        EnvironmentRow.published_generation >= EnvironmentRow.desired_generation,
    )
    return session.scalars(query).all()


def believed_present(session: Session, cluster: str) -> Collection[str]:
    """Namespaces that were there when they were last seen."""
    query = select(EnvironmentRow.namespace).where(
        EnvironmentRow.cluster == cluster, EnvironmentRow.health["phase"].astext != Phase.ABSENT.value
    )
    return set(session.scalars(query))


def reassess(session: Session, environment_id: int) -> None:
    """Settle a row whose status depends on how late it is."""
    row, now = locked(session, environment_id)
    settle(session, row, now)
