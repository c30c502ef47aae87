"""Who is calling: App JWTs and installation tokens, and what each may do.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app
"""

import secrets
import string
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt
from jwt.types import Options

from app.demo.github.call import Anonymous, AsApp, AsInstallation, Call, Principal, Route
from app.demo.github.hub import Hub
from app.demo.github.records import Installation, Repository, Token
from app.demo.github.refusals import Refusal, not_found
from app.demo.github.registry import RegisteredApp

JWT_LIFETIME = timedelta(minutes=10)
CLOCK_LEEWAY = timedelta(seconds=60)
TOKEN_LIFETIME = timedelta(hours=1)
RANKS = ("none", "read", "write", "admin")
ALPHABET = string.ascii_letters + string.digits
UNDECODABLE = "A JSON web token could not be decoded"


def identify(hub: Hub, authorization: str) -> Principal:
    """Return who an `Authorization` header speaks for. Raises the 401 (or 404) GitHub would answer."""
    scheme, _, credential = authorization.partition(" ")
    if not authorization:
        return Anonymous()
    if scheme.lower() not in {"bearer", "token"}:
        raise Refusal(401, "Bad credentials")
    if credential.count(".") == 2:
        return AsApp(_verified_app(hub, credential))
    return _installation_of(hub, credential)


def issue_token(hub: Hub, token: Token) -> str:
    """Remember a token and return its secret."""
    secret = "ghs_" + "".join(secrets.choice(ALPHABET) for _ in range(36))
    hub.state.tokens[secret] = token
    return secret


def require(call: Call, route: Route) -> None:
    """Raise GitHub's refusal unless the caller may use the route."""
    match route.access:
        case "app":
            if not isinstance(call.principal, AsApp):
                raise Refusal(401, UNDECODABLE)
            if call.principal.app.id != call.hub.apps.main.id and call.path != "/app":
                raise not_found()  # an App made from a manifest is installed nowhere
        case "installation":
            if not isinstance(call.principal, AsInstallation):
                raise Refusal(403, "You must authenticate with an installation access token")
        case "repository":
            _require_repository(call, route)
        case "anyone":
            pass


def is_inside(hub: Hub, caller: AsInstallation, repository: Repository) -> bool:
    """Tell whether an installation's token covers a repository."""
    inside = hub.state.installation_of(repository)
    return inside is not None and inside.id == caller.installation.id and caller.may_see(repository)


def grants(hub: Hub, caller: AsInstallation, wanted: str) -> bool:
    """Tell whether a token, and still its installation, has a permission such as `contents:write`."""
    name, _, level = wanted.partition(":")
    present: Installation = hub.state.installations[caller.installation.id]
    granted = (source.get(name, "none") for source in (caller.token.permissions, present.permissions))
    return name == "metadata" or min(map(RANKS.index, granted)) >= RANKS.index(level)


def _verified_app(hub: Hub, encoded: str) -> RegisteredApp:
    issuer = _claims(encoded, "", {"verify_signature": False}).get("iss", "")
    found = hub.apps.find(str(issuer))
    if found is None:
        raise Refusal(404, "Integration not found")
    unchecked: Options = {"verify_exp": False, "verify_iat": False, "verify_iss": False, "verify_aud": False}
    _check_times(_claims(encoded, found.public_key, unchecked), hub.clock.now())
    return found


def _claims(encoded: str, public_key: str, options: Options) -> Mapping[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(encoded, public_key, algorithms=["RS256"], options=options)
    except jwt.PyJWTError as error:
        raise Refusal(401, UNDECODABLE) from error
    return claims


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > (now + CLOCK_LEEWAY).timestamp():
        raise Refusal(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        )
    if not isinstance(expires, int) or expires <= now.timestamp():
        raise Refusal(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time "
            "at which the assertion expires",
        )
    if expires > (now + JWT_LIFETIME).timestamp():
        raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")


def _installation_of(hub: Hub, secret: str) -> Principal:
    token = hub.state.tokens.get(secret)
    if token is None or token.expires_at <= hub.clock.now():
        raise Refusal(401, "Bad credentials")
    installation = hub.state.installations.get(token.installation_id)
    if installation is None:
        raise Refusal(401, "Bad credentials")
    if installation.suspended_at:
        raise Refusal(403, "This installation has been suspended")
    return AsInstallation(installation, token, secret)


def _require_repository(call: Call, route: Route) -> None:
    is_reading = call.method in {"GET", "HEAD"}
    match call.principal:
        case AsInstallation() as caller if is_inside(call.hub, caller, call.repository):
            if not any(grants(call.hub, caller, wanted) for wanted in route.permissions):
                raise not_found() if is_reading and call.hub.state.conceals_forbidden else _not_accessible(route)
        case AsInstallation():
            if call.repository.private:
                raise not_found()
            if not is_reading:
                raise _not_accessible(route)
        case Anonymous() | AsApp():
            if call.repository.private:
                raise not_found()
            if not is_reading:
                raise Refusal(401, "Requires authentication")


def _not_accessible(route: Route) -> Refusal:
    wanted = "; ".join(one.replace(":", "=") for one in route.permissions)
    headers = {"X-Accepted-GitHub-Permissions": wanted}
    return Refusal(403, "Resource not accessible by integration", headers=headers)
