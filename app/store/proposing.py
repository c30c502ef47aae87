"""What is kept of proposals: what is proposed, where their branches are, what GitHub knows, what people decided.

A row is one pull request on the environments repository. It is `is_current` while it is its environment's newest; only
such a one is ever opened, changed or merged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, undefer

from app.domain import desired as desired_json
from app.domain.environment import Environment, Stage
from app.domain.evidence import Evidence
from app.domain.proposal import ProposalState
from app.domain.report import digest
from app.domain.review import Merger, Requirement
from app.domain.told import Told
from app.store import publishing
from app.store.models import EnvironmentRow, ProposalCommit, ProposalRow, TemplateVersion
from app.store.rows import clear_trouble, environment_of, locked, note, settle

LOOK_EVERY = timedelta(minutes=10)
"""How often an open proposal is looked at though nobody asked."""
LOOK_AGAIN = timedelta(seconds=5)
"""After how long it is looked again whether the followed branch still holds what is only proposed."""
_NO_OBJECTS = {"synchronize_session": False}
_BY = "ephemera"


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
class Wanted:
    """What is to be proposed."""

    environment: Environment
    content: Content
    templates: str
    requirement: Requirement
    evidence: Evidence


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


def ring(session: Session, number: int) -> None:
    """Somebody did something about the pull request of that number: look at it."""
    rung = update(ProposalRow).where(ProposalRow.number == number, ProposalRow.is_current)
    session.execute(rung.values(rung=ProposalRow.rung + 1, retry_at=None), execution_options=_NO_OBJECTS)


def ring_for(session: Session, environment_id: int) -> bool:
    """The environment's folder is not as it was published: look at its pull request. False where none is open."""
    rung = update(ProposalRow).where(
        _IS_OPEN, ProposalRow.environment_id == environment_id, ProposalRow.number.is_not(None)
    )
    rung = rung.values(rung=ProposalRow.rung + 1, retry_at=None).returning(ProposalRow.id)
    return session.execute(rung, execution_options=_NO_OBJECTS).first() is not None


def remember_templates(session: Session, digest_: str, files: Mapping[str, str]) -> None:
    """Keep a version of the templates, once."""
    values = insert(TemplateVersion).values(digest=digest_, files=dict(files))
    session.execute(values.on_conflict_do_nothing())


def templates(session: Session, digest_: str) -> Mapping[str, str]:
    """The files of a version that something was rendered with."""
    files = session.scalars(select(TemplateVersion.files).where(TemplateVersion.digest == digest_)).one()
    return {name: str(text) for name, text in files.items()}


# What is proposed


def put(session: Session, wanted: Wanted) -> None:
    """Have this, and nothing else, proposed for the environment; what is proposed so already stays as it is.

    Nothing where it was decided anew in the meantime.
    """
    environment = wanted.environment
    row, _ = locked(session, environment.id)
    if row.decided_generation != environment.decided_generation:
        return
    held = _current(session, row.id)
    if held is None or held.state != ProposalState.OPEN.value:
        if held is not None:
            held.is_current = False
            session.flush()
        proposal = ProposalRow(
            environment_id=row.id, pushes_wanted=0, head_commit=_left_branch(held), **_proposed(wanted)
        )
        session.add(proposal)
        _push(proposal)
        note(session, row, "proposed", _words(wanted))
    elif not _is_same(held, wanted):
        for name, value in _proposed(wanted).items():
            setattr(held, name, value)
        held.is_edited, held.edited_by, held.problems = False, None, []
        _push(held)
        note(session, row, "proposed", _words(wanted))
    else:
        held.generation = wanted.environment.decided_generation
        held.requirement = wanted.requirement.to_json()
    _hold(row, environment.decided_generation)
    _settle(session, row.id)


def hold(session: Session, environment: Environment) -> None:
    """Nothing is to be published for what was decided: it was refused."""
    row, _ = locked(session, environment.id)
    _hold(row, environment.decided_generation)
    _settle(session, row.id)


