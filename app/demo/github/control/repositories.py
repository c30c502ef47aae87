"""Making, renaming, transferring and deleting repositories, and committing to their branches."""

import shutil
from dataclasses import replace
from typing import Any

from app.demo.github.control.commits import make_commit
from app.demo.github.control.order import ControlRoute, Order, account_named
from app.demo.github.events import emit_installed_repositories, emit_repository
from app.demo.github.hub import Hub
from app.demo.github.pulling.updating import NewCommit, commit_files
from app.demo.github.push_events import ZERO_SHA, emit_push
from app.demo.github.records import Account, Installation, Repository
from app.demo.github.refusals import Refusal
from app.demo.github.shapes.accounts import organization, user
from app.demo.github.shapes.repositories import full_repository


def _make(order: Order) -> Any:
    hub, payload = order.hub, order.payload
    owner = account_named(hub, payload["owner"], payload.get("kind", "Organization"))
    if hub.state.repository_named(f"{owner.login}/{payload['name']}"):
        raise Refusal(422, f"repository {owner.login}/{payload['name']} exists")
    branch = payload.get("default_branch", "main")
    bare = _bare(order, f"{owner.login}/{payload['name']}") if payload.get("git") else None
    record = new_repository(hub, owner, payload["name"], branch, is_private=payload.get("private", True), bare=bare)
    if bare is None:
        files = payload.get("files") or {"README.md": "# Readme\n"}
        hub.state.branches[record.id, branch] = make_commit(hub, record, None, owner, files, payload.get("sha")).sha
    installed = hub.state.installation_of(record)
    if installed:
        emit_installed_repositories(hub, installed, "added", [record], owner, order.sending)
        emit_repository(hub, "created", record, owner, order.sending, {})
    return full_repository(hub, record)


def _rename(order: Order) -> Any:
    """Rename within the owner, or transfer to another owner, which takes it out of one installation and perhaps into
    another."""
    hub, before = order.hub, order.repository
    owner = account_named(hub, order.payload.get("owner") or hub.state.accounts[before.owner_id].login, "Organization")
    record = replace(
        before, name=order.payload.get("name") or before.name, owner_id=owner.id, updated_at=hub.clock.now()
    )
    former, left = hub.state.accounts[before.owner_id], hub.state.installation_of(before)
    hub.state.put_repository(record)
    if owner.id == before.owner_id:
        emit_repository(hub, "renamed", record, owner, order.sending, {"repository": {"name": {"from": before.name}}})
    else:
        is_organization = former.kind == "Organization"
        shape = {"organization": organization(hub, former)} if is_organization else {"user": user(hub, former)}
        changes = {"owner": {"from": shape}}
        _tell_installations(order, left, hub.state.installation_of(record), record)
        emit_repository(hub, "transferred", record, owner, order.sending, changes)
    return full_repository(hub, record)


def _tell_installations(
    order: Order, left: Installation | None, joined: Installation | None, record: Repository
) -> None:
    hub = order.hub
    if left:
        if left.repository_ids is not None:
            left = replace(left, repository_ids=left.repository_ids - {record.id})
            hub.state.installations[left.id] = left
        former = hub.state.accounts[left.account_id]
        emit_installed_repositories(hub, left, "removed", [record], former, order.sending)
    if joined:
        owner = hub.state.accounts[record.owner_id]
        emit_installed_repositories(hub, joined, "added", [record], owner, order.sending)


def _delete(order: Order) -> Any:
    record = order.repository
    emit_repository(order.hub, "deleted", record, order.actor(record.owner_id), order.sending, {})
    delete_repository(order.hub, record)
    return {}


def _bare(order: Order, full_name: str) -> str:
    try:
        return order.hub.state.git.create(full_name)
    except ValueError as error:
        raise Refusal(422, f"making {full_name[:200]}: {error}") from error


def _write_files(order: Order) -> Any:
    """Commit to a branch that may not exist yet; sends `push`, and nothing about pull requests."""
    hub, record = order.hub, order.repository
    author = order.actor(record.owner_id)
    branch = order.payload.get("branch") or record.default_branch
    if record.bare:
        message = order.payload.get("message") or f"Change {', '.join(order.payload['files'])}"[:72]
        new = NewCommit(branch, order.payload["files"], message)
        return {"sha": commit_files(hub, record, new, author, order.sending)}
    before = hub.state.branches.get((record.id, branch))
    parent = before or hub.state.branches[record.id, record.default_branch]
    commit = make_commit(hub, record, parent, author, order.payload["files"], order.payload.get("sha"))
    hub.state.branches[record.id, branch] = commit.sha
    emit_push(hub, record, branch, before or ZERO_SHA, author, order.sending)
    return {"sha": commit.sha}


def new_repository(  # noqa: PLR0913 - what a repository is
    hub: Hub,
    owner: Account,
    name: str,
    branch: str,
    *,
    is_private: bool,
    parent_id: int | None = None,
    bare: str | None = None,
) -> Repository:
    """Remember a repository that has no commit yet."""
    now = hub.clock.now()
    record = Repository(
        id=hub.state.next_id("repository"),
        owner_id=owner.id,
        name=name,
        private=is_private,
        default_branch=branch,
        parent_id=parent_id,
        created_at=now,
        updated_at=now,
        bare=bare,
    )
    hub.state.put_repository(record)
    return record


def delete_repository(hub: Hub, record: Repository) -> None:
    """Forget a repository; pull requests that came from it lose their head repository, its own vanish with it."""
    state, bare = hub.state, hub.state.git.of(record)
    state.remove_repository(record)
    if bare:
        shutil.rmtree(bare.path)
    for key, pull in list(state.pulls.items()):
        if pull.repository_id == record.id:
            del state.pulls[key]
        elif pull.head.repository_id == record.id:
            state.pulls[key] = replace(pull, head=replace(pull.head, repository_id=None))


ROUTES = (
    ControlRoute("POST", "/repos", _make),
    ControlRoute("POST", "/repos/<owner>/<repo>/rename", _rename),
    ControlRoute("DELETE", "/repos/<owner>/<repo>", _delete),
    ControlRoute("PUT", "/repos/<owner>/<repo>/files", _write_files),
)
