"""What people do with pull requests."""

import itertools
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.demo.github.api.labels import ensure_label
from app.demo.github.call import Json
from app.demo.github.control.commits import make_commit
from app.demo.github.control.order import ControlRoute, Order, account_named
from app.demo.github.control.repositories import delete_repository, new_repository
from app.demo.github.events import emit_pull
from app.demo.github.pulling.lifecycle import Opening, close, edit, mark_merged, open_pull, reopen, store
from app.demo.github.pulling.merging import Wish, merge
from app.demo.github.pulling.updating import NewCommit, commit_files
from app.demo.github.push_events import ZERO_SHA, emit_push
from app.demo.github.records import Account, Head, PullRequest, Repository
from app.demo.github.refusals import Refusal
from app.demo.github.shapes.pulls import pull as pull_shape
from app.demo.github.shapes.repositories import label


def _open(order: Order) -> Any:
    hub, payload, repository = order.hub, order.payload, order.repository
    author = account_named(hub, payload.get("author", "octocat"))
    base = payload.get("base") or repository.default_branch
    if repository.bare:
        return _open_on_git(order, repository, author, base)
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


def _open_on_git(order: Order, repository: Repository, author: Account, base: str) -> Any:
    """Open from a branch that is there, or from a new one with `files`."""
    hub, payload = order.hub, order.payload
    branch, title = payload.get("branch") or f"change-{secrets.token_hex(3)}", payload.get("title") or "Change"
    if payload.get("files") or hub.state.branch(repository, branch) is None:
        files = payload.get("files") or {f"{branch}.txt": f"{branch}\n"}
        commit_files(hub, repository, NewCommit(branch, files, title), author, order.sending)
    opening = Opening(branch, base, title, payload.get("body"), payload.get("draft", False))
    return pull_shape(hub, open_pull(hub, repository, author, opening, order.sending))


def _push(order: Order) -> Any:
    """Commit to the head branch, or by force `onto` another commit. A closed pull request keeps its head, and GitHub
    says nothing about it."""
    hub, before = order.hub, order.pull
    source = hub.state.repositories.get(before.head.repository_id or 0)
    if source is None:
        raise Refusal(422, "the head repository was deleted, nobody can push to it")
    author, branch = order.actor(before.author_id), before.head.ref
    if source.bare:
        files = order.payload.get("files") or {f"change-{before.number}.txt": f"{secrets.token_hex(8)}\n"}
        new = NewCommit(branch, files, order.payload.get("message") or "Change", order.payload.get("onto"))
        commit_files(hub, source, new, author, order.sending)
        return pull_shape(hub, order.pull)
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
    record = close(order.hub, order.pull, order.actor(order.pull.author_id), order.sending)
    return pull_shape(order.hub, record)


def _merge(order: Order) -> Any:
    hub, before = order.hub, order.pull
    merger = order.actor(before.author_id)
    if order.repository.bare:
        method = order.payload.get("method") or "merge"
        return pull_shape(hub, merge(hub, before, merger, Wish(method), order.sending))
    base = hub.state.branches[before.repository_id, before.base_ref]
    changed = {path: data.decode() for path, data in hub.state.commits[before.head.sha].files.items()}
    commit = make_commit(hub, order.repository, base, merger, changed)
    hub.state.branches[before.repository_id, before.base_ref] = commit.sha
    emit_push(hub, order.repository, before.base_ref, base, merger, order.sending)
    return pull_shape(hub, mark_merged(hub, before, merger, commit.sha, order.sending))


def _reopen(order: Order) -> Any:
    record = reopen(order.hub, order.pull, order.actor(order.pull.author_id), order.sending)
    return pull_shape(order.hub, record)


def _edit(order: Order) -> Any:
    """Change title, body or base branch."""
    fields: Json = {key: order.payload[key] for key in ("title", "body", "base") if key in order.payload}
    record = edit(order.hub, order.pull, order.actor(order.pull.author_id), fields, order.sending)
    return pull_shape(order.hub, record)


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
    record = store(order.hub, changed, action, order.actor(changed.author_id), order.sending, **extra)
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
