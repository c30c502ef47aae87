"""What `publish` reads and writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.changes import Changes, between
from app.domain.cluster import SyncerKind
from app.domain.desired import Present
from app.domain.environment import Environment, Stage
from app.domain.teardown import Teardown
from app.store.approving import may_run
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
            may_run(func.clock_timestamp()),
        )
        .order_by(EnvironmentRow.id)
        .limit(AT_ONCE)
    )
    return [environment_of(row) for row in session.scalars(query)]


def has_due(session: Session) -> bool:
    """Some row has moved since, or could not be published yet and may be tried now."""
    query = select(EnvironmentRow.id).where(
        EnvironmentRow.decided_generation > EnvironmentRow.published_generation,
        ~not_before(Stage.PUBLISH),
        may_run(func.clock_timestamp()),
    )
    return session.scalars(query.limit(1)).first() is not None


def settle_unchanged(session: Session, environment_id: int, generation: int) -> None:
    """What was decided changes nothing in Git: the watermark alone moves."""
    row, now = locked(session, environment_id)
    row.published_generation = max(row.published_generation, generation)
    clear_trouble(row, Stage.PUBLISH)
    settle(session, row, now)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the remote holds of an environment."""

    tree: str | None
    """The folder's; None when there is none."""
    commit: str | None
    """The one that changed it last; None when none ever did."""
    sync: str | None = None
    """Git blob id of the file by which its syncer follows it."""
    workloads: tuple[str, ...] = ()
    """`Deployment/web` ..., what has to run."""
    objects: Mapping[str, str] = field(default_factory=dict)
    """Everything, the workloads too: `{"Deployment/web": digest}`."""


def record(session: Session, environment: Environment, held: Kept) -> bool:
    """Keep that the remote holds what was decided at the generation taken; False when a later one was first.

    A removal is begun here: from now on what is left of the environment is watched until it is gone.
    """
    tree, commit = held.tree, held.commit
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
    if is_news:
        row.published_changes = _changes(row, held).to_json()
    row.published_generation = environment.decided_generation
    row.published_tree, row.published_sync = tree, held.sync
    row.published_sha = _sha(environment) if tree is not None else None
    row.published_workloads, row.published_objects = list(held.workloads), list(held.objects)
    row.published_digests = dict(held.objects)
    row.published_commit = commit or row.published_commit
    clear_trouble(row, Stage.PUBLISH)
    if is_news:
        note(session, row, "published", f"{'removed' if tree is None else f'tree {tree}'} in commit {commit}")
    settle(session, row, now)
    return True


def _sha(environment: Environment) -> str | None:
    return environment.desired.spec.head_sha if isinstance(environment.desired, Present) else None


def _changes(row: EnvironmentRow, held: Kept) -> Changes:
    """What differs from what the row held; nothing is claimed of a folder whose digests were never kept."""
    if row.published_tree is not None and not row.published_digests:
        return Changes()
    return between(row.published_digests, held.objects)


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
