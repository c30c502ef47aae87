"""A row as the domain's `Environment`, and what follows for a row when something in it changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, object_session

from app.domain import desired as desired_json
from app.domain import progress as progress_json
from app.domain.answer import Answer
from app.domain.changes import Changes
from app.domain.cluster import SyncerKind
from app.domain.desire import Place
from app.domain.desired import Present
from app.domain.environment import Asked, DeploymentStatus, Environment, Published, Stage, Status, Trouble
from app.domain.health import FailureLog, Health
from app.domain.proposal import Proposal, ProposalState
from app.domain.pull_request import RepositoryRef
from app.domain.report import Report, digest
from app.domain.review import Merger
from app.domain.status import Assessment, assess
from app.domain.teardown import Teardown
from app.store.models import DeploymentRow, EnvironmentRow, Event, TroubleRow
from app.texts.report import report

_OUTCOMES = {Status.READY: DeploymentStatus.SUCCESS, Status.FAILED: DeploymentStatus.FAILED}


def environment_of(row: EnvironmentRow) -> Environment:
    """The row as a value."""
    return Environment(
        id=row.id,
        repository=RepositoryRef(row.repository_id, row.repository.full_name, row.repository.installation_id),
        number=row.number,
        place=Place(row.namespace, row.folder, row.host, row.cluster),
        asked=Asked(row.requested_generation, row.asked_by, row.asked_reason, row.asked_delivery),
        decided_generation=row.decided_generation,
        desired=desired_json.from_json(row.desired) if row.desired else None,
        desired_generation=row.desired_generation,
        desired_at=row.desired_at,
        notice=row.notice,
        commit_sha=row.commit_sha,
        was_ready=row.was_ready,
        published=Published(
            row.published_generation,
            row.published_tree,
            row.published_commit,
            row.published_at,
            tuple(row.published_workloads),
            tuple(row.published_objects),
            row.published_sync,
            row.published_sha,
        ),
        health=Health.from_json(row.health) if row.health else None,
        observed_at=row.observed_at,
        troubles=_troubles(row.troubles),
        redeploys=row.redeploys,
        status=Status(row.status),
        failure_log=_failure_log(row),
        teardown=Teardown.from_json(row.teardown) if row.teardown else None,
        pinned_sha=row.pinned_sha,
        page=_page(row),
        unseen=tuple(row.declared.problems) if row.declared else (),
        expires_at=row.expires_at,
        answer=Answer.from_json(row.answer) if row.answer else None,
        changes=Changes.from_json(row.published_changes),
        progress=progress_json.from_json(row.progress),
        proposal=_proposal(row),
    )


def _proposal(row: EnvironmentRow) -> Proposal | None:
    held = row.proposal
    if held is None:
        return None
    return Proposal(
        id=held.id,
        state=ProposalState(held.state),
        number=held.number,
        generation=held.generation,
        is_wanted=held.desired == row.desired,
        is_removal=held.tree is None,
        is_settled=held.settled_at is not None,
        merged_by_us=held.requirement["merged_by"] == Merger.EPHEMERA.value,
        proposed_at=held.proposed_at,
        head_sha=held.desired["spec"]["head_sha"] if held.desired["kind"] == "present" else None,
        url=held.url,
        problems=tuple(held.problems),
        trouble=held.trouble,
        decided_at=held.decided_at,
        decided_by=held.decided_by,
        decided_words=held.decided_words,
        templates=held.templates,
        tree=held.tree,
        sync=held.sync,
    )


def locked(session: Session, environment_id: int) -> tuple[EnvironmentRow, datetime]:
    """The row, locked until the end of the transaction, and the database's time."""
    query = select(EnvironmentRow, func.clock_timestamp()).where(EnvironmentRow.id == environment_id)
    query = query.with_for_update(of=EnvironmentRow).execution_options(populate_existing=True)
    row, now = session.execute(query).one()
    return row, now


def settle(session: Session, row: EnvironmentRow, now: datetime) -> Assessment:
    """Bring the status, the deployment, the wanted report and the history into line with the row."""
    environment = environment_of(row)
    assessment = assess(environment, now)
    progress = progress_json.advanced(environment, assessment, now)
    status = assessment.status
    if status is Status.READY:
        row.was_ready = True
    elif status is Status.DESTROYED:
        row.was_ready = False
        _come_back(session, row)
    _settle_deployment(session, row, environment, assessment, now)
    if status.value != row.status:
        note(session, row, "status", _words(status, assessment))
        row.status = status.value
    row.progress = progress_json.to_json(progress)
    # Exactly what the report stage will see of the row, or it would never be done.
    seen = replace(environment, status=status, was_ready=row.was_ready, progress=progress)
    wanted = report(replace(seen, failure_log=_failure_log(row)), now)
    row.report_wanted = digest(wanted) if wanted != Report() else row.report_digest
    row.updated_at = now
    return assessment


