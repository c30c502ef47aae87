"""All operations of the control plane, and how one is answered."""

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from flask import Request, Response

from app.demo.github.changing import holding
from app.demo.github.control import conditions, conversations, deliveries, installations, people, pulls, repositories
from app.demo.github.control.order import ControlRoute, Order
from app.demo.github.hub import Hub
from app.demo.github.refusals import Refusal


def control_routes() -> tuple[ControlRoute, ...]:
    """Return every route, with paths relative to the control plane's prefix."""
    return (
        *conditions.ROUTES,
        *conversations.ROUTES,
        *deliveries.ROUTES,
        *installations.ROUTES,
        *people.ROUTES,
        *pulls.ROUTES,
        *repositories.ROUTES,
    )


def obey(hub: Hub, route: ControlRoute, request: Request, args: Mapping[str, Any]) -> Response:
    """Answer one request; a missing field of the body is a 400 that names it."""
    payload = json.loads(request.get_data() or b"{}")
    order = Order(hub, args, request.args.to_dict(), payload)
    try:
        changes = route.method != "GET"
        with holding(hub, args, changes=changes) if route.holds_lock else contextlib.nullcontext():
            body, status = route.handler(order), 200
    except Refusal as refusal:
        body, status = {"message": str(refusal)}, refusal.status
    except KeyError as missing:
        body, status = {"message": f"missing or unknown: {missing}"}, 400
    return Response(json.dumps(body), status, content_type="application/json")
