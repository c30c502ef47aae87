"""The conditions of a test: faults, the clock, rate limits, and the ledger."""

import re
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from app.demo.github.clock import stamp
from app.demo.github.control.order import ControlRoute, Order
from app.demo.github.faults import Fault
from app.demo.github.ledger import tallies
from app.demo.github.refusals import Refusal


def _add_fault(order: Order) -> Any:
    try:
        order.hub.faults.add(Fault(**order.payload))
    except (re.error, TypeError) as error:
        raise Refusal(400, f"bad fault: {error}") from error
    return {}


def _list_faults(order: Order) -> Any:
    return [asdict(one) for one in order.hub.faults.waiting()]


def _clear_faults(order: Order) -> Any:
    order.hub.faults.clear()
    return {}


def _reset(order: Order) -> Any:
    """Return every condition to what it was at the start; people, repositories and the ledger stay."""
    hub = order.hub
    hub.faults.clear()
    hub.clock.shift_to(timedelta())
    hub.budget.reset()
    hub.state.conceals_forbidden = False
    hub.sender.reset()
    return {}


def _shift_clock(order: Order) -> Any:
    order.hub.clock.shift_to(timedelta(seconds=order.payload["shift_seconds"]))
    return {"now": stamp(order.hub.clock.now())}


def _set_limits(order: Order) -> Any:
    """`limit` (null for GitHub's own), `secondary` (whether to enforce), `secondary_status` (403 or 429),
    `strict_spacing` (a second between writes as well), `reset` (begin new hours)."""
    budget, payload = order.hub.budget, order.payload
    if "limit" in payload:
        budget.limit_override = payload["limit"]
    if payload.get("reset"):
        budget.begin_anew()
    secondary = budget.secondary
    secondary.is_enforced = payload.get("secondary", secondary.is_enforced)
    secondary.is_spacing_enforced = payload.get("strict_spacing", secondary.is_spacing_enforced)
    secondary.status = payload.get("secondary_status", secondary.status)
    return {}


def _set_concealing(order: Order) -> Any:
    """`on`: what a token may not read is not found, instead of forbidden."""
    order.hub.state.conceals_forbidden = order.payload["on"]
    return {}


def _read_ledger(order: Order) -> Any:
    return [asdict(one) | {"at": one.at.isoformat()} for one in order.hub.ledger.entries()]


def _tally_ledger(order: Order) -> Any:
    return [asdict(one) for one in tallies(order.hub.ledger.entries())]


def _reset_ledger(order: Order) -> Any:
    order.hub.ledger.reset()
    return {}


def _set_ledger(order: Order) -> Any:
    ledger = order.hub.ledger
    ledger.keeps_bodies = order.payload.get("keeps_bodies", ledger.keeps_bodies)
    ledger.keeps_answers = order.payload.get("keeps_answers", ledger.keeps_answers)
    return {}


def _show_health(order: Order) -> Any:
    return {"now": stamp(order.hub.clock.now())}


ROUTES = (
    ControlRoute("GET", "/healthz", _show_health, holds_lock=False),
    ControlRoute("POST", "/reset", _reset),
    ControlRoute("GET", "/faults", _list_faults, holds_lock=False),
    ControlRoute("POST", "/faults", _add_fault, holds_lock=False),
    ControlRoute("DELETE", "/faults", _clear_faults, holds_lock=False),
    ControlRoute("PUT", "/clock", _shift_clock),
    ControlRoute("PUT", "/limits", _set_limits),
    ControlRoute("PUT", "/concealing", _set_concealing),
    ControlRoute("GET", "/ledger/tally", _tally_ledger, holds_lock=False),
    ControlRoute("GET", "/ledger", _read_ledger, holds_lock=False),
    ControlRoute("DELETE", "/ledger", _reset_ledger, holds_lock=False),
    ControlRoute("PUT", "/ledger", _set_ledger, holds_lock=False),
)
