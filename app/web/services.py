"""What the web needs, given to it by whoever makes the application."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from app.domain.budget import USUAL, Limits
from app.domain.policy import Policy
from app.ports import Bell
from app.store.engine import Store
from app.store.receiving import Intake

_SERVICES = "ephemera.services"
_INTAKE = "ephemera.intake"


@dataclass(frozen=True, slots=True)
class Services:
    """The world of one web process."""

    store: Store
    bell: Bell
    policy: Policy
    webhook_secrets: tuple[bytes, ...]
    """Each is accepted, so that the secret can be changed without losing a delivery."""
    redis_is_up: Callable[[], bool]
    """Answers within a second or so and never raises."""
    max_body_bytes: int = 25 * 1024 * 1024
    """GitHub sends no larger payload (https://docs.github.com/en/webhooks/webhook-events-and-payloads)."""
    github_app_id: str = ""
    """Our App's: check runs of others are none of our business."""
    github_limits: Limits | None = USUAL
    """What an installation may write; None: as much as it likes."""
    environments: str | None = None
    """`owner/name` of the environments repository; None where it has no such name."""


def provide(app: Flask, services: Services) -> None:
    """Give the application its services."""
    app.extensions[_SERVICES] = services
    app.extensions[_INTAKE] = Intake(services.store, services.policy)


def provided() -> Services:
    """The services of the application that handles the present request."""
    return cast("Services", current_app.extensions[_SERVICES])


def intake() -> Intake:
    """Where the present request's delivery is written."""
    return cast("Intake", current_app.extensions[_INTAKE])
