"""Webhook payloads: what GitHub says when something happened, built from the same documents as the API's answers."""

import json
import uuid
from typing import Any

from app.demo.github.deliveries import Message
from app.demo.github.hub import Hub
from app.demo.github.records import Account, CheckRun, Comment, Installation, PullRequest, Repository, Review
from app.demo.github.sender import Sending
from app.demo.github.shapes.accounts import organization, user
from app.demo.github.shapes.installations import installation as installation_shape
from app.demo.github.shapes.installations import selection
from app.demo.github.shapes.nodes import node_id
from app.demo.github.shapes.pulls import comment as comment_shape
from app.demo.github.shapes.pulls import issue, pull, pull_simple
from app.demo.github.shapes.reports import check_run
from app.demo.github.shapes.repositories import commit as commit_shape
from app.demo.github.shapes.repositories import repository_in_event, repository_summary, url_of
from app.demo.github.shapes.reviews import review as review_shape
from app.demo.github.shapes.suites import check_suite, suite_links

# Sent to every App, subscribed or not.
ALWAYS_SENT = frozenset(
    {"installation", "installation_repositories", "installation_target", "github_app_authorization", "meta", "ping"}
)
# https://docs.github.com/webhooks/webhook-events-and-payloads#check_run
CHECKS = frozenset({"check_run", "check_suite"})


def emit(
    hub: Hub,
    event: str,
    owner: Repository,
    sender: Account,
    payload: dict[str, Any],
    sending: Sending | None = None,
) -> None:
    """Send an event about a repository, if the App is installed there and subscribed to it."""
    installed = hub.state.installation_of(owner)
    if installed is None or installed.suspended_at or not _is_subscribed(installed, event):
        return
    account = hub.state.accounts[owner.owner_id]
    full = payload | {"repository": repository_in_event(hub, owner)}
    if account.kind == "Organization":
        full["organization"] = organization(hub, account)
    full["sender"] = user(hub, sender)
    full["installation"] = {"id": installed.id, "node_id": installation_node(installed)}
    hub.sender.send(_message(event, full, installed.id, owner.id), sending)


def emit_pull(
    hub: Hub,
    action: str,
    record: PullRequest,
    sender: Account,
    sending: Sending | None = None,
    **extra: Any,
) -> None:
    """Send `pull_request`; `extra` are the fields of the action, such as `before` and `after`."""
    payload = {"action": action, "number": record.number, "pull_request": pull(hub, record), **extra}
    emit(hub, "pull_request", hub.state.repositories[record.repository_id], sender, payload, sending)


def emit_comment(
    hub: Hub,
    action: str,
    record: Comment,
    sender: Account,
    sending: Sending | None = None,
    **extra: Any,
) -> None:
    """Send `issue_comment`; `extra` is `changes` for an edit."""
    commented = hub.state.pulls[record.repository_id, record.number]
    payload = {"action": action, "issue": issue(hub, commented), "comment": comment_shape(hub, record), **extra}
    emit(hub, "issue_comment", hub.state.repositories[record.repository_id], sender, payload, sending)


def emit_review(hub: Hub, action: str, record: Review, sender: Account, sending: Sending | None = None) -> None:
    """Send `pull_request_review`, `submitted` or `dismissed`; there states are in small letters."""
    reviewed = hub.state.pulls[record.repository_id, record.number]
    shape = review_shape(hub, record)
    payload = {
        "action": action,
        "review": shape | {"state": shape["state"].lower()},
        "pull_request": pull_simple(hub, reviewed),
    }
    emit(hub, "pull_request_review", hub.state.repositories[record.repository_id], sender, payload, sending)


def emit_check_run(
    hub: Hub,
    action: str,
    record: CheckRun,
    sender: Account,
    sending: Sending | None = None,
    **extra: Any,
) -> None:
    """Send `check_run`; `extra` is `requested_action` for a pressed button."""
    owner = hub.state.repositories[record.repository_id]
    shape = check_run(hub, record)
    shape["check_suite"] = check_suite(hub, owner, record.head_sha, record.suite_id)
    emit(hub, "check_run", owner, sender, {"action": action, "check_run": shape, **extra}, sending)
    if action in {"created", "completed"} and shape["check_suite"]["status"] == "completed":
        emit_check_suite(hub, "completed", owner, record.head_sha, sender, sending)


