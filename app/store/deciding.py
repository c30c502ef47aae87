"""What `decide` reads and writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain import desired as desired_json
from app.domain.desire import Outcome, Wish
from app.domain.desired import Absent, Keep, Present, Waiting
from app.domain.environment import Environment, Stage
from app.domain.expiry import Life
from app.domain.pull_request import Author, PullRequest
from app.store.approving import approvals_of
from app.store.asking import remember_repository
from app.store.models import EnvironmentRow, User
from app.store.rows import clear_trouble, environment_of, locked, note, settle
from app.store.troubles import not_before
from app.store.wishing import wish_of


@dataclass(frozen=True, slots=True)
class Taken:
    """What stood in the row before anything was looked at, and when that was by the database's clock."""

    environment: Environment
    wish: Wish
    now: datetime


def due(session: Session, queue: str) -> Sequence[int]:
    """Ids of the environments that were asked for since they were last decided, longest unchanged first."""
    query = (
        select(EnvironmentRow.id)
        .where(
            EnvironmentRow.requested_generation > EnvironmentRow.decided_generation,
            EnvironmentRow.asked_queue == queue,
            ~not_before(Stage.DECIDE),
        )
        .order_by(EnvironmentRow.updated_at)
    )
    return session.scalars(query).all()


def take(session: Session, environment_id: int) -> Taken | None:
    """The environment as it is *before* anything is looked at, or None when it is settled meanwhile.

    Its approvals are read after its generation: one that comes or goes later asks for another look.
    """
    row = session.get(EnvironmentRow, environment_id)
    if row is None or row.requested_generation <= row.decided_generation:
        return None
    wish = wish_of(row, approvals_of(session, environment_id))
    return Taken(environment_of(row), wish, session.execute(select(func.clock_timestamp())).scalar_one())


def record(session: Session, environment_id: int, generation: int, outcome: Outcome) -> bool:
    """Write what should exist, as of the generation read before looking. False when a later look was first.

    Without that condition an older look could overwrite a newer one.
    """
    row, now = locked(session, environment_id)
    if row.decided_generation > generation:
        return False
    row.decided_generation = generation
    clear_trouble(row, Stage.DECIDE)
    if outcome.pull_request is not None:
        _remember(session, row, outcome.pull_request)
        _live(row, outcome.life)
    decision = outcome.decision
    row.expires_at = outcome.expires_at
    row.notice = decision.reason if isinstance(decision, Keep) else None
    if not isinstance(decision, Keep):
        _want(session, row, decision)
    settle(session, row, now)
    return True


def _remember(session: Session, row: EnvironmentRow, pull_request: PullRequest) -> None:
    _remember_author(session, pull_request.author)
    remember_repository(session, pull_request.repository)
    row.owner_id = pull_request.author.id
    row.title = pull_request.title.replace("\x00", "�")
    row.commit_sha = pull_request.head_sha
    row.is_from_fork = pull_request.is_from_fork
    if not pull_request.is_open:
        row.is_stopped = row.is_recreated = False
        row.pinned_sha = row.rollback = None


def _live(row: EnvironmentRow, life: Life) -> None:
    """Keep when it was wanted and by when; what somebody did since the look began is later, and stays."""
    row.active_at = max(filter(None, (row.active_at, life.active_at)), default=None)
    row.wanted_since = max(filter(None, (row.wanted_since, life.wanted_since)), default=None)


def _remember_author(session: Session, author: Author) -> None:
    known = session.scalars(select(User.login).where(User.id == author.id)).one_or_none()
    if known != author.login:
        upsert = insert(User).values(id=author.id, login=author.login)
        session.execute(upsert.on_conflict_do_update(index_elements=[User.id], set_={"login": author.login}))


def _want(session: Session, row: EnvironmentRow, decision: Present | Absent | Waiting) -> None:
    desired = desired_json.to_json(decision)
    if row.desired == desired:
        return
    row.desired = desired
    row.desired_generation = row.decided_generation
    row.desired_at = session.scalar(select(func.clock_timestamp()))
    note(session, row, "decided", _words(decision))


def _words(decision: Present | Absent | Waiting) -> str:
    match decision:
        case Present(spec, approval):
            by = "" if approval is None else f", by approval {approval}"
            return f"present at {spec.head_sha} with image {spec.image}{by}"
        case Absent(reason):
            return f"absent: {reason}"
        case Waiting(reason):
            return f"waiting: {reason}"


def is_behind(session: Session, environment_id: int) -> bool:
    """Somebody has asked since: the decision just written was overtaken."""
    query = select(EnvironmentRow.id).where(
        EnvironmentRow.id == environment_id,
        EnvironmentRow.requested_generation > EnvironmentRow.decided_generation,
    )
    return session.scalars(query).first() is not None
