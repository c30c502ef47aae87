"""Every error as a problem document (RFC 9457)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus

import structlog
from flask import Flask, Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.exceptions import HTTPException

from app.errors import Transient, shown

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = timedelta(seconds=5)

_log = structlog.get_logger(__name__)

_DETAILS = {
    HTTPStatus.NOT_FOUND: "There is nothing here. The addresses are listed in /api/v1/openapi.json.",
    HTTPStatus.METHOD_NOT_ALLOWED: "The address exists, but not for this method. Use one named in `Allow`.",
}
_ADVICE = {
    "extra_forbidden": "This is not a parameter here: remove it",
    "missing": "This is needed: add it",
}


class FieldProblem(BaseModel):
    """One thing in a request that cannot be used."""

    model_config = ConfigDict(frozen=True)

    field: str
    value: str = Field(description="The value as it was understood, cut to 200 characters")
    detail: str = Field(description="What to do")


class Problem(BaseModel):
    """An error, as RFC 9457 describes them."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="A URN that names the kind of problem and does not change")
    title: str
    status: int
    detail: str = Field(description="What went wrong this time, and what to do")
    errors: list[FieldProblem] = Field(default=[], description="Every part of the request that cannot be used")


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that tells of one problem."""
    kind = status.name.lower().replace("_", "-")
    document = Problem(
        type=f"urn:ephemera:problem:{kind}",
        title=status.phrase,
        status=status.value,
        detail=detail,
        errors=list(errors),
    )
    return Response(document.model_dump_json(), status, headers, mimetype=MEDIA_TYPE)


def invalid(error: ValidationError) -> Response:
    """What a request is told whose parameters cannot be used: all of them at once."""
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Some parameters cannot be used; `errors` names each.",
        errors=[
            FieldProblem(
                field=".".join(str(part) for part in item["loc"])[:200],
                value=shown(item["input"]),
                detail=_ADVICE.get(item["type"], item["msg"].removeprefix("Value error, ")),
            )
            for item in error.errors(include_url=False, include_context=False)
        ],
    )


def handle_problems(app: Flask) -> None:
    """Have the application answer every error with a problem document."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Transient, _unavailable)
    app.register_error_handler(Exception, _unexpected)


def _refused(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    # Werkzeug's own words are for browsers; ours are used where a view gave none.
    is_generic = error.description is None or error.description == type(error).description
    detail = _DETAILS.get(status, status.description or status.phrase) if is_generic else str(error.description)
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}
    return problem(status, detail, headers=headers)


def _unavailable(error: Transient) -> Response:
    _log.warning("request.unavailable", method=request.method, path=request.path, error=str(error))
    seconds = max(1, int((error.retry_after or RETRY_AFTER).total_seconds()))
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database cannot be asked right now. Try again in a moment.",
        headers={"Retry-After": str(seconds)},
    )


def _unexpected(error: Exception) -> Response:
    _log.error("request.failed", method=request.method, path=request.path, exc_info=error)
    detail = "This should not have happened and was logged. Try again, or tell an operator."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
