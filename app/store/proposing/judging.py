"""What people do with proposals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from app.domain.proposal import ProposalState
from app.store.models import EnvironmentRow, ProposalRow
from app.store.proposing.held import (
    IN_TIME,
    IS_OPEN,
    LOOK_EVERY,
    NO_OBJECTS,
    Content,
    Taken,
    columns,
    keep_commit,
    locked_row,
    settle_environment,
    want_push,
    want_told,
)
from app.store.rows import locked, note

_IS_DUE = (
    ProposalRow.is_current,
    ProposalRow.number.is_not(None),
    ProposalRow.state.in_((ProposalState.OPEN.value, ProposalState.REFUSED.value, ProposalState.WITHDRAWN.value)),
    IN_TIME,
    or_(
        ProposalRow.rung > ProposalRow.looked,
        (ProposalRow.state == ProposalState.OPEN.value) & (ProposalRow.look_at <= func.now()),
    ),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person did with a proposal."""

    by: str
    at: datetime | None
    """None where GitHub does not say: then it is now."""
    merge_commit: str | None = None
    reviewers: tuple[str, ...] = ()
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """An open proposal as the rows have it."""

    id: int
    number: int
    head_commit: str | None
    is_open: bool


def ring(session: Session, number: int) -> None:
    """Somebody did something about the pull request of that number: look at it."""
    rung = update(ProposalRow).where(ProposalRow.number == number, ProposalRow.is_current)
    session.execute(rung.values(rung=ProposalRow.rung + 1, retry_at=None), execution_options=NO_OBJECTS)


def ring_for(session: Session, environment_id: int) -> bool:
    """The environment's folder is not as it was published: look at its pull request. False where none is open."""
    rung = update(ProposalRow).where(
        IS_OPEN, ProposalRow.environment_id == environment_id, ProposalRow.number.is_not(None)
    )
    rung = rung.values(rung=ProposalRow.rung + 1, retry_at=None).returning(ProposalRow.id)
    return session.execute(rung, execution_options=NO_OBJECTS).first() is not None


def to_look(session: Session) -> Sequence[int]:
    """Ids of proposals to be looked at, oldest first."""
    return session.scalars(select(ProposalRow.id).where(*_IS_DUE).order_by(ProposalRow.id)).all()


def looked(session: Session, taken: Taken, mergeable: str | None = None) -> None:
    """It was looked at when `taken` was taken."""
    held = locked_row(session, taken)
    held.looked = max(held.looked, taken.rung)
    held.mergeable = mergeable
    held.look_at = session.scalar(select(func.clock_timestamp() + LOOK_EVERY))


def accept(session: Session, taken: Taken, decision: "Decision", edit: Content | None) -> None:
    """It was merged: what was proposed, or an edit of it that passed the same checks, is accepted."""
    row, held = _decide(session, taken, ProposalState.MERGED, decision)
    if edit is not None:
        _edit(held, edit, decision.by)
    held.merge_commit, held.reviewers = decision.merge_commit, list(decision.reviewers)
    keep_commit(session, held.id, decision.merge_commit, edit or taken.content, None)
    row.proposed_generation = 0
    note(session, row, "accepted", f"proposal {held.number} was merged as {decision.merge_commit}", actor=decision.by)
    settle_environment(session, held.environment_id)


def spoil(session: Session, taken: Taken, decision: "Decision", problems: Sequence[str]) -> None:
    """Something else was merged that must not run."""
    row, held = _decide(session, taken, ProposalState.SPOILED, decision)
    held.merge_commit, held.problems = decision.merge_commit, list(problems)
    row.proposed_generation = 0
    note(
        session, row, "spoiled", f"what was merged by proposal {held.number} must not run: {'; '.join(problems)}"[:1000]
    )
    settle_environment(session, held.environment_id)


