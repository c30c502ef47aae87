"""What the REST API shows: lists of environments, and one with all that belongs to it. Nothing here writes.

Lists are newest first and go on by id, so that a page stays right while rows are added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session, undefer

from app.domain.approval import Approval
from app.domain.environment import DeploymentStatus, Environment, Status
from app.domain.proposal import ProposalState
from app.store import auditing
from app.store.approving import approvals_of
from app.store.auditing import Line
from app.store.models import DeploymentRow, EnvironmentRow, Event, ProposalRow, PublicationRow, Repository, User
from app.store.rows import environment_of

T = TypeVar("T")

_NEWEST = 20
"""How many deployments, events and approvals one environment is shown with; the lists of the first two go on."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which environments are wanted; whatever is left out does not matter."""

    repository: str | None = None
    """`owner/name`, in any case, as GitHub takes it."""
    statuses: tuple[Status, ...] = ()
    author: str | None = None
    """A login, in any case."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list is wanted."""

    limit: int
    after: int | None = None
    """The id of the last item that was seen; None begins with the newest."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list."""

    items: tuple[T, ...]
    next: int | None
    """What `Span.after` has to be for the part that follows; None when there is none."""


@dataclass(frozen=True, slots=True)
class Overview:
    """An environment in a list."""

    id: int
    repository: str
    number: int
    title: str | None
    """The pull request's, as the last look saw it."""
    author: str | None
    """The login of the pull request's author; None before the first look."""
    status: Status
    host: str
    namespace: str
    cluster: str
    commit_sha: str | None
    pinned_sha: str | None
    """The commit that people asked to have run, whatever is pushed."""
    expires_at: datetime | None
    """When it goes by itself; None where nothing does."""
    drift: tuple[str, ...]
    """Objects (`Deployment/web`) that differ in the cluster from the commit that is applied."""
    created_at: datetime
    updated_at: datetime

    @property
    def url(self) -> str:
        """Where the preview answers while it is ready."""
        return f"https://{self.host}"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One commit of one environment."""

    id: int
    commit_sha: str
    image: str
    status: DeploymentStatus
    published_commit: str | None
    """The commit in the environments repository that holds it."""
    problems: tuple[str, ...]
    """Why it failed, a line each; empty unless it did."""
    log_of: str | None
    """Whose last lines `log` holds: `Pod/web-5d9c-x, container web`."""
    log: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One thing that changed an environment, or somebody who asked for it."""

    id: int
    at: datetime
    kind: str
    message: str
    actor: str
    delivery_id: str | None
    commit_sha: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Which recorded changes are wanted; whatever is left out does not matter."""

    environment_id: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    """Before then."""
    repository: str | None = None
    """`owner/name`, in any case."""
    by: str | None = None
    """Exactly as it was recorded."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal, with all that was put before its reviewers."""

    state: ProposalState
    number: int | None
    url: str | None
    requirement: Mapping[str, Any]
    """As `app.domain.review.Requirement` has it."""
    proposed_at: datetime
    opened_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    decided_words: str | None
    """Foreign text."""
    reviewers: tuple[str, ...]
    merge_commit: str | None
    edited_by: str | None
    problems: tuple[str, ...]
    evidence: Mapping[str, Any]
    """As it was kept when it was proposed."""


@dataclass(frozen=True, slots=True)
class Detail:
    """An environment with all that belongs to it."""

    overview: Overview
    environment: Environment
    approvals: tuple[Approval, ...]
    """Of a fork's commits, the newest first; also those that have ended."""
    deployments: tuple[Deployment, ...]
    events: tuple[HistoryLine, ...]


def environments(session: Session, wanted: Filter, span: Span) -> Page[Overview]:
    """The environments that fit."""
    query = _overviews()
    if wanted.repository is not None:
        query = query.where(func.lower(Repository.full_name) == wanted.repository.lower())
    if wanted.statuses:
        query = query.where(EnvironmentRow.status.in_([status.value for status in wanted.statuses]))
    if wanted.author is not None:
        query = query.where(func.lower(User.login) == wanted.author.lower())
    if span.after is not None:
        query = query.where(EnvironmentRow.id < span.after)
    rows = session.execute(query.order_by(EnvironmentRow.id.desc()).limit(span.limit + 1)).all()
    return _page([_overview(row) for row in rows], span.limit)


def environment(session: Session, environment_id: int) -> Detail | None:
    """One environment with its newest deployments and events; None when there is no such id."""
    found = session.execute(_overviews().where(EnvironmentRow.id == environment_id)).one_or_none()
    row = session.get(EnvironmentRow, environment_id)
    if found is None or row is None:
        return None
    newest = Span(_NEWEST)
    return Detail(
        overview=_overview(found),
        environment=environment_of(row),
        approvals=tuple(approvals_of(session, environment_id)[:_NEWEST]),
        deployments=deployments(session, environment_id, newest).items,
        events=events(session, environment_id, newest).items,
    )


