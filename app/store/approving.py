"""Approvals of forks' commits: who let which commit run, when, by what, and why it ended. Rows are never removed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Select, cast, exists, or_, select
from sqlalchemy.orm import Session

from app.domain.approval import ONCE_MORE, Approval
from app.domain.command import Source
from app.domain.pull_request import Author
from app.store.marking import ask_again, found, touch
from app.store.models import ApprovalRow, EnvironmentRow
from app.store.rows import note

_BY = "ephemera"
RETRACTED = "approval.retracted"
"""Why somebody is asked about whose approval was taken back."""


def approve(  # noqa: PLR0913, PLR0917 - who approves what, by what, and who asks why: all of it is kept
    session: Session, environment_id: int, sha: str, approver: Author, source: Source, by: str, reason: str
) -> int:
    """Keep that this commit may run, whether or not it is the head by now; returns the generation asked for.

    Whether the approver may do so is asked when it is used. An older approval of the same commit ends with it, so that
    its time begins anew. Raises sqlalchemy's IntegrityError where `sha` is not a whole one.
    """
    row, now = found(session, environment_id)
    for older in session.scalars(_standing(row.id, sha)):
        older.retracted_at, older.retracted_why = now, ONCE_MORE
    session.flush()
    session.add(
        ApprovalRow(
            environment_id=row.id,
            commit_sha=sha,
            approver_id=approver.id,
            approver_login=approver.login,
            source=source.value,
            approved_at=now,
        )
    )
    ask_again(session, row, by, reason)
    touch(row, now)
    note(session, row, "approved", f"commit {sha} by {approver.login}, by {source.value}", actor=by)
    return row.requested_generation


def retract(session: Session, environment_id: int, approval: Approval, why: str, by: str = _BY) -> bool:
    """End an approval, and ask for another look; False when it had ended before."""
    row, now = found(session, environment_id)
    held = session.get(ApprovalRow, approval.id, populate_existing=True)
    if held is None or held.environment_id != row.id or held.retracted_at is not None:
        return False
    held.retracted_at, held.retracted_why = now, why
    ask_again(session, row, by, RETRACTED)
    note(session, row, "retracted", f"approval of commit {held.commit_sha} by {held.approver_login}: {why}", actor=by)
    return True


def approvals_of(session: Session, environment_id: int) -> Sequence[Approval]:
    """All approvals of an environment, the newest first, also those that have ended."""
    return approvals_of_all(session, [environment_id]).get(environment_id, ())


def approvals_of_all(session: Session, environment_ids: Sequence[int]) -> Mapping[int, Sequence[Approval]]:
    """Environment id -> its approvals, the newest first; no entry where there are none."""
    query = select(ApprovalRow).where(ApprovalRow.environment_id.in_(environment_ids)).order_by(ApprovalRow.id.desc())
    approvals: dict[int, list[Approval]] = {}
    for row in session.scalars(query.execution_options(populate_existing=True)):
        approvals.setdefault(row.environment_id, []).append(_approval(row))
    return approvals


def may_run(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """A condition on `environments`: what should exist of it is nothing, or the repository's own, or a fork's commit
    whose approval stands.

    The last word before anything is published: an approval may have ended since it was decided by.
    """
    desired = EnvironmentRow.desired
    approval = exists().where(
        ApprovalRow.environment_id == EnvironmentRow.id,
        ApprovalRow.id == cast(desired["approval"].astext, BigInteger),
        ApprovalRow.commit_sha == desired["spec"]["head_sha"].astext,
        ApprovalRow.retracted_at.is_(None),
        EnvironmentRow.expires_at > now,
    )
    is_own = EnvironmentRow.is_from_fork.is_(False) & desired["approval"].astext.is_(None)
    return or_(desired.is_(None), desired["kind"].astext != "present", is_own, approval)


def _standing(environment_id: int, sha: str) -> Select[ApprovalRow]:
    return select(ApprovalRow).where(
        ApprovalRow.environment_id == environment_id,
        ApprovalRow.commit_sha == sha,
        ApprovalRow.retracted_at.is_(None),
    )


def _approval(row: ApprovalRow) -> Approval:
    return Approval(
        id=row.id,
        sha=row.commit_sha,
        approver=Author(row.approver_id, row.approver_login),
        source=Source(row.source),
        at=row.approved_at,
        retracted_why=row.retracted_why if row.retracted_at is not None else None,
    )