def withdraw(session: Session, environment_id: int, why: str) -> None:
    """Have nothing proposed for the environment any more; may be called where nothing is."""
    row, now = locked(session, environment_id)
    held = _current(session, environment_id)
    if held is None or held.state != ProposalState.OPEN.value:
        return
    held.state, held.decided_at, held.decided_by = ProposalState.WITHDRAWN.value, now, _BY
    _push(held)
    _want_told(held)
    note(session, row, "withdrawn", f"proposal {held.number or 'that was not opened yet'}: {why}", actor=_BY)
    _settle(session, row.id)


def content(session: Session, proposal_id: int) -> Content:
    """What was proposed, or edited, and accepted."""
    query = select(ProposalRow).where(ProposalRow.id == proposal_id).options(undefer(ProposalRow.files))
    return _content(session.scalars(query.options(undefer(ProposalRow.sync_file))).one())


def settled(session: Session, proposal_id: int) -> None:
    """What was merged has been taken over, or put back."""
    done = update(ProposalRow).where(ProposalRow.id == proposal_id, ProposalRow.settled_at.is_(None))
    session.execute(done.values(settled_at=func.clock_timestamp()), execution_options=_NO_OBJECTS)


# Its branch


def to_push(session: Session) -> Sequence[Taken]:
    """Proposals whose branch is not where it should be, oldest first; those that somebody else moved are looked at
    first."""
    query = _query().where(*_PUSH).order_by(ProposalRow.id).limit(publishing.AT_ONCE)
    return [_taken(row, environment) for row, environment in session.execute(query)]


def has_pushes(session: Session) -> bool:
    """Some branch is not where it should be, and may be moved now."""
    query = select(ProposalRow.id).join(EnvironmentRow, EnvironmentRow.id == ProposalRow.environment_id)
    return session.scalars(query.where(*_PUSH).limit(1)).first() is not None


def pushed(session: Session, taken: Taken, commit: str | None, base: str | None) -> None:
    """Its branch is where it should be, at that commit; None: there is none any more."""
    held = _locked(session, taken)
    held.pushes_done = max(held.pushes_done, taken.pushes_wanted)
    _keep_commit(session, taken.id, commit, taken.content, None)
    held.head_commit, held.base_commit = commit, base
    held.failures, held.trouble, held.retry_at = 0, None, None
    _want_told(held)
    _settle(session, held.environment_id)


def found_moved(session: Session, taken: Taken, commit: str | None) -> None:
    """Somebody else moved its branch: look at the pull request first; where there is none, the branch is ours."""
    held = _locked(session, taken)
    if held.number is None or held.state != ProposalState.OPEN.value:
        held.head_commit = commit
    else:
        held.rung += 1


def overtaken(session: Session, taken: Taken) -> None:
    """The followed branch holds already what is proposed: it was merged, or somebody committed it past review. Its own
    branch stays due, for a while later: what was committed past review will have been put back by then."""
    held = _locked(session, taken)
    held.retry_at = session.scalar(select(func.clock_timestamp() + LOOK_AGAIN))
    if held.number is not None:
        held.rung += 1


def failed(session: Session, taken: Taken, words: str, retry_in: timedelta) -> None:
    """It could not be pushed, or GitHub not be told of it."""
    held = _locked(session, taken)
    held.failures += 1
    held.trouble = words[:1000]
    held.retry_at = session.scalar(select(func.clock_timestamp() + retry_in))
    _settle(session, held.environment_id)


# What GitHub is told


def to_tell(session: Session) -> Sequence[int]:
    """Ids of proposals of which GitHub is to be told something, oldest first."""
    return session.scalars(select(ProposalRow.id).where(*_TELL).order_by(ProposalRow.id)).all()


def take(session: Session, proposal_id: int) -> Taken:
    """The proposal as it is now."""
    query = _query().where(ProposalRow.id == proposal_id).execution_options(populate_existing=True)
    row, environment = session.execute(query).one()
    return _taken(row, environment)


