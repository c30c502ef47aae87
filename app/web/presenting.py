"""The store's values as the API's answers."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.domain.approval import Approval
from app.domain.desired import Absent, Desired, Present, Waiting
from app.domain.environment import Environment
from app.domain.health import Problem, Workload
from app.domain.review import Merger
from app.store.auditing import Line
from app.store.queries import Deployment, Detail, HistoryLine, Overview, Proposal
from app.store.reporting import Queue
from app.web.answers import (
    ApprovalAnswer,
    AskedAnswer,
    ChangeAnswer,
    DeploymentAnswer,
    DesiredAnswer,
    EnvironmentAnswer,
    EnvironmentDetailAnswer,
    EventAnswer,
    HealthAnswer,
    HoldingAnswer,
    LinksAnswer,
    PartAnswer,
    ProblemAnswer,
    ProposalAnswer,
    PublishedAnswer,
    QueueAnswer,
    RequirementAnswer,
    RuleAnswer,
    TeardownAnswer,
    TroubleAnswer,
    WatermarksAnswer,
    WorkloadAnswer,
)


def environment(overview: Overview) -> EnvironmentAnswer:
    """An environment in a list."""
    return EnvironmentAnswer(
        id=overview.id,
        repository=overview.repository,
        pull_request=overview.number,
        title=overview.title,
        author=overview.author,
        status=overview.status,
        url=overview.url,
        namespace=overview.namespace,
        cluster=overview.cluster,
        commit_sha=overview.commit_sha,
        pinned_sha=overview.pinned_sha,
        expires_at=overview.expires_at,
        drift=list(overview.drift),
        created_at=overview.created_at,
        updated_at=overview.updated_at,
    )


def detail(found: Detail) -> EnvironmentDetailAnswer:
    """An environment with all that belongs to it."""
    known = found.environment
    return EnvironmentDetailAnswer(
        **environment(found.overview).model_dump(),
        links=LinksAnswer(preview=known.url, argocd=known.page),
        asked=AskedAnswer(by=known.asked.by, reason=known.asked.reason, delivery=known.asked.delivery),
        watermarks=_watermarks(known),
        desired=_desired(known.desired),
        notice=known.notice,
        published=_published(known),
        health=_health(known),
        teardown=_teardown(known),
        troubles=_troubles(known),
        approvals=[approval(item) for item in found.approvals],
        deployments=[deployment(item) for item in found.deployments],
        events=[event(item) for item in found.events],
    )


def deployment(item: Deployment) -> DeploymentAnswer:
    """One commit of an environment."""
    return DeploymentAnswer(**asdict(item))


def approval(item: Approval) -> ApprovalAnswer:
    """Somebody's approval of a fork's commit."""
    return ApprovalAnswer(
        id=item.id,
        commit_sha=item.sha,
        approver=item.approver.login,
        source=item.source,
        approved_at=item.at,
        retracted_why=item.retracted_why,
    )


def event(item: HistoryLine) -> EventAnswer:
    """One line of an environment's history."""
    return EventAnswer(
        id=item.id,
        at=item.at,
        kind=item.kind,
        message=item.message,
        actor=item.actor,
        delivery=item.delivery_id,
        commit_sha=item.commit_sha,
    )


def proposal(item: Proposal) -> ProposalAnswer:
    """What was proposed last."""
    return ProposalAnswer(**asdict(item) | {"requirement": _requirement(item.requirement)})


def change(item: Line) -> ChangeAnswer:
    """One recorded change."""
    return ChangeAnswer(
        id=item.id,
        at=item.at,
        commit=item.commit,
        namespace=item.environment,
        repository=item.repository,
        pull_request=item.number,
        commit_sha=item.head_sha,
        by=item.by,
        reason=item.reason,
        delivery=item.delivery,
        requirement=_requirement(item.requirement),
        proposal=item.proposal,
        proposal_url=item.proposal_url,
        decided_by=item.decided_by,
        decided_at=item.decided_at,
        reviewers=list(item.reviewers),
        tree=item.tree,
        templates=item.templates,
    )


def queue(item: Queue) -> QueueAnswer:
    """What one installation has still to be told."""
    return QueueAnswer(
        installation_id=item.installation_id,
        reports=item.reports,
        waits_until=item.wait.until if item.wait else None,
        why=item.wait.why if item.wait else None,
    )


def _requirement(held: Mapping[str, Any]) -> RequirementAnswer:
    return RequirementAnswer(
        is_required=held.get("is_required", False),
        rule=held.get("rule"),
        merged_by=held.get("merged_by", Merger.PEOPLE.value),
        results=[RuleAnswer(**each) for each in held.get("results", [])],
    )


def _watermarks(known: Environment) -> WatermarksAnswer:
    return WatermarksAnswer(
        requested=known.asked.generation,
        decided=known.decided_generation,
        desired=known.desired_generation,
        published=known.published.generation,
    )


def _desired(desired: Desired | None) -> DesiredAnswer | None:
    match desired:
        case None:
            return None
        case Present(spec):
            return DesiredAnswer(kind="present", reason=None, commit_sha=spec.head_sha, image=spec.image)
        case Absent(reason, _):
            return DesiredAnswer(kind="absent", reason=reason, commit_sha=None, image=None)
        case Waiting(reason):
            return DesiredAnswer(kind="waiting", reason=reason, commit_sha=None, image=None)


def _published(known: Environment) -> PublishedAnswer:
    published = known.published
    return PublishedAnswer(folder=known.place.folder, tree=published.tree, commit=published.commit, at=published.at)


def _health(known: Environment) -> HealthAnswer | None:
    if known.health is None:
        return None
    return HealthAnswer(
        phase=known.health.phase,
        observed_at=known.observed_at,
        ready_workloads=sum(workload.is_ready for workload in known.health.workloads),
        workloads=[_workload(workload) for workload in known.health.workloads],
        problems=[_problem(problem) for problem in known.health.problems],
        notes=list(known.health.notes),
        holding=[
            HoldingAnswer(name=held.name, finalizers=list(held.finalizers), since=held.since)
            for held in known.health.holding
        ],
    )


def _teardown(known: Environment) -> TeardownAnswer | None:
    held = known.teardown
    if held is None:
        return None
    return TeardownAnswer(
        objects=list(held.objects),
        made_commit=held.made_commit,
        made_at=held.made_at,
        removed_commit=held.removed_commit,
        removed_at=held.removed_at,
        is_complete=held.is_complete,
        parts=[PartAnswer(name=part.name, gone_at=part.gone_at) for part in held.parts],
    )


def _workload(workload: Workload) -> WorkloadAnswer:
    return WorkloadAnswer(
        name=workload.name,
        commit_sha=workload.head_sha,
        is_ready=workload.is_ready,
        problem=workload.problem and _problem(workload.problem),
    )


def _problem(problem: Problem) -> ProblemAnswer:
    return ProblemAnswer(cause=problem.cause, where=problem.where, message=problem.message)


def _troubles(known: Environment) -> list[TroubleAnswer]:
    return [
        TroubleAnswer(stage=stage, message=held.message, failures=held.failures, is_stalled=held.is_stalled)
        for stage, held in sorted(known.troubles.items())
    ]
