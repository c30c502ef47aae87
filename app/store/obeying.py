"""Doing what people ask for: the one door for comments, buttons and the API. Whoever comes here was allowed to.

Whether they are is found out before: by asking GitHub (`app.stages.obey`), or by the token of a call.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import reply
from app.domain.answer import Answer
from app.domain.command import (
    Approve,
    Command,
    Destroy,
    Extend,
    Pin,
    Recreate,
    Redeploy,
    Rollback,
    Source,
    Unpin,
    name,
)
from app.domain.expiry import Limits
from app.domain.pull_request import Author
from app.store import approving, wishing
from app.store.marking import HIGH, LOW, found
from app.store.models import DeploymentRow, EnvironmentRow, Event
from app.store.rows import settle
from app.store.wishing import Refused

Act = Redeploy | Destroy | Recreate | Extend | Pin | Rollback | Unpin | Approve
"""What changes something."""

_REASONS = {
    Source.COMMENT: "command",
    Source.BUTTON: "button",
    Source.REREQUEST: "rerequest",
    Source.API: "api",
}
_SIMPLE = {
    Redeploy: wishing.redeploy,
    Destroy: wishing.destroy,
    Recreate: wishing.recreate,
    Unpin: wishing.unpin,
}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and by what."""

    by: str
    """As history names them: a login, or `token:<name>`."""
    author: Author
    """The account; of a token, one with the id 0."""
    source: Source
    delivery: str | None = None

    def reason(self, command: Command) -> str:
        """What history calls it: `command.extend`, `button.redeploy`, `api.pin`."""
        return f"{_REASONS[self.source]}.{name(command)}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was set going."""

    generation: int
    """The one that was asked for."""
    queue: str
    """Whose job looks after it."""
    sentence: str


def carry_out(session: Session, environment_id: int, act: Act, asker: Asker, limits: Limits) -> Outcome:
    """Have the environment's row ask for it, and note it in the history.

    Raises Refused, with a sentence that says what would work, and NoSuchEnvironment; nothing was changed then.
    """
    sentence = _wish(session, environment_id, act, asker, limits)
    row, _ = found(session, environment_id)
    row.asked_delivery = asker.delivery
    return Outcome(row.requested_generation, LOW if row.asked_queue == LOW else HIGH, sentence)


def answer(session: Session, environment_id: int, asker: Asker, command: str, text: str, *, is_refusal: bool) -> None:
    """Show the answer on the pull request, and note its first line in the history."""
    row, now = found(session, environment_id)
    row.answer = Answer(asker.by, command, text, is_refusal, now).to_json()
    first_line = text.partition("\n")[0]
    _note(session, row, asker, "refused" if is_refusal else "answered", f"{command}: {first_line}")
    settle(session, row, now)


def disregard(session: Session, environment_id: int, asker: Asker, why: str) -> None:
    """Note in the history that there was no command after all."""
    row, _ = found(session, environment_id)
    _note(session, row, asker, "disregarded", why)


def seen_commits(session: Session, environment_id: int) -> Sequence[str]:
    """Every commit that the pull request was seen to have, the newest first."""
    query = select(Event.commit_sha).where(Event.environment_id == environment_id, Event.commit_sha.is_not(None))
    return list(dict.fromkeys(sha for sha in session.scalars(query.order_by(Event.id.desc())) if sha))


def _wish(session: Session, environment_id: int, act: Act, asker: Asker, limits: Limits) -> str:
    by, reason = asker.by, asker.reason(act)
    match act:
        case Extend(duration):
            return reply.extended(wishing.extend(session, environment_id, duration, by, reason, limits=limits))
        case Pin(short):
            sha = _known_commit(session, environment_id, short)
            wishing.pin(session, environment_id, sha, by, reason, limits=limits)
            return reply.pinned(sha)
        case Rollback(short):
            recorded = wishing.rollback(session, environment_id, short, by, reason, limits=limits)
            row, _ = found(session, environment_id)
            return reply.rolled_back(recorded, row.commit_sha)
        case Approve(named):
            assert named is not None, "whoever calls has found out which commit is meant"
            _refuse_needless(session, environment_id, asker)
            approving.approve(session, environment_id, named, asker.author, asker.source, by, reason)
            return reply.approved(named)
        case _:
            _SIMPLE[type(act)](session, environment_id, by, reason)
            return reply.done(act)


def _refuse_needless(session: Session, environment_id: int, asker: Asker) -> None:
    """Who looked at GitHub before coming here knows better than the row."""
    row, _ = found(session, environment_id)
    if asker.source is Source.API and row.commit_sha is not None and not row.is_from_fork:
        raise Refused(reply.NEEDS_NO_APPROVAL)


def _known_commit(session: Session, environment_id: int, sha: str) -> str:
    """The commit that begins so, of those that were deployed and the head. Raises Refused unless there is one."""
    row, _ = found(session, environment_id)
    query = select(DeploymentRow.commit_sha).where(DeploymentRow.environment_id == environment_id)
    deployed = session.scalars(query.order_by(DeploymentRow.id.desc())).all()
    known = list(dict.fromkeys([*([row.commit_sha] if row.commit_sha else []), *deployed]))
    meant = [each for each in known if each.startswith(sha)]
    if len(meant) > 1:
        raise Refused(reply.is_ambiguous(sha))
    if not meant:
        raise Refused(reply.is_unknown(sha, known))
    return meant[0]


def _note(session: Session, row: EnvironmentRow, asker: Asker, kind: str, message: str) -> None:
    """Add a line to the history that names who asked, by what, and by which delivery."""
    session.add(
        Event(
            environment_id=row.id,
            kind=kind,
            message=f"{_REASONS[asker.source]} {message}"[:1000],
            actor=asker.by,
            delivery_id=asker.delivery,
            commit_sha=row.commit_sha,
        )
    )
