"""What is proposed for an environment, and what of it was taken over."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain import desired as desired_json
from app.domain.environment import Environment, Stage
from app.domain.evidence import Evidence
from app.domain.proposal import ProposalState
from app.domain.review import Requirement
from app.store.models import EnvironmentRow, ProposalRow, TemplateVersion
from app.store.proposing.held import BY, NO_OBJECTS, Content, columns, current, settle_environment, want_push, want_told
from app.store.rows import clear_trouble, locked, note


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be proposed."""

    environment: Environment
    content: Content
    templates: str
    requirement: Requirement
    evidence: Evidence


def remember_templates(session: Session, digest_: str, files: Mapping[str, str]) -> None:
    """Keep a version of the templates, once."""
    values = insert(TemplateVersion).values(digest=digest_, files=dict(files))
    session.execute(values.on_conflict_do_nothing())


def templates(session: Session, digest_: str) -> Mapping[str, str]:
    """The files of a version that something was rendered with."""
    files = session.scalars(select(TemplateVersion.files).where(TemplateVersion.digest == digest_)).one()
    return {name: str(text) for name, text in files.items()}


def put(session: Session, wanted: Wanted) -> None:
    """Have this, and nothing else, proposed for the environment; what is proposed so already stays as it is.

    Nothing where it was decided anew in the meantime.
    """
    environment = wanted.environment
    row, _ = locked(session, environment.id)
    if row.decided_generation != environment.decided_generation:
        return
    held = current(session, row.id)
    if held is None or held.state != ProposalState.OPEN.value:
        if held is not None:
            held.is_current = False
            session.flush()
        proposal = ProposalRow(
            environment_id=row.id, pushes_wanted=0, head_commit=_left_branch(held), **_proposed(wanted)
        )
        session.add(proposal)
        want_push(proposal)
        note(session, row, "proposed", _words(wanted))
    elif not _is_same(held, wanted):
        for name, value in _proposed(wanted).items():
            setattr(held, name, value)
        held.is_edited, held.edited_by, held.problems = False, None, []
        want_push(held)
        note(session, row, "proposed", _words(wanted))
    else:
        held.generation = wanted.environment.decided_generation
        held.requirement = wanted.requirement.to_json()
    _hold(row, environment.decided_generation)
    settle_environment(session, row.id)


def hold(session: Session, environment: Environment) -> None:
    """Nothing is to be published for what was decided: it was refused."""
    row, _ = locked(session, environment.id)
    _hold(row, environment.decided_generation)
    settle_environment(session, row.id)


def withdraw(session: Session, environment_id: int, why: str) -> None:
    """Have nothing proposed for the environment any more; may be called where nothing is."""
    row, now = locked(session, environment_id)
    held = current(session, environment_id)
    if held is None or held.state != ProposalState.OPEN.value:
        return
    held.state, held.decided_at, held.decided_by = ProposalState.WITHDRAWN.value, now, BY
    want_push(held)
    want_told(held)
    note(session, row, "withdrawn", f"proposal {held.number or 'that was not opened yet'}: {why}", actor=BY)
    settle_environment(session, row.id)


def settled(session: Session, proposal_id: int) -> None:
    """What was merged has been taken over, or put back."""
    done = update(ProposalRow).where(ProposalRow.id == proposal_id, ProposalRow.settled_at.is_(None))
    session.execute(done.values(settled_at=func.clock_timestamp()), execution_options=NO_OBJECTS)


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
    } | columns(held)


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


def _hold(row: EnvironmentRow, generation: int) -> None:
    row.proposed_generation = max(row.proposed_generation, generation)
    clear_trouble(row, Stage.PUBLISH)
