"""What `publish` reads and writes."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.cluster import SyncerKind
from app.domain.environment import Environment, Stage
from app.domain.teardown import Teardown
from app.store.clusters import syncer_of
from app.store.models import EnvironmentRow
from app.store.rows import clear_trouble, environment_of, locked, note, settle
from app.store.troubles import not_before

_OBJECTS = {SyncerKind.ARGOCD: "Application", SyncerKind.FLUX: "Kustomization"}
"""What the syncer has of every environment."""


AT_ONCE = 500
"""Environments in one push: Git compares every ref that is moved with every ref that the remote has."""


def due(session: Session) -> Sequence[Environment]:
    """Environments that were decided since they were last published, and whose turn it is; AT_ONCE at most."""
    query = (
        select(EnvironmentRow)
        .where(
            EnvironmentRow.decided_generation > EnvironmentRow.published_generation,
            ~not_before(Stage.PUBLISH),
        )
        .order_by(EnvironmentRow.id)
        .limit(AT_ONCE)
    )
    return [environment_of(row) for row in session.scalars(query)]


def has_due(session: Session) -> bool:
    """Some row has moved since, or could not be published yet and may be tried now."""
    query = select(EnvironmentRow.id).where(
        EnvironmentRow.decided_generation > EnvironmentRow.published_generation, ~not_before(Stage.PUBLISH)
    )
    return session.scalars(query.limit(1)).first() is not None


def settle_unchanged(session: Session, environment_id: int, generation: int) -> None:
    """What was decided changes nothing in Git: the watermark alone moves."""
    row, now = locked(session, environment_id)
    row.published_generation = max(row.published_generation, generation)
    clear_trouble(row, Stage.PUBLISH)
    settle(session, row, now)


def record(
    session: Session,
    environment: Environment,
    tree: str | None,
    commit: str | None,
    workloads: Sequence[str],
    objects: Sequence[str] = (),
) -> bool:
    """Keep that the remote holds what was decided at the generation taken; False when a later one was first.

    `objects` is all that the folder holds, `Deployment/web`; its workloads are among them. A removal is begun here:
    from now on what is left of the environment is watched until it is gone.
    """
    row, now = locked(session, environment.id)
    if row.published_generation >= environment.decided_generation:
        return False
    is_news = row.published_tree != tree or (commit is not None and row.published_commit != commit)
    if is_news or row.published_generation < environment.desired_generation:
        row.published_at = now
    if tree is None and (is_news or row.teardown is None):
        row.teardown = _begun(session, row, commit, now).to_json()
    elif tree is not None and row.published_tree is None:
        row.made_commit, row.made_at = commit, now
    row.published_generation = environment.decided_generation
    row.published_tree, row.published_workloads = tree, list(workloads)
    row.published_objects = list(objects or workloads)
    row.published_commit = commit or row.published_commit
    clear_trouble(row, Stage.PUBLISH)
    if is_news:
        note(session, row, "published", f"{'removed' if tree is None else f'tree {tree}'} in commit {commit}")
    settle(session, row, now)
    return True


def _begun(session: Session, row: EnvironmentRow, commit: str | None, now: datetime) -> Teardown:
    """The removal of what the row held until now: the namespace, and what makes it. Volumes are added when seen."""
    names = [f"Namespace/{row.namespace}"]
    if kind := _OBJECTS.get(syncer_of(session, row.cluster)):
        names.append(f"{kind}/{row.namespace}")
    return Teardown(
        removed_commit=commit,
        removed_at=now,
        made_commit=row.made_commit,
        made_at=row.made_at,
        objects=tuple(row.published_objects),
    ).seen(names, now)
