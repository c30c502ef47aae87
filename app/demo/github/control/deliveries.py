"""The hook: where webhooks go, how they leave, and sending any payload by hand."""

import base64
import json
import uuid
from typing import Any

from app.demo.github.control.order import ControlRoute, Order
from app.demo.github.deliveries import Message
from app.demo.github.sender import Sending
from app.demo.github.shapes.installations import delivery


def _set_hook(order: Order) -> Any:
    sender = order.hub.sender
    sender.url = order.payload.get("url", sender.url)
    sender.secret = order.payload.get("secret", sender.secret)
    return {}


def _set_sending(order: Order) -> Any:
    order.hub.sender.sending = Sending(**order.payload)
    return {}


def _release(order: Order) -> Any:
    if order.payload.get("discard"):
        return {"discarded": order.hub.sender.discard_held()}
    order_of_leaving = order.payload.get("order", "sent")
    return {"released": order.hub.sender.release(order_of_leaving, order.payload.get("seed", 0))}


def _wait(order: Order) -> Any:
    is_idle = order.hub.sender.wait(float(order.query.get("timeout", "10")))
    return {"idle": is_idle, "held": order.hub.sender.held()}


def _deliver(order: Order) -> Any:
    """Send `payload` (or the exact bytes of `body_base64`) now and tell what the receiver answered."""
    payload = order.payload.get("payload")
    encoded = order.payload.get("body_base64")
    body = base64.b64decode(encoded) if encoded else json.dumps(payload, separators=(",", ":")).encode()
    fields = payload if isinstance(payload, dict) else {}
    message = Message(
        guid=order.payload.get("delivery_id") or str(uuid.uuid1()),
        event=order.payload["event"],
        action=fields.get("action"),
        body=body,
        installation_id=(fields.get("installation") or {}).get("id"),
        repository_id=(fields.get("repository") or {}).get("id"),
        signature=order.payload.get("signature"),
    )
    return delivery(order.hub.sender.deliver(message))


def _list(order: Order) -> Any:
    return [delivery(one) for one in reversed(order.hub.sender.deliveries())]


ROUTES = (
    ControlRoute("PUT", "/hook", _set_hook),
    ControlRoute("PUT", "/sending", _set_sending),
    ControlRoute("POST", "/sending/release", _release, holds_lock=False),
    ControlRoute("GET", "/deliveries", _list, holds_lock=False),
    ControlRoute("POST", "/deliveries", _deliver, holds_lock=False),
    ControlRoute("GET", "/deliveries/wait", _wait, holds_lock=False),
)
