"""What people ask for beyond a look: another deployment, a removal, more time, one commit and no other.

Each marks the row, so that everything is decided where everything else is. By whom, and by what, stands in the history.
What cannot be done is Refused before anything is changed.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import reply
from app.domain.approval import Approval, standing
from app.domain.desire import Wish
from app.domain.desired import Absent, from_json
from app.domain.expiry import Life, Limits, words
from app.domain.recorded import Recorded
from app.store import records
from app.store.approving import approvals_of
from app.store.marking import HIGH, LOW, ask_again, found, touch
from app.store.models import DeploymentRow, EnvironmentRow
from app.store.rows import note
from gitops.errors import SpecError

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_USUAL = Limits()
_SHOWN = 5


class Refused(Exception):
    """It cannot be done, and nothing was changed. The message is one sentence that says what would work."""


def redeploy(session: Session, environment_id: int, by: str, reason: str) -> int:
    """Ask for the same commit again, also of an environment that was stopped; returns the generation asked for."""
    row, now = found(session, environment_id)
    ask_again(session, row, by, reason)
    row.redeploys += 1
    row.is_stopped = row.is_recreated = False
    touch(row, now)
    return row.requested_generation


def destroy(session: Session, environment_id: int, by: str, reason: str) -> int:
    """Ask for removal although the pull request is open; returns the generation asked for."""
    row, _ = found(session, environment_id)
    ask_again(session, row, by, reason, LOW)
    row.is_stopped, row.is_recreated = True, False
    return row.requested_generation


def recreate(session: Session, environment_id: int, by: str, reason: str) -> int:
    """Ask to have it removed and, once nothing is left of it, made anew; a redeploy where there is nothing to remove.
    Returns the generation asked for."""
    row, now = found(session, environment_id)
    is_there = row.published_tree is not None
    ask_again(session, row, by, reason, LOW if is_there else HIGH)
    row.redeploys += 1
    row.is_stopped, row.is_recreated = False, is_there
    touch(row, now)
    return row.requested_generation


def extend(
    session: Session, environment_id: int, length: timedelta, by: str, reason: str, *, limits: Limits = _USUAL
) -> datetime:
    """Keep it for so long from now, and return when it goes then: never earlier than it would have gone.

    Raises Refused where there is nothing to keep, or it comes from a fork.
    """
    row, now = found(session, environment_id)
    _refuse_to_extend(row, limits)
    ask_again(session, row, by, reason)
    touch(row, now)
    until = now + min(length, limits.most)
    row.extended_until = max(row.extended_until or until, until)
    ends_at = life_of(row).ends_at(limits, now)
    if row.expires_at is not None:
        row.expires_at = ends_at
    note(session, row, "extended", f"kept until {ends_at:%Y-%m-%d %H:%M} UTC")
    return ends_at


def pin(session: Session, environment_id: int, sha: str, by: str, reason: str, *, limits: Limits = _USUAL) -> int:
    """Have this commit run whatever is pushed; returns the generation asked for.

    Raises Refused for a commit that the pull request was not seen to have had, and for one of a fork that is not
    approved.
    """
    row, now = found(session, environment_id)
    _refuse_to_pin(session, row, sha, limits, now)
    ask_again(session, row, by, reason)
    row.pinned_sha, row.rollback = sha, None
    touch(row, now)
    note(session, row, "pinned", f"to {sha}")
    return row.requested_generation


def rollback(
    session: Session, environment_id: int, sha: str, by: str, reason: str, *, limits: Limits = _USUAL
) -> Recorded:
    """Have what is recorded of a commit run again, whatever is pushed; returns that.

    `sha` is the beginning of its id, at least 7 characters in lower case: of a commit of the environments repository
    that deployed the environment, or of the pull request's commit that was deployed. Raises Refused where that is not
    exactly one, where today's rules do not take its spec, and for a fork's commit that is not approved.
    """
    row, now = found(session, environment_id)
    recorded = _recorded(session, row, sha)
    _refuse_unapproved(session, row, recorded.head_sha, limits, now)
    ask_again(session, row, by, reason)
    row.pinned_sha, row.rollback = None, recorded.to_json()
    touch(row, now)
    note(session, row, "rolled_back", f"to {recorded.commit}, which ran {recorded.head_sha}")
    return recorded


def unpin(session: Session, environment_id: int, by: str, reason: str) -> int:
    """Have the pull request's head run again, also after a rollback; returns the generation asked for.

    Raises Refused where nothing is pinned or rolled back.
    """
    row, now = found(session, environment_id)
    kept = row.rollback["commit"] if row.rollback is not None else row.pinned_sha
    if kept is None:
        raise Refused("No commit is pinned; `/ephemera pin SHA` would pin one.")
    ask_again(session, row, by, reason)
    note(session, row, "unpinned", f"from {kept}")
    row.pinned_sha = row.rollback = None
    touch(row, now)
    return row.requested_generation


def wish_of(row: EnvironmentRow, approvals: Sequence[Approval]) -> Wish:
    """What people have asked for of the row's environment."""
    return Wish(
        redeploys=row.redeploys,
        is_stopped=row.is_stopped,
        is_recreated=row.is_recreated,
        pinned_sha=row.pinned_sha,
        rollback=Recorded.from_json(row.rollback) if row.rollback is not None else None,
        approvals=tuple(approvals),
        life=life_of(row),
    )


