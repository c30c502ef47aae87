"""What `publish` reads and writes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.changes import Changes, between
from app.domain.cluster import SyncerKind
from app.domain.environment import Environment, Stage
from app.domain.report import digest
from app.domain.review import Requirement
from app.domain.teardown import Teardown
from app.store.approving import may_run
from app.store.clusters import syncer_of
from app.store.models import ApprovalRow, EnvironmentRow, PublicationRow, User
from app.store.rows import clear_trouble, environment_of, locked, note, settle
from app.store.troubles import not_before

_OBJECTS = {SyncerKind.ARGOCD: "Application", SyncerKind.FLUX: "Kustomization"}
"""What the syncer has of every environment."""


AT_ONCE = 500
"""Environments in one push: Git compares every ref that is moved with every ref that the remote has."""

_IS_BEHIND = (EnvironmentRow.decided_generation > EnvironmentRow.published_generation) & (
    EnvironmentRow.decided_generation > EnvironmentRow.proposed_generation
)
"""Something was decided since it was published, and since it was proposed for review."""


def due(session: Session) -> Sequence[Environment]:
    """Environments that were decided since they were last published, and whose turn it is; AT_ONCE at most."""
    query = (
        select(EnvironmentRow)
        .where(
            _IS_BEHIND,
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
        _IS_BEHIND,
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
    generation: int | None = None
    """The `decided_generation` that it is of; None: the environment's."""
    head_sha: str | None = None
    """The pull request's commit that it was made for; None where there is no folder."""


def record(session: Session, environment: Environment, held: Kept) -> bool:
    """Keep that the remote holds what was decided at the generation taken; False when a later one was first.

    A removal is begun here: from now on what is left of the environment is watched until it is gone.
    """
    tree, commit = held.tree, held.commit
    generation = environment.decided_generation if held.generation is None else held.generation
    row, now = locked(session, environment.id)
    if row.published_generation >= generation:
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
    row.published_generation = generation
    row.published_tree, row.published_sync = tree, held.sync
    row.published_sha = held.head_sha if tree is not None else None
    row.published_workloads, row.published_objects = list(held.workloads), list(held.objects)
    row.published_digests = dict(held.objects)
    row.published_commit = commit or row.published_commit
    clear_trouble(row, Stage.PUBLISH)
    if is_news:
        note(session, row, "published", f"{'removed' if tree is None else f'tree {tree}'} in commit {commit}")
    settle(session, row, now)
    return True


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


@dataclass(frozen=True, slots=True)
class Intent:
    """What is about to be committed, or was merged: kept before the push, so that every commit can be explained."""

    environment_id: int
    folder: str
    generation: int
    """The environment's `decided_generation`."""
    desired: Mapping[str, Any]
    tree: str | None
    sync: str | None
    templates: str
    requirement: Requirement
    proposal_id: int | None
    head_sha: str | None
    by: str
    reason: str
    delivery: str | None

    @property
    def key(self) -> str:
        """What makes it one."""
        return digest(f"{self.generation} {self.tree} {self.sync} {self.reason}")


def intend(session: Session, intents: Sequence[Intent]) -> None:
    """Keep what is about to be committed; what was meant before is kept once."""
    if not intents:
        return
    rows = [
        {
            "environment_id": each.environment_id,
            "folder": each.folder,
            "intent": each.key,
            "generation": each.generation,
            "desired": dict(each.desired),
            "tree": each.tree,
            "sync": each.sync,
            "templates": each.templates,
            "requirement": each.requirement.to_json(),
            "proposal_id": each.proposal_id,
            "head_sha": each.head_sha,
            "by": each.by,
            "reason": each.reason,
            "delivery_id": each.delivery,
        }
        for each in intents
    ]
    session.execute(insert(PublicationRow).on_conflict_do_nothing(), rows)


def committed(session: Session, intent: Intent, commit: str) -> None:
    """The branch holds what was meant, by that commit; of one that another intent explains already, nothing is kept."""
    mine = PublicationRow.environment_id == intent.environment_id
    if session.scalars(select(PublicationRow.id).where(mine, PublicationRow.commit == commit)).first() is not None:
        return
    told = update(PublicationRow).where(mine, PublicationRow.intent == intent.key, PublicationRow.commit.is_(None))
    session.execute(told.values(commit=commit), execution_options={"synchronize_session": False})


@dataclass(frozen=True, slots=True)
class Standing:
    """What was published last."""

    desired: Mapping[str, Any]
    tree: str | None
    templates: str
    proposal_id: int | None


def standing(session: Session, environment: Environment) -> Standing | None:
    """What made the folder that the branch should hold now; None where that is older than these records."""
    query = select(PublicationRow).where(
        PublicationRow.environment_id == environment.id,
        PublicationRow.tree == environment.published.tree,
        PublicationRow.commit.is_not(None),
    )
    row = session.scalars(query.order_by(PublicationRow.id.desc()).limit(1)).one_or_none()
    return Standing(row.desired, row.tree, row.templates, row.proposal_id) if row is not None else None


def title(session: Session, environment_id: int) -> str | None:
    """The pull request's, as the last look saw it: foreign text."""
    return session.scalars(select(EnvironmentRow.title).where(EnvironmentRow.id == environment_id)).one()


def approver(session: Session, approval_id: int) -> str | None:
    """The login of whoever let a fork's commit run."""
    return session.scalars(select(ApprovalRow.approver_login).where(ApprovalRow.id == approval_id)).one_or_none()


def accounts(session: Session, logins: Collection[str]) -> Mapping[str, int]:
    """{login: GitHub's id} of those that are known."""
    query = select(User.login, User.id).where(User.login.in_(logins))
    return {login: id_ for login, id_ in session.execute(query)}  # noqa: C416 - what a row is, dict() cannot know
