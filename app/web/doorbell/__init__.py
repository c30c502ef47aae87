"""A webhook's body as a doorbell: it names what to look at, and nothing else is believed.

The signature covers the body alone (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries).
The headers with the event's name and the delivery's id are unsigned: they label what is kept and decide nothing. So
which family of events a body belongs to is told from the objects that it holds.

May import domain and store, not Flask. `letter` is the delivery while it is read; then there is a module for each
family, with a function `read(letter) -> Receipt`: `pull_requests`, `comments`, `checks`, and `installations` for
everything that is left, ignored with the reason where nothing uses it. What is about the environments repository,
whatever it is, is read by `proposals`.
"""

import hashlib
import re

from app.store.asking import Receipt
from app.web.doorbell import checks, comments, installations, proposals, pull_requests
from app.web.doorbell.letter import IGNORED, MARKED, QUARANTINED, Letter, Odd, action_of, payload_of
from app.web.doorbell.pull_requests import ACTIONS

__all__ = ["ACTIONS", "IGNORED", "MARKED", "QUARANTINED", "delivery_id", "parse_doorbell"]

_PRINTABLE = re.compile(r"[ -~]{1,100}")
_SHAPES = {
    "pull_request": ("pull_request",),
    "issue_comment": ("issue", "comment"),
    "check_run": ("check_run",),
    "check_suite": ("check_suite",),
}
"""The objects in a payload that tell what it is about; the first that fits. `pull_request` is also one of a review."""


def delivery_id(header: str | None, body: bytes) -> str:
    """What GitHub calls the delivery; where that is missing or unusable, a name made of the body itself."""
    if header is not None and _PRINTABLE.fullmatch(header):
        return header
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def parse_doorbell(
    delivery: str, event_header: str | None, body: bytes, app_id: str = "", environments: str | None = None
) -> Receipt:
    """What to keep of a delivery, with the mark or the command that it asks for.

    Raises nothing: a body that cannot be used is quarantined with the reason. The event's name only tells a
    payload that is broken from one that was never about such a thing. `app_id` is our App's, `environments` the
    environments repository's `owner/name`.
    """
    event = event_header if event_header and _PRINTABLE.fullmatch(event_header) else "unknown"
    action: str | None = None
    try:
        payload = payload_of(body)
        action = action_of(payload)
        letter = Letter(delivery, event, action, payload, body)
        if environments is not None and proposals.is_there(letter, environments):
            return proposals.read(letter)
        return _read(letter, app_id)
    except Odd as odd:
        return Receipt(delivery, event, action, body, QUARANTINED, str(odd))


def _read(letter: Letter, app_id: str) -> Receipt:
    match next((name for name, objects in _SHAPES.items() if letter.is_about(*objects)), letter.event):
        case "pull_request":
            return pull_requests.read(letter)
        case "issue_comment":
            return comments.read(letter)
        case "check_run":
            return checks.read_run(letter, app_id)
        case "check_suite":
            return checks.read_suite(letter, app_id)
        case _:
            return installations.read(letter)