def life_of(row: EnvironmentRow) -> Life:
    """What the row knows of its environment's days. Time counts while it is wanted, and when it has run out."""
    desired = from_json(row.desired) if row.desired else None
    is_counting = desired is not None and not (isinstance(desired, Absent) and not desired.is_expired)
    return Life(row.wanted_since, row.active_at, row.extended_until, row.commit_sha, is_counting)


def _refuse_to_extend(row: EnvironmentRow, limits: Limits) -> None:
    desired = from_json(row.desired) if row.desired else None
    if isinstance(desired, Absent) and not desired.is_expired:
        raise Refused(
            "There is no environment to keep; `/ephemera deploy` asks for one while the pull request is open."
        )
    if row.is_from_fork:
        raise Refused(
            f"The environment of a fork lives for {words(limits.fork)} from its approval; "
            "`/ephemera approve SHA` of the same commit gives it as long again."
        )


def _refuse_to_pin(session: Session, row: EnvironmentRow, sha: str, limits: Limits, now: datetime) -> None:
    if _SHA.fullmatch(sha) is None:
        raise Refused("A pin needs the commit's whole SHA, 40 hexadecimal digits.")
    query = select(DeploymentRow.id).where(DeploymentRow.environment_id == row.id, DeploymentRow.commit_sha == sha)
    if sha != row.commit_sha and session.scalars(query).first() is None:
        raise Refused("Only the pull request's present commit, or one that was deployed for it, can be pinned.")
    _refuse_unapproved(session, row, sha, limits, now)


def _recorded(session: Session, row: EnvironmentRow, sha: str) -> Recorded:
    meant = records.beginning_with(session, row.id, sha)
    if len(meant) > 1:
        raise Refused(reply.is_ambiguous(sha))
    if not meant:
        raise Refused(reply.was_never_published(sha, records.newest(session, row.id, _SHOWN)))
    [(commit, publication_id)] = meant.items()
    try:
        return records.recorded(session, publication_id)
    except SpecError as error:
        raise Refused(reply.is_unusable(commit)) from error


def _refuse_unapproved(session: Session, row: EnvironmentRow, sha: str, limits: Limits, now: datetime) -> None:
    if row.is_from_fork and standing(approvals_of(session, row.id), sha, limits.fork, now) is None:
        raise Refused(f"This commit comes from a fork; `/ephemera approve {sha[:12]}` has to come first.")
