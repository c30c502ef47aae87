"""What a person may ask for through the REST API: the same as on a pull request, done by the same functions.

The token is the permission. What cannot be done is answered 409 with the sentence that a pull request would show.
"""

from http import HTTPStatus
from typing import NoReturn

import structlog
from flask import Response, abort, url_for
from flask_openapi.blueprint import APIBlueprint

from app.domain.command import Approve, Destroy, Extend, Pin, Recreate, Redeploy, Rollback, Source, Unpin
from app.domain.pull_request import Author
from app.ports import Ring
from app.store import obeying
from app.store.asking import LOW, NoSuchEnvironment, Refused
from app.store.obeying import Act, Asker
from app.web import document
from app.web.answers import AcceptedAnswer
from app.web.auth import caller
from app.web.parameters import ApproveBody, EnvironmentPath, ExtendBody, NoQuery, PinBody, RollbackBody
from app.web.problems import problem
from app.web.services import provided

_log = structlog.get_logger(__name__)


def add_to(api: APIBlueprint, one: str) -> None:
    """Add every operation to the API; `one` is the address of an environment."""
    for view in (redeploy_environment, destroy_environment, recreate_environment):
        document.act(api, f"{one}/{view.__name__.partition('_')[0]}", view, AcceptedAnswer)
    for refusable in (
        extend_environment,
        pin_environment,
        rollback_environment,
        unpin_environment,
        approve_environment,
    ):
        verb = refusable.__name__.partition("_")[0]
        document.act(api, f"{one}/{verb}", refusable, AcceptedAnswer, may_refuse=True)


def redeploy_environment(path: EnvironmentPath, query: NoQuery) -> Response:  # noqa: ARG001 - that there is none is checked
    """Ask for the same commit again, also where the environment was removed on request or has expired."""
    return _ask(path.environment_id, Redeploy())


def destroy_environment(path: EnvironmentPath, query: NoQuery) -> Response:  # noqa: ARG001 - as above
    """Ask for the environment's removal, though its pull request is open."""
    return _ask(path.environment_id, Destroy())


def recreate_environment(path: EnvironmentPath, query: NoQuery) -> Response:  # noqa: ARG001 - as above
    """Ask for its removal, and then for everything anew; a redeployment where there is nothing to remove."""
    return _ask(path.environment_id, Recreate())


def extend_environment(path: EnvironmentPath, query: NoQuery, body: ExtendBody) -> Response:  # noqa: ARG001 - as above
    """Keep it for so long from now, at the least."""
    return _ask(path.environment_id, Extend(body.duration))


def pin_environment(path: EnvironmentPath, query: NoQuery, body: PinBody) -> Response:  # noqa: ARG001 - as above
    """Have it run this commit, whatever is pushed."""
    return _ask(path.environment_id, Pin(body.sha))


def rollback_environment(path: EnvironmentPath, query: NoQuery, body: RollbackBody) -> Response:  # noqa: ARG001 - as above
    """Have it run what is recorded of an earlier commit, whatever is pushed; today's templates and checks apply."""
    return _ask(path.environment_id, Rollback(body.sha))


def unpin_environment(path: EnvironmentPath, query: NoQuery) -> Response:  # noqa: ARG001 - as above
    """Have it run the pull request's head again, after a pin or a rollback."""
    return _ask(path.environment_id, Unpin())


def approve_environment(path: EnvironmentPath, query: NoQuery, body: ApproveBody) -> Response:  # noqa: ARG001 - as above
    """Let exactly this commit of a fork run."""
    return _ask(path.environment_id, Approve(body.sha))


def _ask(environment_id: int, act: Act) -> Response:
    services, by = provided(), caller()
    asker = Asker(by, Author(0, by), Source.API)
    reason = asker.reason(act)
    try:
        with services.store.begin() as session:
            outcome = obeying.carry_out(session, environment_id, act, asker, services.policy.limits)
    except NoSuchEnvironment:
        missing(environment_id)
    except Refused as refused:
        _log.info("api.refused", environment=environment_id, reason=reason, by=by, why=str(refused))
        return problem(HTTPStatus.CONFLICT, str(refused))
    services.bell.ring(Ring.CLEAN_UP if outcome.queue == LOW else Ring.DECIDE)
    _log.info("api.asked", environment=environment_id, reason=reason, by=by, generation=outcome.generation)
    accepted = AcceptedAnswer(id=environment_id, requested_generation=outcome.generation, answer=outcome.sentence)
    where = url_for("api.get_environment", environment_id=environment_id)
    return Response(accepted.model_dump_json(), HTTPStatus.ACCEPTED, {"Location": where}, mimetype="application/json")


def missing(environment_id: int) -> NoReturn:
    """Answer that there is no such environment."""
    abort(HTTPStatus.NOT_FOUND, f"There is no environment {environment_id}. GET /api/v1/environments lists them.")
