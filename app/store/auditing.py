"""What `ephemera audit` reads: everything that was recorded about commits of the environments repository.

Nothing here writes. Rows are read in one transaction that sees one moment.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, literal, select, text
from sqlalchemy.orm import Session

from app.domain.explained import Asked, Known, Made, Proposed, Publication, Seen
from app.domain.ledger import Record
from app.domain.proposal import ProposalState
from app.domain.review import Merger
from app.store.models import (
    ApiToken,
    CommandRow,
    Delivery,
    EnvironmentRow,
    Event,
    ProposalCommit,
    ProposalRow,
    PublicationRow,
    Repository,
    TemplateVersion,
    User,
)
from gitops.syncs import keep_path, sync_path
from gitops.tree import tree_id

AT_ONCE = 1000
_PREFIX = "token:"
"""What stands before the name of a token in histories."""


def record(session: Session) -> Record:
    """All that is recorded; without what settings have to say (`Known.keeps`)."""
    session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    proposals = {each.id: each for each in _proposals(session)}
    publications = tuple(_publications(session))
    return Record(publications, proposals, _seen(session), _known(session, publications, proposals))


def templates(session: Session, digests: frozenset[str]) -> Mapping[str, Mapping[str, str]]:
    """{digest: files} of those versions that are kept."""
    query = select(TemplateVersion.digest, TemplateVersion.files).where(TemplateVersion.digest.in_(digests))
    return {row.digest: row.files for row in session.execute(query)}


@dataclass(frozen=True, slots=True)
class Line:
    """One change of the environments repository, with all that was recorded of it."""

    id: int
    at: datetime
    commit: str | None
    """Of the environments repository; None where it was never learnt."""
    environment: str
    repository: str
    """`owner/name`, as it is called now."""
    number: int
    head_sha: str | None
    by: str
    reason: str
    delivery: str | None
    requirement: Mapping[str, Any]
    """As `app.domain.review.Requirement` has it."""
    proposal: int | None
    """The pull request's number on the environments repository."""
    proposal_url: str | None
    decided_by: str | None
    decided_at: datetime | None
    reviewers: tuple[str, ...]
    tree: str | None
    templates: str


def lines(session: Session, since: datetime | None, until: datetime | None) -> Iterator[Line]:
    """Every change that has a commit, oldest first: from `since`, and before `until`. Read bit by bit."""
    query = changes().where(PublicationRow.commit.is_not(None))
    if since is not None:
        query = query.where(PublicationRow.at >= since)
    if until is not None:
        query = query.where(PublicationRow.at < until)
    query = query.order_by(PublicationRow.at, PublicationRow.id).execution_options(yield_per=AT_ONCE)
    for row in session.execute(query):
        yield line(row)


def changes() -> Select[*tuple[Any, ...]]:
    """The query for rows that `line` takes."""
    return (
        select(
            PublicationRow.id,
            PublicationRow.at,
            PublicationRow.commit,
            EnvironmentRow.namespace,
            Repository.full_name,
            EnvironmentRow.number,
            PublicationRow.head_sha,
            PublicationRow.by,
            PublicationRow.reason,
            PublicationRow.delivery_id,
            PublicationRow.requirement,
            ProposalRow.number.label("proposal"),
            ProposalRow.url,
            ProposalRow.decided_by,
            ProposalRow.decided_at,
            ProposalRow.reviewers,
            PublicationRow.tree,
            PublicationRow.templates,
        )
        .join(EnvironmentRow, PublicationRow.environment_id == EnvironmentRow.id)
        .join(Repository, EnvironmentRow.repository_id == Repository.id)
        .outerjoin(ProposalRow, PublicationRow.proposal_id == ProposalRow.id)
    )


def line(row: Row[Any]) -> Line:
    """The row as a value."""
    return Line(
        id=row.id,
        at=row.at,
        commit=row.commit,
        environment=row.namespace,
        repository=row.full_name,
        number=row.number,
        head_sha=row.head_sha,
        by=row.by,
        reason=row.reason,
        delivery=row.delivery_id,
        requirement=row.requirement,
        proposal=row.proposal,
        proposal_url=row.url,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reviewers=tuple(row.reviewers or ()),
        tree=row.tree,
        templates=row.templates,
    )


def _publications(session: Session) -> Iterator[Publication]:
    query = select(
        PublicationRow.id,
        PublicationRow.folder,
        EnvironmentRow.number.label("pull_request"),
        Repository.full_name,
        PublicationRow.desired,
        PublicationRow.templates,
        PublicationRow.tree,
        PublicationRow.sync,
        PublicationRow.requirement,
        PublicationRow.head_sha,
        PublicationRow.by,
        PublicationRow.reason,
        PublicationRow.delivery_id,
        PublicationRow.proposal_id,
        PublicationRow.commit,
    )
    query = query.join(EnvironmentRow, PublicationRow.environment_id == EnvironmentRow.id).join(
        Repository, EnvironmentRow.repository_id == Repository.id
    )
    for row in session.execute(query.order_by(PublicationRow.id).execution_options(yield_per=AT_ONCE)):
        asked = Asked(row.by, row.reason, row.delivery_id)
        yield Publication(row.id, _made(row, asked, row.head_sha), row.proposal_id, row.commit)


