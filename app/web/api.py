"""The REST API, `/api/v1`: what exists and how it is, and the two things that a person may ask for."""

from collections.abc import Callable
from http import HTTPStatus
from typing import NoReturn

import structlog
from flask import Response, abort, url_for
from flask_openapi.blueprint import APIBlueprint

from app.ports import Ring
from app.store import asking, queries
from app.store.engine import Session
from app.web import document, presenting
from app.web.answers import (
    AcceptedAnswer,
    DeploymentsAnswer,
    EnvironmentDetailAnswer,
    EnvironmentsAnswer,
    EventsAnswer,
)
from app.web.auth import caller, refuse_strangers
from app.web.paging import following, page
from app.web.parameters import (
    DEPLOYMENTS,
    ENVIRONMENTS,
    EVENTS,
    DeploymentsQuery,
    EnvironmentPath,
    EnvironmentsQuery,
    EventsQuery,
    NoQuery,
)
from app.web.services import provided

PREFIX = "/api/v1"

_ONE = "/environments/<environment_id:environment_id>"
_JSON = "application/json"

_log = structlog.get_logger(__name__)


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
    document.act(api, f"{_ONE}/redeploy", redeploy_environment, AcceptedAnswer)
    document.act(api, f"{_ONE}/destroy", destroy_environment, AcceptedAnswer)
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
        _missing(path.environment_id)
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


def redeploy_environment(path: EnvironmentPath, query: NoQuery) -> Response:  # noqa: ARG001 - as above
    """Ask for the same commit again, also where the environment was removed on request."""
    return _ask(path.environment_id, asking.redeploy, "api.redeploy", Ring.DECIDE)


def destroy_environment(path: EnvironmentPath, query: NoQuery) -> Response:  # noqa: ARG001 - as above
    """Ask for the environment's removal, though its pull request is open."""
    return _ask(path.environment_id, asking.destroy, "api.destroy", Ring.CLEAN_UP)


def _ask(environment_id: int, ask: Callable[[Session, int, str, str], int], reason: str, ring: Ring) -> Response:
    services, by = provided(), caller()
    try:
        with services.store.begin() as session:
            generation = ask(session, environment_id, by, reason)
    except asking.NoSuchEnvironment:
        _missing(environment_id)
    services.bell.ring(ring)
    _log.info("api.asked", environment=environment_id, reason=reason, by=by, generation=generation)
    accepted = AcceptedAnswer(id=environment_id, requested_generation=generation)
    where = url_for("api.get_environment", environment_id=environment_id)
    return Response(accepted.model_dump_json(), HTTPStatus.ACCEPTED, {"Location": where}, mimetype=_JSON)


def _must_exist(session: Session, environment_id: int) -> None:
    if not queries.exists(session, environment_id):
        _missing(environment_id)


def _missing(environment_id: int) -> NoReturn:
    abort(HTTPStatus.NOT_FOUND, f"There is no environment {environment_id}. GET {PREFIX}/environments lists them.")
