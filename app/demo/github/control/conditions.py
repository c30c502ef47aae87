"""The conditions of a test: faults, the clock, rate limits, and the ledger."""

import re
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from app.demo.github.clock import stamp
from app.demo.github.control.order import ControlRoute, Order
from app.demo.github.faults import Fault
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
    hub.budget.limit_override = None
    hub.budget.enforces_secondary = False
    hub.budget.reset()
    hub.sender.reset()
    return {}


def _shift_clock(order: Order) -> Any:
    order.hub.clock.shift_to(timedelta(seconds=order.payload["shift_seconds"]))
    return {"now": stamp(order.hub.clock.now())}


def _set_limits(order: Order) -> Any:
    """`limit` (null for GitHub's own), `secondary` (whether to enforce), `reset` (begin new hours)."""
    budget, payload = order.hub.budget, order.payload
    if "limit" in payload:
        budget.limit_override = payload["limit"]
    if "secondary" in payload:
        budget.enforces_secondary = payload["secondary"]
    if payload.get("reset"):
        budget.reset()
    return {}


def _read_ledger(order: Order) -> Any:
    return [asdict(one) | {"at": one.at.isoformat()} for one in order.hub.ledger.entries()]


def _reset_ledger(order: Order) -> Any:
    order.hub.ledger.reset()
    return {}


def _set_ledger(order: Order) -> Any:
    order.hub.ledger.keeps_bodies = order.payload["keeps_bodies"]
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
    ControlRoute("GET", "/ledger", _read_ledger, holds_lock=False),
    ControlRoute("DELETE", "/ledger", _reset_ledger, holds_lock=False),
    ControlRoute("PUT", "/ledger", _set_ledger, holds_lock=False),
)