def refuse(session: Session, taken: Taken, decision: "Decision") -> None:
    """Somebody closed it."""
    row, held = _decide(session, taken, ProposalState.REFUSED, decision)
    held.decided_words = decision.words
    held.pushes_done = held.pushes_wanted
    note(session, row, "refused", f"proposal {held.number} was closed", actor=decision.by)
    settle_environment(session, held.environment_id)


def reopen(session: Session, taken: Taken) -> None:
    """Somebody opened it again: it waits for review as before, or is overtaken by what was decided since."""
    row, _ = locked(session, taken.environment.id)
    held = locked_row(session, taken)
    held.state, held.decided_at, held.decided_by, held.decided_words = ProposalState.OPEN.value, None, None, None
    row.proposed_generation = 0
    want_push(held)
    want_told(held)
    note(session, row, "reopened", f"proposal {held.number}")
    settle_environment(session, held.environment_id)


def rebase(session: Session, taken: Taken) -> None:
    """Have it stand on the newest commit of the followed branch."""
    held = locked_row(session, taken)
    held.base_commit = None
    if held.pushes_done == held.pushes_wanted:
        want_push(held)


def edited(session: Session, taken: Taken, head: str, by: str, edit: Content | Sequence[str]) -> None:
    """A person changed its branch: the content, if it passed all checks, or else why it did not.

    Where something newer is about to be pushed, that takes the place of the edit.
    """
    row, _ = locked(session, taken.environment.id)
    held = locked_row(session, taken)
    held.head_commit = head
    if held.pushes_done < held.pushes_wanted:
        note(session, row, "edited", f"proposal {held.number}: overtaken by a newer change", actor=by)
        return
    if isinstance(edit, Content):
        _edit(held, edit, by)
        held.problems = []
        keep_commit(session, held.id, head, edit, by)
        note(session, row, "edited", f"proposal {held.number}: passed all checks", actor=by)
    else:
        held.problems = list(edit)
        note(session, row, "edited", f"proposal {held.number} may not be merged: {'; '.join(edit)}"[:1000], actor=by)
    want_told(held)
    settle_environment(session, held.environment_id)


def known(session: Session) -> Mapping[int, Known]:
    """{number: proposal} of all that are current and have a number."""
    query = select(ProposalRow.id, ProposalRow.number, ProposalRow.head_commit, ProposalRow.state).where(
        ProposalRow.is_current, ProposalRow.number.is_not(None)
    )
    return {
        number: Known(id_, number, head, state == ProposalState.OPEN.value)
        for id_, number, head, state in session.execute(query)
        if number is not None
    }


def reconsider(session: Session, rules_digest: str) -> int:
    """Have what waits, or was refused, under other rules than these considered anew; how many there are."""
    query = (
        select(EnvironmentRow.id)
        .join(ProposalRow, ProposalRow.environment_id == EnvironmentRow.id)
        .where(
            ProposalRow.is_current,
            ProposalRow.state.in_((ProposalState.OPEN.value, ProposalState.REFUSED.value)),
            ProposalRow.requirement["rules_digest"].astext != rules_digest,
            EnvironmentRow.proposed_generation > EnvironmentRow.published_generation,
        )
    )
    ids = session.scalars(query).all()
    if ids:
        again = update(EnvironmentRow).where(EnvironmentRow.id.in_(ids))
        session.execute(again.values(proposed_generation=0), execution_options=NO_OBJECTS)
    return len(ids)


def _edit(held: ProposalRow, edit: Content, by: str) -> None:
    for name, value in columns(edit).items():
        setattr(held, name, value)
    held.is_edited, held.edited_by = True, by[:200]


def _decide(
    session: Session, taken: Taken, state: ProposalState, decision: Decision
) -> tuple[EnvironmentRow, ProposalRow]:
    row, now = locked(session, taken.environment.id)
    held = locked_row(session, taken)
    held.state, held.decided_by, held.decided_at = state.value, decision.by[:200], decision.at or now
    if state is not ProposalState.REFUSED:
        want_push(held)
    return row, held