def emit_check_suite(
    hub: Hub, action: str, owner: Repository, sha: str, sender: Account, sending: Sending | None = None, **extra: Any
) -> None:
    """Send `check_suite`; `extra` are `status`, `conclusion` and `app` where they differ from our own new suite's."""
    suite_id = hub.state.suite_of(owner, sha)
    shape = check_suite(hub, owner, sha, suite_id) | suite_links(hub, owner, sha, suite_id) | extra
    emit(hub, "check_suite", owner, sender, {"action": action, "check_suite": shape}, sending)


def emit_installation(
    hub: Hub, action: str, record: Installation, sender: Account, sending: Sending | None = None
) -> None:
    """Send `installation`, with the repositories it covers."""
    covered = [repository_summary(hub, one) for one in hub.state.repositories_of(record)]
    payload = {
        "action": action,
        "installation": installation_shape(hub, record),
        "repositories": covered,
        "requester": None,
        "sender": user(hub, sender),
    }
    hub.sender.send(_message("installation", payload, record.id, None), sending)


def emit_renamed_account(hub: Hub, record: Installation, former: Account, sending: Sending | None) -> None:
    """Send `installation_target` for an account that has another login now."""
    account = hub.state.accounts[record.account_id]
    shape = user(hub, account)
    if account.kind == "Organization":
        shape = organization(hub, account) | {"html_url": shape["html_url"], "description": None}
    payload = {
        "action": "renamed",
        "account": shape,
        "changes": {"login": {"from": former.login}},
        "installation": {"id": record.id, "node_id": installation_node(record)},
        "target_type": account.kind,
        "sender": user(hub, account),
    }
    hub.sender.send(_message("installation_target", payload, record.id, None), sending)


def emit_installed_repositories(
    hub: Hub,
    record: Installation,
    action: str,
    changed: list[Repository],
    sender: Account,
    sending: Sending | None = None,
) -> None:
    """Send `installation_repositories`, `added` or `removed`."""
    summaries = [repository_summary(hub, one) for one in changed]
    payload = {
        "action": action,
        "installation": installation_shape(hub, record),
        "repository_selection": selection(record),
        "repositories_added": summaries if action == "added" else [],
        "repositories_removed": summaries if action == "removed" else [],
        "requester": None,
        "sender": user(hub, sender),
    }
    hub.sender.send(_message("installation_repositories", payload, record.id, None), sending)


def _is_subscribed(installed: Installation, event: str) -> bool:
    """Tell whether an installation is sent an event, asked for or not: whoever may write checks is told of them."""
    if event in CHECKS and installed.permissions.get("checks") == "write":
        return True
    return event in ALWAYS_SENT or event in installed.events


def installation_node(record: Installation) -> str:
    """Return the node id of an installation."""
    return node_id("MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9u", record.id)


def _message(event: str, payload: dict[str, Any], installation_id: int, repository_id: int | None) -> Message:
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
    return Message(str(uuid.uuid1()), event, payload.get("action"), body, installation_id, repository_id)


def emit_repository(
    hub: Hub, action: str, record: Repository, sender: Account, sending: Sending | None, changes: dict[str, Any]
) -> None:
    """Send `repository`, such as `renamed` or `transferred`."""
    payload = {"action": action} | ({"changes": changes} if changes else {})
    emit(hub, "repository", record, sender, payload, sending)


def emit_status(hub: Hub, owner: Repository, shape: dict[str, Any], sha: str, sender: Account) -> None:
    """Send `status` for a commit status that was just created."""
    branches = hub.state.branches_at(owner, sha)
    payload = {
        "id": shape["id"],
        "sha": sha,
        "name": hub.state.full_name(owner),
        "target_url": shape["target_url"],
        "avatar_url": shape["avatar_url"],
        "context": shape["context"],
        "description": shape["description"],
        "state": shape["state"],
        "commit": commit_shape(hub, owner, hub.state.commit(owner, sha)),
        "branches": [
            {"name": name, "commit": {"sha": sha, "url": f"{url_of(hub, owner)}/commits/{sha}"}, "protected": False}
            for name in branches[:10]
        ],
        "created_at": shape["created_at"],
        "updated_at": shape["updated_at"],
    }
    emit(hub, "status", owner, sender, payload)
