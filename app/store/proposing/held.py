"""One proposal as it is held: the row as a value, and what every change of it has in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer

from app.domain.environment import Environment
from app.domain.evidence import Evidence
from app.domain.proposal import ProposalState
from app.domain.report import digest
from app.domain.review import Merger, Requirement
from app.domain.told import Told
from app.store.models import EnvironmentRow, ProposalCommit, ProposalRow
from app.store.rows import environment_of, locked, settle

NO_OBJECTS = {"synchronize_session": False}
LOOK_EVERY = timedelta(minutes=10)
"""How often an open proposal is looked at though nobody asked."""
BY = "ephemera"
IS_OPEN = ProposalRow.is_current & (ProposalRow.state == ProposalState.OPEN.value)
IN_TIME = or_(ProposalRow.retry_at.is_(None), ProposalRow.retry_at <= func.now())


@dataclass(frozen=True, slots=True)
class Content:
    """What an environment's folder holds, and the file beside it."""

    files: Mapping[str, bytes] | None
    """`{name: bytes}`; None where it is absent."""
    sync: bytes | None
    tree: str | None
    sync_blob: str | None
    objects: Mapping[str, str]
    """`{"Deployment/web": digest}`."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A proposal as it stood at one moment, with its environment."""

    id: int
    environment: Environment
    state: ProposalState
    number: int | None
    generation: int
    desired: Mapping[str, Any]
    content: Content
    templates: str
    requirement: Requirement
    evidence: Evidence
    asked_by: str
    asked_reason: str
    asked_delivery: str | None
    base_commit: str | None
    head_commit: str | None
    pushes_wanted: int
    pushes_done: int
    is_edited: bool
    edited_by: str | None
    problems: tuple[str, ...]
    rung: int
    looked: int
    mergeable: str | None
    told: Told
    told_wanted: str | None
    failures: int

    @property
    def is_removal(self) -> bool:
        return self.content.files is None

    @property
    def is_pushed(self) -> bool:
        """Its branch is where it should be."""
        return self.pushes_done == self.pushes_wanted

    @property
    def merges_itself(self) -> bool:
        """Ephemera merges it."""
        return self.requirement.merged_by is Merger.EPHEMERA


def take(session: Session, proposal_id: int) -> Taken:
    """The proposal as it is now."""
    query = whole_query().where(ProposalRow.id == proposal_id).execution_options(populate_existing=True)
    row, environment = session.execute(query).one()
    return taken_of(row, environment)


def content(session: Session, proposal_id: int) -> Content:
    """What was proposed, or edited, and accepted."""
    query = select(ProposalRow).where(ProposalRow.id == proposal_id).options(undefer(ProposalRow.files))
    return content_of(session.scalars(query.options(undefer(ProposalRow.sync_file))).one())


def whole_query() -> Any:
    deferred = (undefer(ProposalRow.files), undefer(ProposalRow.sync_file), undefer(ProposalRow.evidence))
    return (
        select(ProposalRow, EnvironmentRow)
        .join(EnvironmentRow, EnvironmentRow.id == ProposalRow.environment_id)
        .options(*deferred)
    )


def taken_of(row: ProposalRow, environment: EnvironmentRow) -> Taken:
    return Taken(
        id=row.id,
        environment=environment_of(environment),
        state=ProposalState(row.state),
        number=row.number,
        generation=row.generation,
        desired=row.desired,
        content=content_of(row),
        templates=row.templates,
        requirement=Requirement.from_json(row.requirement),
        evidence=Evidence.from_json(row.evidence),
        asked_by=row.asked_by,
        asked_reason=row.asked_reason,
        asked_delivery=row.asked_delivery,
        base_commit=row.base_commit,
        head_commit=row.head_commit,
        pushes_wanted=row.pushes_wanted,
        pushes_done=row.pushes_done,
        is_edited=row.is_edited,
        edited_by=row.edited_by,
        problems=tuple(row.problems),
        rung=row.rung,
        looked=row.looked,
        mergeable=row.mergeable,
        told=Told.from_json(row.told),
        told_wanted=row.told_wanted,
        failures=row.failures,
    )


def content_of(row: ProposalRow) -> Content:
    files = None if row.files is None else {name: text.encode() for name, text in row.files.items()}
    sync = None if row.sync_file is None else row.sync_file.encode()
    return Content(files, sync, row.tree, row.sync, row.objects)


def columns(held: Content) -> dict[str, Any]:
    return {
        "files": None if held.files is None else {name: text.decode() for name, text in held.files.items()},
        "sync_file": None if held.sync is None else held.sync.decode(),
        "tree": held.tree,
        "sync": held.sync_blob,
        "objects": dict(held.objects),
    }


def want_push(row: ProposalRow) -> None:
    row.pushes_wanted = (row.pushes_wanted or 0) + 1
    row.retry_at = None


def want_told(row: ProposalRow) -> None:
    row.told_wanted = digest(
        f"{row.state} {row.number} {row.generation} {row.head_commit} {row.problems} {row.pushes_done}"
    )


def keep_commit(session: Session, proposal_id: int, commit: str | None, held: Content, by: str | None) -> None:
    if commit is None:
        return
    values = insert(ProposalCommit).values(
        commit=commit, proposal_id=proposal_id, tree=held.tree, sync=held.sync_blob, by=by, is_allowed=True
    )
    session.execute(values.on_conflict_do_nothing())


def current(session: Session, environment_id: int) -> ProposalRow | None:
    query = select(ProposalRow).where(ProposalRow.environment_id == environment_id, ProposalRow.is_current)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def locked_row(session: Session, taken: Taken) -> ProposalRow:
    # The environment first, as everywhere: two that lock in different orders would block each other.
    locked(session, taken.environment.id)
    query = select(ProposalRow).where(ProposalRow.id == taken.id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def settle_environment(session: Session, environment_id: int) -> None:
    """Bring the environment into line with its proposal."""
    session.flush()
    row, now = locked(session, environment_id)
    settle(session, row, now)
