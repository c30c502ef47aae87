"""The `push` webhook: which commits came, and what each of them changed."""

from typing import Any

from app.demo.github.clock import stamp
from app.demo.github.events import emit, emit_check_suite
from app.demo.github.hub import Hub
from app.demo.github.records import Account, Commit, Repository
from app.demo.github.sender import Sending
from app.demo.github.shapes.repositories import page_of
from app.demo.github.shapes.signatures import named, signatures

ZERO_SHA = "0" * 40
# GitHub sends up to 2,048 (https://docs.github.com/webhooks/webhook-events-and-payloads#push).
MOST_COMMITS = 20


def emit_push(
    hub: Hub, owner: Repository, ref: str, before: str, sender: Account, sending: Sending | None = None
) -> None:
    """Send `push` for a branch that now is at another commit, or gone."""
    after = hub.state.branch(owner, ref) or ZERO_SHA
    commits = [_pushed(hub, owner, one) for one in _new_commits(hub, owner, before, after)]
    head = _pushed(hub, owner, hub.state.commit(owner, after)) if after != ZERO_SHA else None
    payload = {
        "ref": f"refs/heads/{ref}",
        "before": before,
        "after": after,
        "created": before == ZERO_SHA,
        "deleted": after == ZERO_SHA,
        "forced": head is not None and before != ZERO_SHA and not _contains(hub, owner, after, before),
        "base_ref": None,
        "compare": f"{hub.options.url}/{hub.state.full_name(owner)}/compare/{before[:12]}...{after[:12]}",
        "commits": commits,
        "head_commit": head,
        "pusher": {"name": sender.login, "email": f"{sender.login}@users.noreply.github.com"},
    }
    emit(hub, "push", owner, sender, payload, sending)
    if head:
        emit_check_suite(hub, "requested", owner, after, sender, sending)


def _pushed(hub: Hub, owner: Repository, record: Commit) -> dict[str, Any]:
    author, committer = signatures(hub, record)
    changes = hub.state.changes(owner, record.parent, record.sha)
    return {
        "id": record.sha,
        "tree_id": record.tree or record.sha,
        "distinct": True,
        "message": record.message,
        "timestamp": stamp(author.at),
        "url": f"{page_of(hub, owner)}/commit/{record.sha}",
        "author": named(hub, author),
        "committer": named(hub, committer),
        **{kind: [one.path for one in changes if one.kind == kind] for kind in ("added", "removed", "modified")},
    }


def _new_commits(hub: Hub, owner: Repository, before: str, after: str) -> list[Commit]:
    """Return what a push brought, oldest first; no more than the newest 20, to keep webhooks small."""
    if after == ZERO_SHA:
        return []
    bare = hub.state.git.of(owner)
    if bare is None:
        return [hub.state.commit(owner, after)]
    known = before if before != ZERO_SHA else hub.state.branch(owner, owner.default_branch)
    new = bare.between(known, after) if known else (after,)
    return list(bare.commits(new[-MOST_COMMITS:]).values())


def _contains(hub: Hub, owner: Repository, after: str, before: str) -> bool:
    bare = hub.state.git.of(owner)
    return bare.is_ancestor(before, after) if bare else hub.state.commit(owner, after).parent == before