def keep_told(session: Session, taken: Taken, told: Told, *, is_all: bool = False) -> None:
    """Keep what is about to be written, or has just been; `is_all`: nothing was left to write."""
    held = _locked(session, taken)
    held.told = told.to_json()
    if is_all:
        held.told_digest = taken.told_wanted
        held.failures, held.trouble, held.retry_at = 0, None, None
        _settle(session, held.environment_id)


def opened(session: Session, taken: Taken, number: int, url: str, told: Told) -> None:
    """The pull request is there. Its commit is to name it, so the branch is pushed once more."""
    held = _locked(session, taken)
    held.told = told.to_json()
    if held.number is None:
        held.number, held.url = number, url
        held.opened_at = held.opened_at or session.scalar(select(func.clock_timestamp()))
        held.look_at = session.scalar(select(func.clock_timestamp() + LOOK_EVERY))
        if held.state == ProposalState.OPEN.value:
            _push(held)
        row, _ = locked(session, held.environment_id)
        note(session, row, "opened", f"proposal {number}", actor=_BY)
    _settle(session, held.environment_id)


def not_merged(session: Session, taken: Taken, why: str, retry_in: timedelta) -> None:
    """GitHub does not let it be merged yet."""
    held = _locked(session, taken)
    held.mergeable = why[:200]
    held.look_at = session.scalar(select(func.clock_timestamp() + retry_in))


# What people decide


def to_look(session: Session) -> Sequence[int]:
    """Ids of proposals to be looked at, oldest first."""
    return session.scalars(select(ProposalRow.id).where(*_LOOK).order_by(ProposalRow.id)).all()


def looked(session: Session, taken: Taken, mergeable: str | None = None) -> None:
    """It was looked at when `taken` was taken."""
    held = _locked(session, taken)
    held.looked = max(held.looked, taken.rung)
    held.mergeable = mergeable
    held.look_at = session.scalar(select(func.clock_timestamp() + LOOK_EVERY))


def accept(session: Session, taken: Taken, decision: "Decision", edit: Content | None) -> None:
    """It was merged: what was proposed, or an edit of it that passed the same checks, is accepted."""
    row, held = _decide(session, taken, ProposalState.MERGED, decision)
    if edit is not None:
        _edit(held, edit, decision.by)
    held.merge_commit, held.reviewers = decision.merge_commit, list(decision.reviewers)
    _keep_commit(session, held.id, decision.merge_commit, edit or taken.content, None)
    row.proposed_generation = 0
    note(session, row, "accepted", f"proposal {held.number} was merged as {decision.merge_commit}", actor=decision.by)
    _settle(session, held.environment_id)


def spoil(session: Session, taken: Taken, decision: "Decision", problems: Sequence[str]) -> None:
    """Something else was merged that must not run."""
    row, held = _decide(session, taken, ProposalState.SPOILED, decision)
    held.merge_commit, held.problems = decision.merge_commit, list(problems)
    row.proposed_generation = 0
    note(
        session, row, "spoiled", f"what was merged by proposal {held.number} must not run: {'; '.join(problems)}"[:1000]
    )
    _settle(session, held.environment_id)


def refuse(session: Session, taken: Taken, decision: "Decision") -> None:
    """Somebody closed it."""
    row, held = _decide(session, taken, ProposalState.REFUSED, decision)
    held.decided_words = decision.words
    held.pushes_done = held.pushes_wanted
    note(session, row, "refused", f"proposal {held.number} was closed", actor=decision.by)
    _settle(session, held.environment_id)


def reopen(session: Session, taken: Taken) -> None:
    """Somebody opened it again: it waits for review as before, or is overtaken by what was decided since."""
    row, _ = locked(session, taken.environment.id)
    held = _locked(session, taken)
    held.state, held.decided_at, held.decided_by, held.decided_words = ProposalState.OPEN.value, None, None, None
    row.proposed_generation = 0
    _push(held)
    _want_told(held)
    note(session, row, "reopened", f"proposal {held.number}")
    _settle(session, held.environment_id)


def rebase(session: Session, taken: Taken) -> None:
    """Have it stand on the newest commit of the followed branch."""
    held = _locked(session, taken)
    held.base_commit = None
    if held.pushes_done == held.pushes_wanted:
        _push(held)