def _proposals(session: Session) -> Iterator[Proposed]:
    query = select(
        ProposalRow.id,
        EnvironmentRow.folder,
        EnvironmentRow.number.label("pull_request"),
        Repository.full_name,
        ProposalRow.number,
        ProposalRow.state,
        ProposalRow.desired,
        ProposalRow.templates,
        ProposalRow.tree,
        ProposalRow.sync,
        ProposalRow.requirement,
        ProposalRow.asked_by,
        ProposalRow.asked_reason,
        ProposalRow.asked_delivery,
        ProposalRow.decided_by,
        ProposalRow.merge_commit,
    )
    query = query.join(EnvironmentRow, ProposalRow.environment_id == EnvironmentRow.id).join(
        Repository, EnvironmentRow.repository_id == Repository.id
    )
    edited = _edited_trees(session)
    for row in session.execute(query.order_by(ProposalRow.id).execution_options(yield_per=AT_ONCE)):
        asked = Asked(row.asked_by, row.asked_reason, row.asked_delivery)
        spec = row.desired.get("spec")
        yield Proposed(
            row.id,
            _made(row, asked, spec["head_sha"] if spec else None),
            row.number,
            ProposalState(row.state),
            row.decided_by,
            row.merge_commit,
            edited.get(row.id),
        )


def _edited_trees(session: Session) -> Mapping[int, str]:
    """{id: Git tree id} of what people made of proposals, computed from the files that are kept."""
    query = select(ProposalRow.id, ProposalRow.files).where(ProposalRow.is_edited, ProposalRow.files.is_not(None))
    return {
        id_: tree_id({name: content.encode() for name, content in files.items()})
        for id_, files in session.execute(query.execution_options(yield_per=AT_ONCE))
        if files is not None
    }


def _made(row: Row[Any], asked: Asked, head_sha: str | None) -> Made:
    spec = row.desired.get("spec")
    _, _, owner, name, _ = row.folder.split("/")
    names = {f"{owner}/{name}", row.full_name, *([f"{spec['owner']}/{spec['repository']}"] if spec else [])}
    return Made(
        folder=row.folder,
        sync_path=sync_path(row.folder),
        keep_path=keep_path(row.folder),
        number=row.pull_request,
        names=frozenset(each.lower() for each in names),
        desired=row.desired,
        templates=row.templates,
        tree=row.tree,
        sync=row.sync,
        is_review_required=bool(row.requirement.get("is_required")),
        merged_by=Merger(row.requirement.get("merged_by", Merger.PEOPLE.value)),
        head_sha=head_sha,
        asked=asked,
    )


def _seen(session: Session) -> Mapping[str, tuple[Seen, ...]]:
    found: dict[str, tuple[Seen, ...]] = {}
    query = select(
        ProposalCommit.commit,
        ProposalCommit.proposal_id,
        ProposalCommit.tree,
        ProposalCommit.sync,
        ProposalCommit.by,
        ProposalCommit.is_allowed,
    )
    for row in session.execute(query.order_by(ProposalCommit.proposal_id).execution_options(yield_per=AT_ONCE)):
        each = Seen(row.proposal_id, row.tree, row.sync, row.by is None, row.is_allowed)
        found[row.commit] = (*found.get(row.commit, ()), each)
    return found


def _known(session: Session, publications: tuple[Publication, ...], proposals: Mapping[int, Proposed]) -> Known:
    asked = {each.made.asked for each in publications} | {each.made.asked for each in proposals.values()}
    deliveries = sorted({each.delivery for each in asked if each.delivery is not None})
    actors = sorted({each.by for each in asked if each.delivery is None})
    return Known(frozenset(_received(session, deliveries)), frozenset(_recorded(session, actors)))


def _received(session: Session, ids: list[str]) -> Iterator[str]:
    for start in range(0, len(ids), AT_ONCE):
        yield from session.scalars(select(Delivery.id).where(Delivery.id.in_(ids[start : start + AT_ONCE])))


def _recorded(session: Session, names: list[str]) -> Iterator[str]:
    """Those who have a token, an account, or a line in somebody's history."""
    token = literal(_PREFIX) + ApiToken.name
    for start in range(0, len(names), AT_ONCE):
        for column in (token, CommandRow.actor_login, Event.actor, User.login):
            yield from session.scalars(select(column).where(column.in_(names[start : start + AT_ONCE])).distinct())
