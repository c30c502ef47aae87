"""What people do with pull requests."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.demo.github.api.labels import ensure_label
from app.demo.github.control.commits import make_commit
from app.demo.github.control.order import ControlRoute, Order, account_named
from app.demo.github.control.repositories import delete_repository, new_repository
from app.demo.github.events import ZERO_SHA, emit_pull, emit_push
from app.demo.github.records import Account, Head, PullRequest, Repository
from app.demo.github.refusals import Refusal
from app.demo.github.shapes.pulls import pull as pull_shape
from app.demo.github.shapes.repositories import label


def _open(order: Order) -> Any:
    hub, payload, repository = order.hub, order.payload, order.repository
    author = account_named(hub, payload.get("author", "octocat"))
    base = payload.get("base") or repository.default_branch
    base_sha = hub.state.branches.get((repository.id, base))
    if base_sha is None:
        raise Refusal(422, f"no branch {base[:200]!r} to open a pull request against")
    number, now = hub.state.next_number(repository.id), hub.clock.now()
    source = _fork(order, repository, author) if payload.get("fork") else repository
    branch = payload.get("branch") or f"change-{number}"
    files = payload.get("files") or {f"change-{number}.txt": f"{number}\n"}
    commit = make_commit(hub, source, base_sha, author, files, payload.get("sha"))
    hub.state.branches[source.id, branch] = commit.sha
    record = PullRequest(
        id=hub.state.next_id("pull_request"),
        repository_id=repository.id,
        number=number,
        title=payload.get("title") or f"Change {number}",
        body=payload.get("body"),
        author_id=author.id,
        head=Head(source.id, source.owner_id, branch, commit.sha),
        base_ref=base,
        base_sha=base_sha,
        is_draft=payload.get("draft", False),
        labels=tuple(ensure_label(hub, repository, name).name for name in payload.get("labels", ())),
        created_at=now,
        updated_at=now,
    )
    hub.state.pulls[repository.id, number] = record
    emit_push(hub, source, branch, ZERO_SHA, author, order.sending)
    emit_pull(hub, "opened", record, author, order.sending)
    return pull_shape(hub, record)


def _push(order: Order) -> Any:
    """Commit to the head branch, or by force `onto` another commit. A closed pull request keeps its head, and GitHub
    says nothing about it."""
    hub, before = order.hub, order.pull
    source = hub.state.repositories.get(before.head.repository_id or 0)
    if source is None:
        raise Refusal(422, "the head repository was deleted, nobody can push to it")
    author, branch = order.actor(before.author_id), before.head.ref
    replaced = hub.state.branches[source.id, branch]
    parent = order.payload.get("onto") or replaced
    files = order.payload.get("files") or {f"change-{before.number}.txt": f"after {replaced}\n"}
    commit = make_commit(hub, source, parent, author, files, order.payload.get("sha"))
    hub.state.branches[source.id, branch] = commit.sha
    emit_push(hub, source, branch, replaced, author, order.sending)
    if before.closed_at:
        return pull_shape(hub, before)
    record = replace(before, head=replace(before.head, sha=commit.sha))
    return _store(order, record, "synchronize", before=before.head.sha, after=commit.sha)


def _close(order: Order) -> Any:
    now = order.hub.clock.now()
    return _store(order, replace(order.pull, closed_at=now), "closed")


def _merge(order: Order) -> Any:
    hub, before = order.hub, order.pull
    merger, now = order.actor(before.author_id), hub.clock.now()
    base = hub.state.branches[before.repository_id, before.base_ref]
    changed = {path: data.decode() for path, data in hub.state.commits[before.head.sha].files.items()}
    commit = make_commit(hub, order.repository, base, merger, changed)
    hub.state.branches[before.repository_id, before.base_ref] = commit.sha
    emit_push(hub, order.repository, before.base_ref, base, merger, order.sending)
    record = replace(before, closed_at=now, merged_at=now, merged_by_id=merger.id, merge_commit_sha=commit.sha)
    return _store(order, record, "closed")


def _reopen(order: Order) -> Any:
    before = order.pull
    if before.merged_at:
        raise Refusal(422, "a merged pull request cannot be reopened")
    sha = order.hub.state.branches.get((before.head.repository_id or 0, before.head.ref), before.head.sha)
    return _store(order, replace(before, closed_at=None, head=replace(before.head, sha=sha)), "reopened")


def _edit(order: Order) -> Any:
    """Change title, body or base branch."""
    hub, before, payload = order.hub, order.pull, order.payload
    changes: dict[str, Any] = {}
    record = before
    if "title" in payload:
        changes["title"] = {"from": before.title}
        record = replace(record, title=payload["title"])
    if "body" in payload:
        changes["body"] = {"from": before.body or ""}
        record = replace(record, body=payload["body"])
    if "base" in payload:
        changes["base"] = {"ref": {"from": before.base_ref}, "sha": {"from": before.base_sha}}
        sha = hub.state.branches[before.repository_id, payload["base"]]
        record = replace(record, base_ref=payload["base"], base_sha=sha)
    return _store(order, record, "edited", changes=changes)


def _convert_to_draft(order: Order) -> Any:
    return _store(order, replace(order.pull, is_draft=True), "converted_to_draft")


def _mark_ready(order: Order) -> Any:
    return _store(order, replace(order.pull, is_draft=False), "ready_for_review")


def _add_label(order: Order) -> Any:
    made = ensure_label(order.hub, order.repository, order.payload["label"])
    labels = tuple(dict.fromkeys((*order.pull.labels, made.name)))
    return _store(order, replace(order.pull, labels=labels), "labeled", label=label(order.hub, made))


def _remove_label(order: Order) -> Any:
    removed = ensure_label(order.hub, order.repository, order.payload["label"])
    labels = tuple(name for name in order.pull.labels if name != removed.name)
    return _store(order, replace(order.pull, labels=labels), "unlabeled", label=label(order.hub, removed))


def _delete_fork(order: Order) -> Any:
    """Delete the head repository; GitHub tells nobody."""
    fork = order.hub.state.repositories.get(order.pull.head.repository_id or 0)
    if fork is None or fork.id == order.repository.id:
        raise Refusal(422, "the pull request does not come from a fork")
    delete_repository(order.hub, fork)
    return pull_shape(order.hub, order.pull)


def _show(order: Order) -> Any:
    return pull_shape(order.hub, order.pull)


def _store(order: Order, changed: PullRequest, action: str, **extra: Any) -> Any:
    record = replace(changed, updated_at=order.hub.clock.now())
    order.hub.state.pulls[record.repository_id, record.number] = record
    emit_pull(order.hub, action, record, order.actor(record.author_id), order.sending, **extra)
    return pull_shape(order.hub, record)


def _fork(order: Order, parent: Repository, owner: Account) -> Repository:
    """Return the owner's fork, made when there is none; the name of another of their repositories gets a number."""
    state = order.hub.state
    for one in state.repositories.values():
        if (one.parent_id, one.owner_id) == (parent.id, owner.id):
            return one
    names = itertools.chain([parent.name], (f"{parent.name}-{number}" for number in itertools.count(1)))
    name = next(one for one in names if state.repository_named(f"{owner.login}/{one}") is None)
    return new_repository(order.hub, owner, name, parent.default_branch, is_private=parent.private, parent_id=parent.id)


_PULL = "/repos/<owner>/<repo>/pulls/<int:number>"
_ACTIONS: dict[str, Callable[[Order], Any]] = {
    "push": _push,
    "close": _close,
    "merge": _merge,
    "reopen": _reopen,
    "edit": _edit,
    "draft": _convert_to_draft,
    "ready": _mark_ready,
    "label": _add_label,
    "unlabel": _remove_label,
    "delete-fork": _delete_fork,
}

ROUTES = (
    ControlRoute("POST", "/repos/<owner>/<repo>/pulls", _open),
    ControlRoute("GET", _PULL, _show),
    *(ControlRoute("POST", f"{_PULL}/{name}", handler) for name, handler in _ACTIONS.items()),
)