def exists(session: Session, environment_id: int) -> bool:
    """There is an environment with this id."""
    query = select(EnvironmentRow.id).where(EnvironmentRow.id == environment_id)
    return session.scalars(query).one_or_none() is not None


def deployments(session: Session, environment_id: int, span: Span) -> Page[Deployment]:
    """The environment's commits; empty also where there is no such environment."""
    query = select(DeploymentRow).where(DeploymentRow.environment_id == environment_id)
    if span.after is not None:
        query = query.where(DeploymentRow.id < span.after)
    rows = session.scalars(query.order_by(DeploymentRow.id.desc()).limit(span.limit + 1))
    return _page([_deployment(row) for row in rows], span.limit)


def events(session: Session, environment_id: int, span: Span) -> Page[HistoryLine]:
    """The environment's history; empty also where there is no such environment."""
    query = select(Event).where(Event.environment_id == environment_id)
    if span.after is not None:
        query = query.where(Event.id < span.after)
    rows = session.scalars(query.order_by(Event.id.desc()).limit(span.limit + 1))
    return _page([_line(row) for row in rows], span.limit)


def proposal(session: Session, environment_id: int) -> Proposal | None:
    """The environment's newest proposal; None where it never had one."""
    query = select(ProposalRow).where(ProposalRow.environment_id == environment_id)
    query = query.options(undefer(ProposalRow.evidence)).order_by(ProposalRow.id.desc()).limit(1)
    row = session.scalars(query).one_or_none()
    return _proposal(row) if row is not None else None


def changes(session: Session, wanted: Changes, span: Span) -> Page[Line]:
    """The recorded changes of the environments repository that fit."""
    query = auditing.changes()
    if wanted.environment_id is not None:
        query = query.where(PublicationRow.environment_id == wanted.environment_id)
    if wanted.start is not None:
        query = query.where(PublicationRow.at >= wanted.start)
    if wanted.end is not None:
        query = query.where(PublicationRow.at < wanted.end)
    if wanted.repository is not None:
        query = query.where(func.lower(Repository.full_name) == wanted.repository.lower())
    if wanted.by is not None:
        query = query.where(PublicationRow.by == wanted.by)
    if span.after is not None:
        query = query.where(PublicationRow.id < span.after)
    rows = session.execute(query.order_by(PublicationRow.id.desc()).limit(span.limit + 1)).all()
    return _page([auditing.line(row) for row in rows], span.limit)


def _overviews() -> Select[*tuple[Any, ...]]:
    return (
        select(
            EnvironmentRow.id,
            Repository.full_name,
            EnvironmentRow.number,
            EnvironmentRow.title,
            User.login,
            EnvironmentRow.status,
            EnvironmentRow.host,
            EnvironmentRow.namespace,
            EnvironmentRow.cluster,
            EnvironmentRow.commit_sha,
            EnvironmentRow.pinned_sha,
            EnvironmentRow.expires_at,
            EnvironmentRow.health["sync"]["drift"].label("drift"),
            EnvironmentRow.created_at,
            EnvironmentRow.updated_at,
        )
        .join(Repository, EnvironmentRow.repository_id == Repository.id)
        .outerjoin(User, EnvironmentRow.owner_id == User.id)
    )


def _overview(row: Row[Any]) -> Overview:
    return Overview(
        id=row.id,
        repository=row.full_name,
        number=row.number,
        title=row.title,
        author=row.login,
        status=Status(row.status),
        host=row.host,
        namespace=row.namespace,
        cluster=row.cluster,
        commit_sha=row.commit_sha,
        pinned_sha=row.pinned_sha,
        expires_at=row.expires_at,
        drift=tuple(row.drift or ()),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _deployment(row: DeploymentRow) -> Deployment:
    return Deployment(
        id=row.id,
        commit_sha=row.commit_sha,
        image=row.image,
        status=DeploymentStatus(row.status),
        published_commit=row.published_commit,
        problems=tuple(row.problems),
        log_of=row.log_of,
        log=row.log,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def _proposal(row: ProposalRow) -> Proposal:
    return Proposal(
        state=ProposalState(row.state),
        number=row.number,
        url=row.url,
        requirement=row.requirement,
        proposed_at=row.proposed_at,
        opened_at=row.opened_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        decided_words=row.decided_words,
        reviewers=tuple(row.reviewers),
        merge_commit=row.merge_commit,
        edited_by=row.edited_by,
        problems=tuple(row.problems),
        evidence=row.evidence,
    )


def _line(row: Event) -> HistoryLine:
    return HistoryLine(
        id=row.id,
        at=row.at,
        kind=row.kind,
        message=row.message,
        actor=row.actor,
        delivery_id=row.delivery_id,
        commit_sha=row.commit_sha,
    )


def _page(items: Sequence[Any], limit: int) -> Page[Any]:
    shown = tuple(items[:limit])
    return Page(shown, shown[-1].id if len(items) > limit else None)
