"""What GitHub does after branches moved: it tells of the push, and pull requests follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.demo.github.events import emit_review
from app.demo.github.git.bare import Bare
from app.demo.github.hub import Hub
from app.demo.github.pulling.lifecycle import close, mark_merged, publish_head, store
from app.demo.github.pulling.obstacles import protection_of
from app.demo.github.push_events import ZERO_SHA, emit_push
from app.demo.github.records import Account, PullRequest, Repository
from app.demo.github.sender import Sending


@dataclass(frozen=True, slots=True)
class Movement:
    """A branch that moved; None where it was not there, or is no more."""

    branch: str
    before: str | None
    after: str | None


def movements(before: Mapping[str, str], after: Mapping[str, str]) -> list[Movement]:
    """Return how the branches of a repository moved between two looks, by name."""
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return [Movement(name, before.get(name), after.get(name)) for name in names]


def follow(
    hub: Hub, repository: Repository, moved: Sequence[Movement], by: Account, sending: Sending | None = None
) -> None:
    """Send `push` for each branch, and let the open pull requests of a Git-backed repository follow."""
    for one in moved:
        emit_push(hub, repository, one.branch, one.before or ZERO_SHA, by, sending)
    bare = hub.state.git.of(repository)
    if bare is None:
        return
    by_branch = {one.branch: one for one in moved}
    for pull in hub.state.pulls_of(repository.id):
        if not pull.closed_at:
            _follow_one(hub, bare, pull, by_branch, by, sending)


def _follow_one(
    hub: Hub,
    bare: Bare,
    record: PullRequest,
    moved: Mapping[str, Movement],
    by: Account,
    sending: Sending | None,
) -> None:
    base, head = moved.get(record.base_ref), moved.get(record.head.ref)
    head_sha = head.after if head else record.head.sha
    if base and base.after and base.before and bare.is_ancestor(head_sha or record.head.sha, base.after):
        contained = bare.first_containing(head_sha or record.head.sha, base.before, base.after)
        mark_merged(hub, record, by, contained, sending)
    elif head_sha is None or (base and base.after is None):
        close(hub, record, by, sending)
    elif head:
        _move_head(hub, bare, record, head_sha, by, sending)


def _move_head(hub: Hub, bare: Bare, record: PullRequest, sha: str, by: Account, sending: Sending | None) -> None:
    repository = hub.state.repositories[record.repository_id]
    base = hub.state.branch(repository, record.base_ref) or record.base_sha
    changed = replace(record, head=replace(record.head, sha=sha), base_sha=base)
    publish_head(hub, changed)
    changed = store(hub, changed, "synchronize", by, sending, before=record.head.sha, after=sha)
    if protection_of(hub, repository, record.base_ref).dismisses_stale_reviews:
        _dismiss_reviews(hub, changed, by, sending)
    if bare.is_ancestor(sha, base):
        close(hub, changed, by, sending)  # nothing is left to merge


def _dismiss_reviews(hub: Hub, record: PullRequest, by: Account, sending: Sending | None) -> None:
    for one in hub.state.reviews_of(record):
        if one.state == "APPROVED":
            hub.state.reviews[one.id] = replace(one, state="DISMISSED")
            emit_review(hub, "dismissed", hub.state.reviews[one.id], by, sending)
