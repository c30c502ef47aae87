"""What `decide` reads and writes."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain import desired as desired_json
from app.domain.desire import Wish
from app.domain.desired import Absent, Decision, Keep, Present, Waiting
from app.domain.environment import Environment, Stage
from app.domain.pull_request import Author, PullRequest
from app.store.asking import remember_repository
from app.store.models import EnvironmentRow, User
from app.store.rows import clear_trouble, environment_of, locked, note, settle
from app.store.troubles import not_before


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


def take(session: Session, environment_id: int) -> tuple[Environment, Wish] | None:
    """The environment as it is *before* anything is looked at, or None when it is settled meanwhile."""
    row = session.get(EnvironmentRow, environment_id)
    if row is None or row.requested_generation <= row.decided_generation:
        return None
    return environment_of(row), Wish(row.redeploys, row.is_stopped)


def record(
    session: Session,
    environment_id: int,
    generation: int,
    decision: Decision,
    pull_request: PullRequest | None,
) -> bool:
    """Write what should exist, as of the generation read before looking. False when a later look was first.

    Without that condition an older look could overwrite a newer one.
    """
    row, now = locked(session, environment_id)
    if row.decided_generation > generation:
        return False
    row.decided_generation = generation
    clear_trouble(row, Stage.DECIDE)
    if pull_request is not None:
        _remember(session, row, pull_request)
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
    if not pull_request.is_open:
        row.is_stopped = False


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
        case Present(spec):
            return f"present at {spec.head_sha} with image {spec.image}"
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
