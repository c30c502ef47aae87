"""The REST API, `/api/v1`: what exists and how it is; what may be asked for is in `acting`."""

from flask import Response
from flask_openapi.blueprint import APIBlueprint

from app.store import queries, reporting
from app.store.engine import Session
from app.store.queries import Changes
from app.web import acting, document, presenting
from app.web.acting import missing
from app.web.answers import (
    AuditAnswer,
    DeploymentsAnswer,
    EnvironmentDetailAnswer,
    EnvironmentsAnswer,
    EventsAnswer,
    EvidenceAnswer,
    QueuesAnswer,
)
from app.web.auth import refuse_strangers
from app.web.paging import following, page
from app.web.parameters import (
    DEPLOYMENTS,
    ENVIRONMENTS,
    EVENTS,
    PUBLICATIONS,
    AuditQuery,
    DeploymentsQuery,
    EnvironmentPath,
    EnvironmentsQuery,
    EventsQuery,
    EvidenceQuery,
    NoQuery,
)
from app.web.services import provided

PREFIX = "/api/v1"

_ONE = "/environments/<environment_id:environment_id>"
_JSON = "application/json"


def blueprint() -> APIBlueprint:
    """The API's part of an application."""
    api = APIBlueprint(
        "api",
        __name__,
        url_prefix=PREFIX,
        abp_security=[{document.TOKEN: []}],
        abp_tags=[{"name": "environments", "description": "What pull requests have running"}],
    )
    api.before_request(refuse_strangers)
    document.read(api, "/environments", list_environments, EnvironmentsAnswer, finds_one=False)
    document.read(api, _ONE, get_environment, EnvironmentDetailAnswer, finds_one=True)
    document.read(api, f"{_ONE}/events", list_events, EventsAnswer, finds_one=True)
    document.read(api, f"{_ONE}/deployments", list_deployments, DeploymentsAnswer, finds_one=True)
    document.read(api, f"{_ONE}/evidence", get_evidence, EvidenceAnswer, finds_one=True)
    document.read(api, "/audit", list_audit, AuditAnswer, finds_one=False)
    document.read(api, "/queues", list_queues, QueuesAnswer, finds_one=False)
    acting.add_to(api, _ONE)
    return api


def list_environments(query: EnvironmentsQuery) -> Response:
    """List environments, newest first."""
    with provided().store.begin() as session:
        found = queries.environments(session, query.filter, query.span)
    items = [presenting.environment(item) for item in found.items]
    return page(EnvironmentsAnswer(items=items, next=following(ENVIRONMENTS, found.next)))


def get_environment(path: EnvironmentPath, query: NoQuery) -> Response:  # noqa: ARG001 - that there is none is checked
    """Show one environment with all that belongs to it."""
    with provided().store.begin() as session:
        found = queries.environment(session, path.environment_id)
    if found is None:
        missing(path.environment_id)
    return Response(presenting.detail(found).model_dump_json(), mimetype=_JSON)


def list_events(path: EnvironmentPath, query: EventsQuery) -> Response:
    """List an environment's history, newest first."""
    with provided().store.begin() as session:
        _must_exist(session, path.environment_id)
        found = queries.events(session, path.environment_id, query.span)
    items = [presenting.event(item) for item in found.items]
    return page(EventsAnswer(items=items, next=following(EVENTS, found.next)))


def list_deployments(path: EnvironmentPath, query: DeploymentsQuery) -> Response:
    """List the commits that an environment had, newest first."""
    with provided().store.begin() as session:
        _must_exist(session, path.environment_id)
        found = queries.deployments(session, path.environment_id, query.span)
    items = [presenting.deployment(item) for item in found.items]
    return page(DeploymentsAnswer(items=items, next=following(DEPLOYMENTS, found.next)))


def get_evidence(path: EnvironmentPath, query: EvidenceQuery) -> Response:
    """Show what was proposed last and why, who decided, and the environment's recorded changes, newest first."""
    with provided().store.begin() as session:
        _must_exist(session, path.environment_id)
        proposal = queries.proposal(session, path.environment_id)
        found = queries.changes(session, Changes(environment_id=path.environment_id), query.span)
    return page(
        EvidenceAnswer(
            proposal=presenting.proposal(proposal) if proposal is not None else None,
            items=[presenting.change(item) for item in found.items],
            next=following(PUBLICATIONS, found.next),
        )
    )


def list_audit(query: AuditQuery) -> Response:
    """List the recorded changes of all environments, newest first."""
    with provided().store.begin() as session:
        found = queries.changes(session, query.filter, query.span)
    items = [presenting.change(item) for item in found.items]
    return page(AuditAnswer(items=items, next=following(PUBLICATIONS, found.next)))


def list_queues(query: NoQuery) -> Response:  # noqa: ARG001 - that there is none is checked
    """Show which writes to GitHub are due, and what they wait for."""
    services = provided()
    with services.store.begin() as session:
        found = reporting.waiting(session, services.github_limits)
    answer = QueuesAnswer(items=[presenting.queue(item) for item in found])
    return Response(answer.model_dump_json(), mimetype=_JSON)


def _must_exist(session: Session, environment_id: int) -> None:
    if not queries.exists(session, environment_id):
        missing(environment_id)
