"""Tells whether a call and its answer follow GitHub's OpenAPI description.

OpenAPI lets unknown query parameters and body properties pass; here they are violations, because a misspelt name is
the mistake that GitHub itself never reports.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, urlsplit

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import PathNotFound
from openapi_core.testing import MockRequest, MockResponse

DESCRIPTION = Path(__file__).parent / "api.github.com.json"
HOST = "https://api.github.com"

# Paths that GitHub serves and its description leaves out: a repository by id.
_BY_ID = re.compile(r"^/repositories/\d+")
# The parameters that may hold slashes, which OpenAPI cannot say.
_WITH_SLASHES = re.compile(
    r"(?P<before>/contents/|/commits/|/branches/|/git/refs?/)(?P<value>.+?)(?P<after>/status|/statuses|/check-runs|$)"
)
# Answers that any operation may give and few descriptions name.
_ANY_TIME = frozenset({301, 304, 307, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504})
# Media types that GitHub documents in prose alone: https://docs.github.com/rest/repos/contents#get-repository-content
_RAW = "application/vnd.github.raw"


class Recorded(Protocol):
    """A request as a ledger keeps it."""

    @property
    def method(self) -> str:
        """Upper-case method."""

    @property
    def target(self) -> str:
        """Path and query."""

    @property
    def content_type(self) -> str:
        """The request's content type, perhaps empty."""

    @property
    def body(self) -> str | None:
        """The request's body."""


class Answered(Recorded, Protocol):
    """A request with its answer, as a ledger that keeps answers has it."""

    @property
    def status(self) -> int:
        """The answer's status; 0 for none."""

    @property
    def answer(self) -> str | None:
        """The answer's body; None when it is not kept."""

    @property
    def answer_type(self) -> str:
        """The answer's content type, perhaps empty."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and, unless `status` is None, its answer."""

    method: str
    target: str
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    answer: bytes = b""
    answer_type: str = "application/json"


def violations(entries: Iterable[Recorded]) -> list[str]:
    """Return what is wrong with the requests of a ledger, a line each; empty when all are right."""
    exchanges = (
        Exchange(one.method, one.target, (one.body or "").encode(), one.content_type or "application/json")
        for one in entries
    )
    return [problem for exchange in exchanges for problem in problems(exchange)]


def answer_violations(entries: Iterable[Answered]) -> list[str]:
    """Return what is wrong with the answers of a ledger, and with the requests that were not refused, a line each.

    The same again, with the same answer, is looked at ten times and no more.
    """
    counted: Counter[tuple[str, ...]] = Counter()
    found: list[str] = []
    for one in entries:
        kind = (one.method, re.sub(r"[0-9a-f]{7,}|\d+", "", urlsplit(one.target).path), str(one.status))
        counted[kind] += 1
        if one.answer is not None and counted[kind] <= 10:
            exchange = _answered(one, one.answer)
            found += problems(exchange) if one.status < 400 else answer_problems(exchange)
    return found


def answer_problems(exchange: Exchange) -> list[str]:
    """Return what is wrong with the answer alone, a line each."""
    return [f"{exchange.method} {exchange.target}: {problem}" for problem in _answer_problems(exchange)]


def problems(exchange: Exchange) -> list[str]:
    """Return what is wrong with a request and its answer, a line each."""
    name = f"{exchange.method} {exchange.target}"
    return [f"{name}: {problem}" for problem in (*_request_problems(exchange), *_answer_problems(exchange))]


def _answered(one: Answered, answer: str) -> Exchange:
    return Exchange(
        one.method,
        one.target,
        (one.body or "").encode(),
        one.content_type or "application/json",
        status=one.status,
        answer=answer.encode(),
        answer_type=one.answer_type or "application/json",
    )


@cache
def _openapi() -> OpenAPI:
    return OpenAPI.from_file_path(str(DESCRIPTION))


@cache
def _description() -> Any:
    return json.loads(DESCRIPTION.read_text("utf-8"))


