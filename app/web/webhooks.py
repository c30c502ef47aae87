"""`POST /webhooks/github`: verify, keep, mark, commit, and only then ring."""

import json
from http import HTTPStatus

import structlog
from flask import Blueprint, Response, request

from app.ports import Ring
from app.store import asking
from app.store.asking import Receipt
from app.web.body import read_body
from app.web.doorbell import MARKED, delivery_id, parse_doorbell
from app.web.problems import problem
from app.web.services import intake, provided
from app.web.signature import HEADER, is_signed

RINGS = {asking.HIGH: Ring.DECIDE, asking.LOW: Ring.CLEAN_UP}
"""Which job looks after the marks of a queue."""

DUPLICATE = "duplicate"

_log = structlog.get_logger(__name__)


def blueprint() -> Blueprint:
    """The webhooks' part of an application."""
    webhooks = Blueprint("webhooks", __name__)
    webhooks.add_url_rule("/webhooks/github", view_func=receive, methods=["POST"])
    return webhooks


def receive() -> Response:
    """Keep one delivery, once.

    202 when it is kept, 200 when it was here before, 401 unless it is signed, 413, 503. A 2xx is a promise: what the
    delivery asks for is committed. The bell may be lost; the sweep finds the mark.
    """
    services = provided()
    body = read_body(services.max_body_bytes)
    if not is_signed(body, request.headers.get(HEADER), services.webhook_secrets):
        return _unsigned()
    delivery = delivery_id(request.headers.get("X-GitHub-Delivery"), body)
    event = request.headers.get("X-GitHub-Event")
    receipt = parse_doorbell(delivery, event, body, services.github_app_id, services.environments)
    kept = intake().receive(receipt)
    if kept is None:
        return _known(receipt)
    services.bell.ring(*_rings(kept))
    return _kept(kept)


def _rings(kept: Receipt) -> tuple[Ring, ...]:
    """Who looks after what was kept."""
    if kept.ask is not None:
        return (RINGS[kept.ask.queue],)
    if kept.command is not None:
        return (Ring.OBEY,)
    if kept.proposal is not None:
        return (Ring.REVIEW,)
    return (Ring.FOLLOW,) if kept.outcome == MARKED else ()


def _kept(receipt: Receipt) -> Response:
    return _answer(HTTPStatus.ACCEPTED, receipt, receipt.outcome, receipt.reason)


def _known(receipt: Receipt) -> Response:
    return _answer(HTTPStatus.OK, receipt, DUPLICATE, "it was received before; nothing changed")


def _answer(status: HTTPStatus, receipt: Receipt, outcome: str, reason: str | None) -> Response:
    _log.info("webhook.received", delivery=receipt.id, webhook=receipt.event, outcome=outcome, reason=reason)
    content = json.dumps({"delivery": receipt.id, "outcome": outcome, "reason": reason})
    return Response(content, status, mimetype="application/json")


def _unsigned() -> Response:
    _log.warning("webhook.unsigned", sender=request.remote_addr)
    detail = (
        f"{HEADER} is missing or is not the HMAC-SHA256 of this body under the webhook's secret. "
        "Set the same secret on GitHub and in EPHEMERA_GITHUB_WEBHOOK_SECRETS."
    )
    return problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": f'HMAC-SHA256 header="{HEADER}"'})
