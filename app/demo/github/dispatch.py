"""The one path of every API request: authenticate, find the repository, check the permission, run the handler."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from flask import Request, Response

from app.demo.github.auth import identify, require
from app.demo.github.budget import Window
from app.demo.github.call import Answer, AsInstallation, Call, Json, Principal, Route
from app.demo.github.changing import holding
from app.demo.github.hub import Hub
from app.demo.github.ledger import NOTES, READING, Notes
from app.demo.github.records import Repository
from app.demo.github.refusals import Limited, Moved, Refusal, not_found
from app.demo.github.secondary import Demand
from app.demo.github.spending import name_of, window_of

API_VERSION = "2022-11-28"
API_VERSIONS = frozenset({API_VERSION, "2026-03-10"})
FREE_PATHS = frozenset({"/rate_limit"})


def dispatch(hub: Hub, route: Route, request: Request, args: Mapping[str, Any]) -> Response:
    """Answer one request, refusals included; holds the state's lock meanwhile, and a Git-backed repository's."""
    notes = _notes(request)
    notes.operation = f"{route.method} {route.path}" if route.path else ""
    with holding(hub, args, changes=request.method not in READING):
        window: Window | None = None
        try:
            _check_headers(request)
            principal = identify(hub, request.headers.get("Authorization", ""))
            notes.principal, notes.installation_id = name_of(principal), _installation_id(principal)
            window = window_of(hub, principal)
            _check_budget(hub, principal, window, request)
            answer = _answer(hub, route, request, args, principal)
        except Refusal as refusal:
            notes.limit = refusal.limit if isinstance(refusal, Limited) else None
            answer = Answer(refusal.body, refusal.status, refusal.headers)
        return _response(request, answer, window)


def _check_headers(request: Request) -> None:
    if not request.headers.get("User-Agent"):
        raise Refusal(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header "
            "(https://docs.github.com/rest/overview/resources-in-the-rest-api#user-agent-required).",
        )
    version = request.headers.get("X-GitHub-Api-Version", API_VERSION)
    if version not in API_VERSIONS:
        raise Refusal(400, f"API version {version[:200]!r} is not supported.")


def _answer(hub: Hub, route: Route, request: Request, args: Mapping[str, Any], principal: Principal) -> Answer:
    call = Call(
        hub=hub,
        principal=principal,
        method=request.method,
        path=request.path,
        args=args,
        query=request.args.to_dict(),
        payload=_payload(request),
        accept=request.headers.get("Accept", ""),
        found=_repository(hub, request, args),
    )
    require(call, route)
    return route.handler(call)


def _payload(request: Request) -> Json:
    body = request.get_data()
    if not body:
        return {}
    try:
        payload = json.loads(body)
    except ValueError as error:
        raise Refusal(400, "Problems parsing JSON") from error
    if not isinstance(payload, dict):
        raise Refusal(400, "Body should be a JSON object")
    return payload


def _repository(hub: Hub, request: Request, args: Mapping[str, Any]) -> Repository | None:
    if "owner" not in args:
        return None
    named = f"{args['owner']}/{args['repo']}"
    found = hub.state.repository_named(named)
    if found is None:
        raise _moved(hub, request, named)
    return found


def _moved(hub: Hub, request: Request, named: str) -> Refusal:
    moved = hub.state.repository_once_named(named)
    if moved is None:
        return not_found()
    rest = request.path.removeprefix(f"/repos/{named}")
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    return Moved(request.method, f"{hub.options.url}/repositories/{moved.id}{rest}{query}")


def _notes(request: Request) -> Notes:
    notes: Notes = request.environ[NOTES]
    return notes


def _installation_id(principal: Principal) -> int | None:
    return principal.installation.id if isinstance(principal, AsInstallation) else None


def _check_budget(hub: Hub, principal: Principal, window: Window, request: Request) -> None:
    if request.path in FREE_PATHS:
        return
    is_write = request.method not in READING
    is_content = is_write and request.method != "DELETE" and request.path.startswith("/repos/")
    demand = Demand(is_write=is_write, is_content=is_content, at_once=_notes(request).at_once)
    hub.budget.check(name_of(principal), window, demand, hub.clock.now())


def _response(request: Request, answer: Answer, window: Window | None) -> Response:
    body = _encoded(answer)
    headers = _standard_headers() | _cache_headers(request, answer, body)
    response = Response(body, answer.status, headers, content_type="application/json; charset=utf-8")
    if answer.status == 204:
        response.headers.pop("Content-Type")
    if headers.get("ETag") and request.if_none_match.contains_weak(headers["ETag"][3:-1]):
        response = Response(b"", 304, headers)
        response.headers.pop("Content-Type", None)
    cost = 0 if response.status_code == 304 or request.path in FREE_PATHS else 1
    _notes(request).cost = cost
    if window is not None:
        window.used = min(window.limit, window.used + cost)
        response.headers.update(window.headers())
    response.headers.update(answer.headers)
    return response


def _encoded(answer: Answer) -> bytes:
    if answer.body is None:
        return b""
    if isinstance(answer.body, bytes):
        return answer.body
    return json.dumps(answer.body, separators=(",", ":"), ensure_ascii=False).encode()


def _standard_headers() -> dict[str, str]:
    request_id = secrets.token_hex(16).upper()
    return {
        "Server": "github.com",
        "X-GitHub-Media-Type": "github.v3; format=json",
        "x-github-api-version-selected": API_VERSION,
        "X-GitHub-Request-Id": ":".join((request_id[:4], request_id[4:10], request_id[10:17], request_id[17:24])),
        "X-Content-Type-Options": "nosniff",
    }


def _cache_headers(request: Request, answer: Answer, body: bytes) -> dict[str, str]:
    if request.method not in {"GET", "HEAD"} or answer.status != 200:
        return {}
    return {
        "ETag": f'W/"{hashlib.sha256(body).hexdigest()}"',
        "Cache-Control": "private, max-age=60, s-maxage=60",
        "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP",
    }
