"""Attempts to deliver webhooks, as the App's deliveries API shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A webhook to send: exact bytes and what its headers say."""

    guid: str
    event: str
    action: str | None
    body: bytes
    installation_id: int | None
    repository_id: int | None
    signature: str | None = None
    """Sent instead of the right `X-Hub-Signature-256`; empty for no signature at all."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One finished attempt."""

    id: int
    message: Message
    url: str
    is_redelivery: bool
    delivered_at: datetime
    duration: float
    """Seconds."""
    status: str
    """`OK`, or why not, in GitHub's words."""
    status_code: int
    """What the receiver answered; 502 when it could not be reached, 504 when it took too long."""
    request_headers: Mapping[str, str]
    response_headers: Mapping[str, str]
    response_body: str

    @property
    def is_success(self) -> bool:
        """Tell whether the receiver answered 2xx or 3xx below 400."""
        return self.status_code < 400