def _come_back(session: Session, row: EnvironmentRow) -> None:
    """Have an environment that went in order to be made anew looked at: nothing is left of it now."""
    if not row.is_recreated:
        return
    row.is_recreated = False
    row.requested_generation += 1
    row.asked_by, row.asked_reason, row.asked_delivery, row.asked_queue = "ephemera", "recreate.gone", None, "high"
    note(session, row, "asked", row.asked_reason)


def failed_deployment(session: Session, row: EnvironmentRow) -> DeploymentRow | None:
    """The deployment of the commit that should run, where that has failed."""
    wanted = row.desired["spec"]["head_sha"] if row.desired and row.desired["kind"] == "present" else row.commit_sha
    query = select(DeploymentRow).where(
        DeploymentRow.environment_id == row.id,
        DeploymentRow.commit_sha == wanted,
        DeploymentRow.status == DeploymentStatus.FAILED.value,
    )
    return session.scalars(query).one_or_none()


def note(session: Session, row: EnvironmentRow, kind: str, message: str, actor: str | None = None) -> None:
    """Add a line to the environment's history; the actor is whoever asked last unless one is named."""
    session.add(
        Event(
            environment_id=row.id,
            kind=kind,
            message=message,
            actor=actor or row.asked_by,
            delivery_id=row.asked_delivery,
            commit_sha=row.commit_sha,
        )
    )


def clear_trouble(row: EnvironmentRow, stage: Stage) -> None:
    """The stage succeeded."""
    row.troubles[:] = [trouble for trouble in row.troubles if trouble.stage != stage.value]


def _troubles(rows: list[TroubleRow]) -> Mapping[Stage, Trouble]:
    return {Stage(row.stage): Trouble(row.message, row.failures, row.is_stalled) for row in rows}


def _page(row: EnvironmentRow) -> str | None:
    """Where Argo CD shows the environment's Application."""
    cluster = row.declared
    if cluster is None or cluster.syncer_url is None or cluster.syncer != SyncerKind.ARGOCD.value:
        return None
    return f"{cluster.syncer_url}/applications/{cluster.syncer_namespace}/{row.namespace}"


def _settle_deployment(
    session: Session, row: EnvironmentRow, environment: Environment, assessment: Assessment, now: datetime
) -> None:
    wanted = environment.desired.spec.head_sha if isinstance(environment.desired, Present) else None
    _supersede(session, row, wanted, now)
    if wanted is None:
        return
    deployment = _deployment(session, row.id, wanted, environment)
    under_way = DeploymentStatus.IN_PROGRESS if environment.is_published else DeploymentStatus.QUEUED
    outcome = _OUTCOMES.get(assessment.status, under_way)
    if deployment.status != outcome.value:
        deployment.status = outcome.value
        deployment.finished_at = now if assessment.status in _OUTCOMES else None
    _explain(deployment, assessment)
    if environment.is_published:
        deployment.published_commit = environment.published.commit


def _explain(deployment: DeploymentRow, assessment: Assessment) -> None:
    """Why it failed; what was wrong with one that runs after all is over."""
    if assessment.status is Status.FAILED:
        deployment.problems = _reasons(assessment)
    elif assessment.status is Status.READY:
        deployment.problems, deployment.log_of, deployment.log = [], None, None


def _supersede(session: Session, row: EnvironmentRow, wanted: str | None, now: datetime) -> None:
    """Mark what another commit took the place of; of a removed environment, what was still under way."""
    query = select(DeploymentRow).where(
        DeploymentRow.environment_id == row.id, DeploymentRow.status != DeploymentStatus.SUPERSEDED.value
    )
    for deployment in session.scalars(query):
        is_over = deployment.commit_sha != wanted if wanted else deployment.finished_at is None
        if is_over:
            deployment.status = DeploymentStatus.SUPERSEDED.value
            deployment.finished_at = deployment.finished_at or now


def _deployment(session: Session, environment_id: int, sha: str, environment: Environment) -> DeploymentRow:
    query = select(DeploymentRow).where(DeploymentRow.environment_id == environment_id, DeploymentRow.commit_sha == sha)
    found = session.scalars(query).one_or_none()
    if found is None:
        assert isinstance(environment.desired, Present)
        found = DeploymentRow(environment_id=environment_id, commit_sha=sha, image=environment.desired.spec.image)
        session.add(found)
    return found


def _failure_log(row: EnvironmentRow) -> FailureLog | None:
    session = object_session(row)
    if row.status != Status.FAILED.value or session is None:
        return None
    deployment = failed_deployment(session, row)
    if deployment is None or deployment.log_of is None or not deployment.log:
        return None
    return FailureLog(deployment.log_of, deployment.log)


def _reasons(assessment: Assessment) -> list[str]:
    problems = [f"{problem.cause} at {problem.where}: {problem.message}" for problem in assessment.problems]
    return [*assessment.errors, *problems]


def _words(status: Status, assessment: Assessment) -> str:
    return "; ".join([status.value, *_reasons(assessment)])[:1000]
