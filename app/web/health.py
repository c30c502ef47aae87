"""`GET /healthz`: the process answers. `GET /readyz`: it can do its work."""

import json
from dataclasses import asdict
from http import HTTPStatus

from flask import Blueprint, Response

from app.domain.finding import Finding
from app.errors import Transient
from app.store import migrate, probing
from app.web.services import Services, provided


def blueprint() -> Blueprint:
    """The part of an application that probes look at."""
    health = Blueprint("health", __name__)
    health.add_url_rule("/healthz", view_func=show_health)
    health.add_url_rule("/readyz", view_func=show_readiness)
    return health


def show_health() -> Response:
    """200 as long as the process answers at all; looks at nothing else, so that no outage restarts it."""
    return Response('{"status": "ok"}', mimetype="application/json")


def show_readiness() -> Response:
    """200 `ok`; 200 `degraded` without Redis, whose loss costs seconds only; 503 `unavailable` without a migrated
    PostgreSQL."""
    services = provided()
    postgresql, redis = _postgresql(services), _redis(services)
    status = "unavailable" if not postgresql.is_ok else "ok" if redis.is_ok else "degraded"
    content = json.dumps({"status": status, "checks": [asdict(postgresql), asdict(redis)]})
    code = HTTPStatus.OK if postgresql.is_ok else HTTPStatus.SERVICE_UNAVAILABLE
    return Response(content, code, mimetype="application/json")


def _postgresql(services: Services) -> Finding:
    try:
        found = probing.revision(services.store)
    except Transient as error:
        advice = "Start PostgreSQL, or correct EPHEMERA_DATABASE_URL."
        return Finding("postgresql", is_ok=False, detail=str(error), advice=advice)
    if migrate.suffices(found):
        return Finding("postgresql", is_ok=True, detail=f"at migration {found}")
    detail = f"at migration {found or 'none'}; this program needs {migrate.head()}"
    advice = "Run `ephemera migrate` of the version that is deployed."
    return Finding("postgresql", is_ok=False, detail=detail, advice=advice)


def _redis(services: Services) -> Finding:
    if services.redis_is_up():
        return Finding("redis", is_ok=True, detail="answers")
    advice = "Start Redis, or correct EPHEMERA_REDIS_URL. Meanwhile the sweep takes its place, up to a minute later."
    return Finding("redis", is_ok=False, detail="does not answer", advice=advice)