def close_again(session: Session, taken: Taken) -> None:
    """Somebody opened it again that was withdrawn."""
    held = _locked(session, taken)
    held.told = replace(taken.told, is_closed=False).to_json()
    held.told_digest = None


def remind(session: Session, taken: Taken) -> None:
    """Have it be tried again what GitHub did not let be done before."""
    held = _locked(session, taken)
    held.told_digest = None


def edited(session: Session, taken: Taken, head: str, by: str, edit: Content | Sequence[str]) -> None:
    """A person changed its branch: the content, if it passed all checks, or else why it did not.

    Where something newer is about to be pushed, that takes the place of the edit.
    """
    row, _ = locked(session, taken.environment.id)
    held = _locked(session, taken)
    held.head_commit = head
    if held.pushes_done < held.pushes_wanted:
        note(session, row, "edited", f"proposal {held.number}: overtaken by a newer change", actor=by)
        return
    if isinstance(edit, Content):
        _edit(held, edit, by)
        held.problems = []
        _keep_commit(session, held.id, head, edit, by)
        note(session, row, "edited", f"proposal {held.number}: passed all checks", actor=by)
    else:
        held.problems = list(edit)
        note(session, row, "edited", f"proposal {held.number} may not be merged: {'; '.join(edit)}"[:1000], actor=by)
    _want_told(held)
    _settle(session, held.environment_id)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person did with a proposal."""

    by: str
    at: Any
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


def has_open(session: Session) -> bool:
    """Some proposal waits for people."""
    return session.scalars(select(ProposalRow.id).where(_IS_OPEN).limit(1)).first() is not None


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
        session.execute(again.values(proposed_generation=0), execution_options=_NO_OBJECTS)
    return len(ids)


_IS_OPEN = ProposalRow.is_current & (ProposalRow.state == ProposalState.OPEN.value)
_IN_TIME = or_(ProposalRow.retry_at.is_(None), ProposalRow.retry_at <= func.now())
_PUSH = (
    ProposalRow.is_current,
    _IN_TIME,
    or_(
        (ProposalRow.pushes_done < ProposalRow.pushes_wanted)
        & or_(ProposalRow.rung == ProposalRow.looked, ProposalRow.state != ProposalState.OPEN.value),
        # The branch of a refused one stays, so that it can be opened again, while somebody could want that.
        (ProposalRow.state == ProposalState.REFUSED.value)
        & ProposalRow.head_commit.is_not(None)
        & (EnvironmentRow.desired["kind"].astext == "absent"),
    ),
)
_TELL = (
    ProposalRow.is_current,
    _IN_TIME,
    ProposalRow.told_wanted.is_distinct_from(ProposalRow.told_digest),
    or_(ProposalRow.number.is_(None), ProposalRow.pushes_done == ProposalRow.pushes_wanted),
    or_(
        (ProposalRow.state == ProposalState.OPEN.value) & ProposalRow.head_commit.is_not(None),
        (ProposalRow.state == ProposalState.WITHDRAWN.value) & ProposalRow.number.is_not(None),
    ),
)
_LOOK = (
    ProposalRow.is_current,
    ProposalRow.number.is_not(None),
    ProposalRow.state.in_((ProposalState.OPEN.value, ProposalState.REFUSED.value, ProposalState.WITHDRAWN.value)),
    _IN_TIME,
    or_(
        ProposalRow.rung > ProposalRow.looked,
        (ProposalRow.state == ProposalState.OPEN.value) & (ProposalRow.look_at <= func.now()),
    ),
)


def _query() -> Any:
    deferred = (undefer(ProposalRow.files), undefer(ProposalRow.sync_file), undefer(ProposalRow.evidence))
    return (
        select(ProposalRow, EnvironmentRow)
        .join(EnvironmentRow, EnvironmentRow.id == ProposalRow.environment_id)
        .options(*deferred)
    )


def _taken(row: ProposalRow, environment: EnvironmentRow) -> Taken:
    return Taken(
        id=row.id,
        environment=environment_of(environment),
        state=ProposalState(row.state),
        number=row.number,
        generation=row.generation,
        desired=row.desired,
        content=_content(row),
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


def _content(row: ProposalRow) -> Content:
    files = None if row.files is None else {name: text.encode() for name, text in row.files.items()}
    sync = None if row.sync_file is None else row.sync_file.encode()
    return Content(files, sync, row.tree, row.sync, row.objects)


def _proposed(wanted: Wanted) -> dict[str, Any]:
    environment, held = wanted.environment, wanted.content
    assert environment.desired is not None
    return {
        "generation": environment.decided_generation,
        "desired": desired_json.to_json(environment.desired),
        "templates": wanted.templates,
        "requirement": wanted.requirement.to_json(),
        "evidence": wanted.evidence.to_json(),
        "asked_by": environment.asked.by,
        "asked_reason": environment.asked.reason,
        "asked_delivery": environment.asked.delivery,
    } | _columns(held)


def _columns(held: Content) -> dict[str, Any]:
    return {
        "files": None if held.files is None else {name: text.decode() for name, text in held.files.items()},
        "sync_file": None if held.sync is None else held.sync.decode(),
        "tree": held.tree,
        "sync": held.sync_blob,
        "objects": dict(held.objects),
    }


def _edit(held: ProposalRow, edit: Content, by: str) -> None:
    for name, value in _columns(edit).items():
        setattr(held, name, value)
    held.is_edited, held.edited_by = True, by[:200]


def _is_same(held: ProposalRow, wanted: Wanted) -> bool:
    assert wanted.environment.desired is not None
    is_wanted = held.desired == desired_json.to_json(wanted.environment.desired)
    if held.is_edited or held.problems:
        return is_wanted and held.templates == wanted.templates
    return is_wanted and (held.tree, held.sync) == (wanted.content.tree, wanted.content.sync_blob)


def _left_branch(held: ProposalRow | None) -> str | None:
    """Where the branch of the one before was left: it is taken over."""
    return held.head_commit if held is not None else None


def _words(wanted: Wanted) -> str:
    what = "its removal" if wanted.content.files is None else f"tree {wanted.content.tree}"
    return f"{what} needs review by rule {wanted.requirement.rule}"


def _push(row: ProposalRow) -> None:
    row.pushes_wanted = (row.pushes_wanted or 0) + 1
    row.retry_at = None


def _hold(row: EnvironmentRow, generation: int) -> None:
    row.proposed_generation = max(row.proposed_generation, generation)
    clear_trouble(row, Stage.PUBLISH)


def _want_told(row: ProposalRow) -> None:
    row.told_wanted = digest(
        f"{row.state} {row.number} {row.generation} {row.head_commit} {row.problems} {row.pushes_done}"
    )


def _decide(
    session: Session, taken: Taken, state: ProposalState, decision: Decision
) -> tuple[EnvironmentRow, ProposalRow]:
    row, now = locked(session, taken.environment.id)
    held = _locked(session, taken)
    held.state, held.decided_by, held.decided_at = state.value, decision.by[:200], decision.at or now
    if state is not ProposalState.REFUSED:
        _push(held)
    return row, held


def _keep_commit(session: Session, proposal_id: int, commit: str | None, held: Content, by: str | None) -> None:
    if commit is None:
        return
    values = insert(ProposalCommit).values(
        commit=commit, proposal_id=proposal_id, tree=held.tree, sync=held.sync_blob, by=by, is_allowed=True
    )
    session.execute(values.on_conflict_do_nothing())


def _current(session: Session, environment_id: int) -> ProposalRow | None:
    query = select(ProposalRow).where(ProposalRow.environment_id == environment_id, ProposalRow.is_current)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def _locked(session: Session, taken: Taken) -> ProposalRow:
    # The environment first, as everywhere: two that lock in different orders would block each other.
    locked(session, taken.environment.id)
    query = select(ProposalRow).where(ProposalRow.id == taken.id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def _settle(session: Session, environment_id: int) -> None:
    """Bring the environment into line with its proposal."""
    session.flush()
    row, now = locked(session, environment_id)
    settle(session, row, now)