def _request_problems(exchange: Exchange) -> Iterator[str]:
    request = _request(exchange)
    try:
        _openapi().validate_request(request)
    except OpenAPIError as error:
        yield _explained(error)
        return
    operation = _operation(exchange)
    known = {one["name"] for one in map(_resolved, operation.get("parameters", ())) if one["in"] == "query"}
    yield from (f"unknown query parameter {key!r}" for key in _query(exchange) if key not in known)
    yield from _unknown_properties(exchange, operation)


def _unknown_properties(exchange: Exchange, operation: Mapping[str, Any]) -> Iterator[str]:
    if not exchange.body:
        return
    if "requestBody" not in operation:
        yield "the operation takes no body"
        return
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    known = set(_properties(schema))
    yield from (f"unknown property {key!r}" for key in json.loads(exchange.body) if key not in known)


def _properties(schema: Any) -> Iterator[str]:
    resolved = _resolved(schema)
    yield from resolved.get("properties", {})
    for word in ("oneOf", "anyOf", "allOf"):
        for part in resolved.get(word, ()):
            yield from _properties(part)


def _answer_problems(exchange: Exchange) -> Iterator[str]:
    if exchange.status is None:
        return
    operation = _operation(exchange)
    documented = operation.get("responses", {})
    if str(exchange.status) not in documented:
        yield from _undocumented(exchange)
        return
    if exchange.answer_type.startswith(_RAW):
        return
    if not exchange.answer and "content" not in _resolved(documented[str(exchange.status)]):
        return
    response = MockResponse(exchange.answer, exchange.status, content_type=exchange.answer_type)
    try:
        _openapi().validate_response(_request(exchange), response)
    except OpenAPIError as error:
        yield f"answer {exchange.status}: {_explained(error)}"


def _undocumented(exchange: Exchange) -> Iterator[str]:
    """Hold an answer that the operation does not name against GitHub's common error document."""
    if exchange.status not in _ANY_TIME:
        yield f"answer {exchange.status} is not documented"
    elif exchange.status != 304:
        missing = {"message", "documentation_url"} - set(json.loads(exchange.answer or b"{}"))
        yield from (f"answer {exchange.status}: no {key!r}" for key in sorted(missing))


def _operation(exchange: Exchange) -> Mapping[str, Any]:
    path = _path(exchange)
    found = [template for template in _description()["paths"] if _matches(template, path)]
    # The one with the fewest parameters is meant: `/issues/comments/{id}` before `/issues/{n}/{rest}`.
    template = min(found, key=lambda one: one.count("{"), default="")
    operations: Mapping[str, Any] = _description()["paths"].get(template, {})
    operation: Mapping[str, Any] = operations.get(exchange.method.lower(), {})
    return operation


def _matches(template: str, path: str) -> bool:
    return bool(re.fullmatch(re.sub(r"\\{.*?\\}", "[^/]+", re.escape(template)), path))


def _request(exchange: Exchange) -> MockRequest:
    return MockRequest(
        host_url=HOST,
        method=exchange.method.lower(),
        path=_path(exchange),
        args=_query(exchange),
        headers=dict(exchange.headers),
        data=exchange.body,
        content_type=exchange.content_type.partition(";")[0],
    )


def _path(exchange: Exchange) -> str:
    path = _BY_ID.sub("/repos/by/id", urlsplit(exchange.target).path)
    return _WITH_SLASHES.sub(lambda at: at["before"] + quote(at["value"], safe="%") + at["after"], path)


def _query(exchange: Exchange) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(exchange.target).query, keep_blank_values=True))


def _resolved(node: Any) -> Any:
    while "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        node = _description()["components"][kind][name]
    return node


def _explained(error: Exception) -> str:
    if isinstance(error, PathNotFound):
        return "no such operation in GitHub's description"
    cause = error.__cause__ or error
    details = getattr(cause, "schema_errors", None) or getattr(error, "schema_errors", None) or ()
    return "; ".join(_located(one) for one in details) or str(cause)[:300] or type(cause).__name__


def _located(error: Any) -> str:
    deepest = min(error.context, key=lambda one: -len(one.absolute_path), default=error) if error.context else error
    where = "/".join(str(step) for step in deepest.absolute_path)
    return f"{where or 'body'}: {deepest.message[:300]}"
