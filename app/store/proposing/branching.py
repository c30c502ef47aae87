"""Where the branches of proposals are, and where they should be."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.domain.proposal import ProposalState
from app.store import publishing
from app.store.models import EnvironmentRow, ProposalRow
from app.store.proposing.held import (
    IN_TIME,
    Taken,
    keep_commit,
    locked_row,
    settle_environment,
    taken_of,
    want_told,
    whole_query,
)

LOOK_AGAIN = timedelta(seconds=5)
"""After how long it is looked again whether the followed branch still holds what is only proposed."""
_IS_DUE = (
    ProposalRow.is_current,
    IN_TIME,
    or_(
        (ProposalRow.pushes_done < ProposalRow.pushes_wanted)
        & or_(ProposalRow.rung == ProposalRow.looked, ProposalRow.state != ProposalState.OPEN.value),
        # The branch of a refused one stays, so that it can be opened again, while somebody could want that.
        (ProposalRow.state == ProposalState.REFUSED.value)
        & ProposalRow.head_commit.is_not(None)
        & (EnvironmentRow.desired["kind"].astext == "absent"),
    ),
)


def to_push(session: Session) -> Sequence[Taken]:
    """Proposals whose branch is not where it should be, oldest first; those that somebody else moved are looked at
    first."""
    query = whole_query().where(*_IS_DUE).order_by(ProposalRow.id).limit(publishing.AT_ONCE)
    return [taken_of(row, environment) for row, environment in session.execute(query)]


def has_pushes(session: Session) -> bool:
    """Some branch is not where it should be, and may be moved now."""
    query = select(ProposalRow.id).join(EnvironmentRow, EnvironmentRow.id == ProposalRow.environment_id)
    return session.scalars(query.where(*_IS_DUE).limit(1)).first() is not None


def pushed(session: Session, taken: Taken, commit: str | None, base: str | None) -> None:
    """Its branch is where it should be, at that commit; None: there is none any more."""
    held = locked_row(session, taken)
    held.pushes_done = max(held.pushes_done, taken.pushes_wanted)
    keep_commit(session, taken.id, commit, taken.content, None)
    held.head_commit, held.base_commit = commit, base
    held.failures, held.trouble, held.retry_at = 0, None, None
    want_told(held)
    settle_environment(session, held.environment_id)


def found_moved(session: Session, taken: Taken, commit: str | None) -> None:
    """Somebody else moved its branch: look at the pull request first; where there is none, the branch is ours."""
    held = locked_row(session, taken)
    if held.number is None or held.state != ProposalState.OPEN.value:
        held.head_commit = commit
    else:
        held.rung += 1


def overtaken(session: Session, taken: Taken) -> None:
    """The followed branch holds already what is proposed: it was merged, or somebody committed it past review. Its own
    branch stays due, for a while later: what was committed past review will have been put back by then."""
    held = locked_row(session, taken)
    held.retry_at = session.scalar(select(func.clock_timestamp() + LOOK_AGAIN))
    if held.number is not None:
        held.rung += 1


def failed(session: Session, taken: Taken, words: str, retry_in: timedelta) -> None:
    """It could not be pushed, or GitHub not be told of it."""
    held = locked_row(session, taken)
    held.failures += 1
    held.trouble = words[:1000]
    held.retry_at = session.scalar(select(func.clock_timestamp() + retry_in))
    settle_environment(session, held.environment_id)
