"""Installing the App, changing what it may do, and who may do what in a repository."""

from dataclasses import replace
from typing import Any

from app.demo.github.api.repositories import ROLES
from app.demo.github.control.order import ControlRoute, Order, account_named, repository_named
from app.demo.github.events import emit_installation, emit_installed_repositories, emit_renamed_account
from app.demo.github.options import DEFAULT_PERMISSIONS
from app.demo.github.records import Installation, Repository
from app.demo.github.refusals import Refusal
from app.demo.github.shapes.accounts import user
from app.demo.github.shapes.installations import installation


def _install(order: Order) -> Any:
    hub, payload = order.hub, order.payload
    account = account_named(hub, payload["account"], payload.get("kind", "Organization"))
    now, selected = hub.clock.now(), payload.get("repositories")
    record = Installation(
        id=hub.state.next_id("installation"),
        account_id=account.id,
        permissions=payload.get("permissions") or dict(DEFAULT_PERMISSIONS),
        events=tuple(payload.get("events") or hub.options.events),
        repository_ids=None if selected is None else frozenset(_ids(order, selected)),
        suspended_at=None,
        created_at=now,
        updated_at=now,
    )
    hub.state.installations[record.id] = record
    emit_installation(hub, "created", record, account, order.sending)
    return installation(hub, record)


def _change(order: Order) -> Any:
    """Change permissions, suspend or select: one of them in each order, as on GitHub."""
    hub, payload, before = order.hub, order.payload, _installation(order)
    record = replace(before, updated_at=hub.clock.now())
    action = "new_permissions_accepted"
    if "permissions" in payload:
        record = replace(record, permissions=payload["permissions"])
    if "suspended" in payload:
        action = "suspend" if payload["suspended"] else "unsuspend"
        record = replace(record, suspended_at=hub.clock.now() if payload["suspended"] else None)
    if "repositories" in payload:
        record = replace(record, repository_ids=frozenset(_ids(order, payload["repositories"])))
    hub.state.installations[record.id] = record
    if "repositories" in payload:
        _tell_selection(order, before, record)
    else:
        emit_installation(hub, action, record, order.actor(record.account_id), order.sending)
    return installation(hub, record)


def _uninstall(order: Order) -> Any:
    record = _installation(order)
    emit_installation(order.hub, "deleted", record, order.actor(record.account_id), order.sending)
    del order.hub.state.installations[record.id]
    return {}


def _make_account(order: Order) -> Any:
    return user(order.hub, account_named(order.hub, order.payload["login"], order.payload.get("kind", "User")))


def _rename_account(order: Order) -> Any:
    """Give an account another login; the old one is free for anyone. Only an App that is installed there is told."""
    hub, login = order.hub, order.payload["login"]
    before = hub.state.account_named(order.args["login"])
    if before is None or hub.state.account_named(login):
        raise Refusal(422, f"no account {order.args['login'][:200]!r}, or {login[:200]!r} is taken")
    hub.state.rename_account(before, login)
    for installed in list(hub.state.installations.values()):
        if installed.account_id == before.id:
            emit_renamed_account(hub, installed, before, order.sending)
    return user(hub, hub.state.accounts[before.id])


def _set_permission(order: Order) -> Any:
    role, key = order.payload["permission"], (order.repository.id, account_named(order.hub, order.args["login"]).id)
    if role == "none":
        order.hub.state.collaborators.pop(key, None)
    elif role in ROLES:
        order.hub.state.collaborators[key] = role
    else:
        raise Refusal(400, f"permission {role!r} is none of none, {', '.join(ROLES)}")
    return {}


def _installation(order: Order) -> Installation:
    found = order.hub.state.installations.get(order.args["installation_id"])
    if found is None:
        raise Refusal(404, f"no installation {order.args['installation_id']}")
    return found


def _ids(order: Order, full_names: list[str]) -> list[int]:
    return [repository_named(order.hub, name).id for name in full_names]


def _tell_selection(order: Order, before: Installation, after: Installation) -> None:
    state, sender = order.hub.state, order.actor(after.account_id)
    old, new = state.repositories_of(before), state.repositories_of(after)
    changes: dict[str, list[Repository]] = {
        "added": [one for one in new if one not in old],
        "removed": [one for one in old if one not in new],
    }
    for action, changed in changes.items():
        if changed:
            emit_installed_repositories(order.hub, after, action, changed, sender, order.sending)


ROUTES = (
    ControlRoute("POST", "/accounts", _make_account),
    ControlRoute("PATCH", "/accounts/<login>", _rename_account),
    ControlRoute("POST", "/installations", _install),
    ControlRoute("PATCH", "/installations/<int:installation_id>", _change),
    ControlRoute("DELETE", "/installations/<int:installation_id>", _uninstall),
    ControlRoute("PUT", "/repos/<owner>/<repo>/collaborators/<login>", _set_permission),
)
