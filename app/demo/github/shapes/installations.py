"""Installations and the App's deliveries."""

import json
from typing import Any

from app.demo.github.clock import stamp, stamp_or_none
from app.demo.github.deliveries import Delivery
from app.demo.github.hub import Hub
from app.demo.github.records import Installation
from app.demo.github.shapes.accounts import app_owner, user


def installation(hub: Hub, record: Installation) -> dict[str, Any]:
    """Return the `installation` document."""
    account = hub.state.accounts[record.account_id]
    url = hub.options.url
    return {
        "id": record.id,
        "client_id": hub.options.client_id,
        "account": user(hub, account),
        "repository_selection": selection(record),
        "access_tokens_url": f"{url}/app/installations/{record.id}/access_tokens",
        "repositories_url": f"{url}/installation/repositories",
        "html_url": f"{url}/organizations/{account.login}/settings/installations/{record.id}",
        "app_id": hub.options.app_id,
        "app_slug": hub.options.slug,
        "target_id": account.id,
        "target_type": account.kind,
        "permissions": dict(record.permissions),
        "events": list(record.events),
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": user(hub, app_owner(hub)) if record.suspended_at else None,
        "suspended_at": stamp_or_none(record.suspended_at),
    }


def selection(record: Installation) -> str:
    """Return `all` or `selected`."""
    return "all" if record.repository_ids is None else "selected"


def delivery(record: Delivery) -> dict[str, Any]:
    """Return the `hook-delivery-item` document."""
    message = record.message
    return {
        "id": record.id,
        "guid": message.guid,
        "delivered_at": stamp(record.delivered_at),
        "redelivery": record.is_redelivery,
        "duration": record.duration,
        "status": record.status,
        "status_code": record.status_code,
        "event": message.event,
        "action": message.action,
        "installation_id": message.installation_id,
        "repository_id": message.repository_id,
        "throttled_at": None,
    }


def full_delivery(record: Delivery) -> dict[str, Any]:
    """Return the `hook-delivery` document, with request and answer."""
    return delivery(record) | {
        "url": record.url,
        "request": {"headers": dict(record.request_headers), "payload": _parsed(record.message.body)},
        "response": {"headers": dict(record.response_headers), "payload": record.response_body},
    }


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
