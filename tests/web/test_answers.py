"""What every answer has in common, and the OpenAPI document that describes them."""

import json
from functools import cache

import pytest
from flask import Flask
from openapi_core import Config, OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from openapi_spec_validator import validate
from structlog.testing import capture_logs
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, TestResponse
from werkzeug.wrappers import Request

from app.store.tokens import Scope, create
from tests.fixtures.payloads import example
from tests.web.house import House

READS_PROBLEMS = Config(extra_media_type_deserializers={"application/problem+json": json.loads})
PATHS = ["/healthz", "/readyz", "/nowhere", "/api/v1/environments", "/api/v1/openapi.json", "/webhooks/github"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "HEAD"])
def test_every_answer_carries_the_security_headers(quiet_house: House, path: str, method: str) -> None:
    answer = quiet_house.client.open(path, method=method)
    assert answer.status_code < 500
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "host", ["evil.example", 'x"><script>', "a b", "é", "..", "x" * 300, "[", "evil.example:99999"]
)
@pytest.mark.parametrize("path", ["/healthz", "/api/v1/environments", "//healthz", "/healthz/"])
def test_forged_host_comes_back_nowhere(quiet_house: House, host: str, path: str) -> None:
    answer = quiet_house.client.get(path, headers={"Host": host})
    assert answer.status_code < 500
    assert not 300 <= answer.status_code < 400
    assert "evil" not in answer.text + str(answer.headers)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/healthz", 405)])
def test_errors_are_problem_documents(house: House, method: str, path: str, status: int) -> None:
    answer = house.client.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["status"] == status
    assert set(answer.get_json()) == {"type", "title", "status", "detail", "errors"}


def test_method_that_is_not_allowed_is_told_which_are(house: House) -> None:
    assert "GET" in house.client.delete("/healthz").headers["Allow"]


def test_unexpected_error_is_logged_once_and_shows_nothing(house: House) -> None:
    _fail_at(house.app, "/fails", RuntimeError("the secret plan"))
    with capture_logs() as logs:
        answer = house.client.get("/fails")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "secret plan" not in answer.text
    assert [entry["event"] for entry in logs] == ["request.failed"]


def test_document_is_valid_and_names_every_operation(house: House) -> None:
    document = house.client.get("/api/v1/openapi.json").get_json()
    validate(document)
    assert document["openapi"] == "3.1.1"
    operations = {
        (method, path): operation["operationId"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert operations == {
        ("get", "/api/v1/environments"): "list_environments",
        ("get", "/api/v1/environments/{environment_id}"): "get_environment",
        ("get", "/api/v1/environments/{environment_id}/events"): "list_events",
        ("get", "/api/v1/environments/{environment_id}/deployments"): "list_deployments",
        ("get", "/api/v1/environments/{environment_id}/evidence"): "get_evidence",
        ("get", "/api/v1/audit"): "list_audit",
        ("get", "/api/v1/queues"): "list_queues",
        ("post", "/api/v1/environments/{environment_id}/redeploy"): "redeploy_environment",
        ("post", "/api/v1/environments/{environment_id}/destroy"): "destroy_environment",
        ("post", "/api/v1/environments/{environment_id}/recreate"): "recreate_environment",
        ("post", "/api/v1/environments/{environment_id}/extend"): "extend_environment",
        ("post", "/api/v1/environments/{environment_id}/pin"): "pin_environment",
        ("post", "/api/v1/environments/{environment_id}/rollback"): "rollback_environment",
        ("post", "/api/v1/environments/{environment_id}/unpin"): "unpin_environment",
        ("post", "/api/v1/environments/{environment_id}/approve"): "approve_environment",
    }


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        (Scope.READ, "GET", "/environments", 200),
        (Scope.READ, "GET", "/environments?limit=1&status=pending", 200),
        (Scope.READ, "GET", "/environments/1", 200),
        (Scope.READ, "GET", "/environments/1/events?limit=1", 200),
        (Scope.READ, "GET", "/environments/1/deployments", 200),
        (Scope.READ, "GET", "/environments/1/evidence?limit=1", 200),
        (Scope.READ, "GET", "/audit?from=2026-11-24T12:00:00Z&repository=acme/shop&by=ada", 200),
        (Scope.READ, "GET", "/audit?from=yesterday", 422),
        (Scope.READ, "GET", "/queues", 200),
        (Scope.ACT, "POST", "/environments/1/redeploy", 202),
        (Scope.ACT, "POST", "/environments/1/destroy", 202),
        (Scope.ACT, "POST", "/environments/1/recreate", 202),
        (Scope.ACT, "POST", "/environments/1/unpin", 409),
        (Scope.ACT, "POST", "/environments/1/extend", 422),
        (None, "GET", "/environments", 401),
        (Scope.READ, "POST", "/environments/1/destroy", 403),
        (Scope.READ, "GET", "/environments/9", 404),
        (Scope.READ, "GET", "/environments?limit=0", 422),
    ],
)
def test_answers_are_as_the_document_says(
    house: House, scope: Scope | None, method: str, path: str, status: int
) -> None:
    for payload in (example("pull_request", "opened"), example("pull_request", "synchronize")):
        house.send(payload)
    answer, request = _ask(house, scope, method, f"/api/v1{path}")
    assert answer.status_code == status
    description = _description(house.client.get("/api/v1/openapi.json").text)
    description.validate_response(WerkzeugOpenAPIRequest(request), WerkzeugOpenAPIResponse(answer))


@cache
def _description(document: str) -> OpenAPI:
    return OpenAPI.from_dict(json.loads(document), config=READS_PROBLEMS)


def _ask(house: House, scope: Scope | None, method: str, path: str) -> tuple[TestResponse, Request]:
    headers = {}
    if scope is not None:
        with house.store.begin() as session:
            headers["Authorization"] = f"Bearer {create(session, 'somebody', scope)}"
    builder = EnvironBuilder(path, method=method, headers=Headers(headers))
    return house.client.open(path, method=method, headers=headers), builder.get_request()


def _fail_at(app: Flask, path: str, error: Exception) -> None:
    def fail() -> str:
        raise error

    app.add_url_rule(path, view_func=fail)
