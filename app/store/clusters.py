"""The clusters as they were declared, and what their watchers say of them."""

from collections.abc import Sequence

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.cluster import Cluster, SyncerKind
from app.store.leading import Lease
from app.store.models import ClusterRow

_DECLARED = ("api_url", "credentials", "syncer", "syncer_namespace", "preview_domain", "syncer_url")


def declare(session: Session, clusters: Sequence[Cluster]) -> None:
    """Keep the clusters as they are declared now. May be called by every process, again and again: what has not
    changed is not written. One that is declared no more is kept, as environments may live there still."""
    for cluster in sorted(clusters, key=lambda each: each.name):
        values = {name: getattr(cluster, name) for name in _DECLARED} | {"syncer": cluster.syncer.value}
        adding = insert(ClusterRow).values(name=cluster.name, **values)
        held = tuple_(*(getattr(ClusterRow, name) for name in _DECLARED))
        given = tuple_(*(getattr(adding.excluded, name) for name in _DECLARED))
        session.execute(
            adding.on_conflict_do_update(
                index_elements=[ClusterRow.name], set_=values, where=held.is_distinct_from(given)
            )
        )


def syncer_of(session: Session, cluster: str) -> SyncerKind:
    """What syncs the cluster; nothing that we know of where it was never declared."""
    held = session.scalars(select(ClusterRow.syncer).where(ClusterRow.name == cluster)).one_or_none()
    return SyncerKind(held) if held else SyncerKind.NONE


def seen(session: Session, lease: Lease, problems: Sequence[str]) -> None:
    """Keep what the leader cannot see at present; and the time, when there is nothing that it cannot see.

    Does nothing for a watcher that leads no more.
    """
    change = update(ClusterRow).where(ClusterRow.name == lease.cluster, ClusterRow.leader == lease.leader)
    if problems:
        change = change.where(ClusterRow.problems != list(problems)).values(problems=list(problems))
    else:
        change = change.values(problems=[], seen_at=func.clock_timestamp())
    session.execute(change, execution_options={"synchronize_session": False})
