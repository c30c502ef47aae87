"""The OpenAPI document: what every operation of the API says about itself."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from flask import Response, current_app, json
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.openapi import OpenAPI
from pydantic import BaseModel

from app.web.problems import MEDIA_TYPE, Problem

VERSION = "3.1.1"
"""What the document conforms to; the library's own default is newer than most tools read."""

INFO = {
    "title": "Ephemera",
    "version": "1",
    "description": "Environments of pull requests. Nothing is done within a request: what is asked for is kept, "
    "and the environment shows how far it has come.",
}
TOKEN = "token"  # noqa: S105 - the name of a security scheme
SECURITY_SCHEMES = {TOKEN: {"type": "http", "scheme": "bearer"}}

_READ_PROBLEMS = (401, 403, 422, 500, 503)

View = Callable[..., Response]


def new_app(name: str) -> OpenAPI:
    """An application that documents its API, errors as problem documents included; without pages of its own."""
    app = OpenAPI(
        name,
        info=INFO,
        security_schemes=cast("Any", SECURITY_SCHEMES),
        validation_error_model=Problem,
        doc_ui=False,
        static_folder=None,
    )
    app.openapi_version = VERSION
    return app


def show_document() -> Response:
    """The document. It tells nothing about anybody, so it needs no token."""
    return Response(json.dumps(cast("OpenAPI", current_app).api_doc), mimetype="application/json")


def read(api: APIBlueprint, rule: str, view: View, answer: type[BaseModel], *, finds_one: bool) -> None:
    """Add a GET that answers 200; one that looks for something may also answer 404."""
    problems = (*_READ_PROBLEMS, 404) if finds_one else _READ_PROBLEMS
    api.get(rule, operation_id=view.__name__, responses=cast("Any", {200: answer} | _documented(problems)))(view)


def act(api: APIBlueprint, rule: str, view: View, answer: type[BaseModel], *, may_refuse: bool = False) -> None:
    """Add a POST that answers 202 for something that exists, or 409 where it may be refused as things stand."""
    problems = (*_READ_PROBLEMS, 404, 409) if may_refuse else (*_READ_PROBLEMS, 404)
    api.post(rule, operation_id=view.__name__, responses=cast("Any", {202: answer} | _documented(problems)))(view)


def _documented(statuses: tuple[int, ...]) -> dict[int, Any]:
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in sorted(statuses)
    }
