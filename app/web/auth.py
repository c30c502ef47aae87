"""Bearer tokens (RFC 6750): who asks, and whether they may."""

from http import HTTPStatus

import structlog
from flask import Response, g, request

from app.store import tokens
from app.store.tokens import Scope
from app.web.problems import problem
from app.web.services import provided

_SCHEME = "bearer"
_REALM = 'Bearer realm="ephemera"'
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

_log = structlog.get_logger(__name__)


def refuse_strangers() -> Response | None:
    """None when the request carries a token whose scope suffices, else the answer: 401 or 403.

    Reading needs any token, everything else one of scope `act`.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not token:
        return _unauthorized(_REALM, "No token was sent. Send `Authorization: Bearer <token>`.")
    with provided().store.begin() as session:
        found = tokens.find(session, token.strip()) if scheme.lower() == _SCHEME else None
    if found is None:
        return _unauthorized(f'{_REALM}, error="invalid_token"', "This token is not known.")
    name, scope = found
    if request.method not in _READING and scope is not Scope.ACT:
        return _forbidden(name)
    g.caller = f"token:{name}"
    return None


def caller() -> str:
    """Who sent the present request, as history names them: `token:<name>`."""
    return str(g.caller)


def _unauthorized(challenge: str, what: str) -> Response:
    _log.info("api.unauthorized", path=request.path, sender=request.remote_addr)
    detail = f"{what} An operator makes one with `ephemera token create --scope read --name NAME`."
    return problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})


def _forbidden(name: str) -> Response:
    _log.info("api.forbidden", path=request.path, caller=name)
    challenge = f'{_REALM}, error="insufficient_scope", scope="{Scope.ACT.value}"'
    detail = f"The token {name} may only read. This needs one made with `ephemera token create --scope act`."
    return problem(HTTPStatus.FORBIDDEN, detail, headers={"WWW-Authenticate": challenge})
