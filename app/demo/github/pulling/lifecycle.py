"""A pull request is opened, changed, closed and opened again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.demo.github.events import emit_pull
from app.demo.github.hub import Hub
from app.demo.github.records import Account, Head, IssueEvent, PullRequest, Repository
from app.demo.github.refusals import Refusal, invalid
from app.demo.github.sender import Sending

RESOURCE = "PullRequest"


@dataclass(frozen=True, slots=True)
class Opening:
    """What a pull request is opened with: two branches of one repository, and words."""

    branch: str
    base: str
    title: str
    body: str | None = None
    is_draft: bool = False


def open_pull(
    hub: Hub, repository: Repository, author: Account, opening: Opening, sending: Sending | None = None
) -> PullRequest:
    """Open a pull request as GitHub would. Raises its 422."""
    branch, base = opening.branch, opening.base
    head_sha, base_sha = hub.state.branch(repository, branch), hub.state.branch(repository, base)
    if base_sha is None:
        raise invalid(RESOURCE, "base", "invalid")
    if head_sha is None:
        raise invalid(RESOURCE, "head", "invalid")
    _check_new(hub, repository, branch, base)
    _check_commits(hub, repository, (branch, head_sha), (base, base_sha))
    number, now = hub.state.next_number(repository.id), hub.clock.now()
    record = PullRequest(
        id=hub.state.next_id("pull_request"),
        repository_id=repository.id,
        number=number,
        title=opening.title,
        body=opening.body,
        author_id=author.id,
        head=Head(repository.id, repository.owner_id, branch, head_sha),
        base_ref=base,
        base_sha=base_sha,
        is_draft=opening.is_draft,
        labels=(),
        created_at=now,
        updated_at=now,
    )
    publish_head(hub, record)
    return store(hub, record, "opened", author, sending)


def store(
    hub: Hub, record: PullRequest, action: str, by: Account, sending: Sending | None = None, **extra: Any
) -> PullRequest:
    """Keep a changed pull request and tell the App; `extra` are the fields of the action."""
    changed = replace(record, updated_at=hub.clock.now())
    hub.state.pulls[changed.repository_id, changed.number] = changed
    emit_pull(hub, action, changed, by, sending, **extra)
    return changed


def close(hub: Hub, record: PullRequest, by: Account, sending: Sending | None = None) -> PullRequest:
    """Close without merging."""
    closed = replace(record, closed_at=hub.clock.now(), closed_by_id=by.id, auto_merge=None)
    _note(hub, record, "closed", by)
    return store(hub, closed, "closed", by, sending)


def mark_merged(
    hub: Hub, record: PullRequest, by: Account, commit_sha: str, sending: Sending | None = None
) -> PullRequest:
    """Say that the base has it, as that commit."""
    now = hub.clock.now()
    merged = replace(
        record,
        closed_at=now,
        closed_by_id=by.id,
        merged_at=now,
        merged_by_id=by.id,
        merge_commit_sha=commit_sha,
    )
    _note(hub, record, "merged", by, commit_sha)
    _note(hub, record, "closed", by)
    return store(hub, merged, "closed", by, sending)


def reopen(hub: Hub, record: PullRequest, by: Account, sending: Sending | None = None) -> PullRequest:
    """Open again what was closed without merging, at the head branch's present commit. Raises GitHub's 422."""
    if record.merged_at:
        raise _unchangeable("The pull request cannot be reopened.")
    source = hub.state.repositories.get(record.head.repository_id or 0)
    sha = hub.state.branch(source, record.head.ref) if source else None
    owner = hub.state.repositories[record.repository_id]
    bare = hub.state.git.of(owner)
    if bare:
        _check_new(hub, owner, record.head.ref, record.base_ref)
        base = hub.state.branch(owner, record.base_ref)
        if sha is None or base is None:
            gone = record.head.ref if sha is None else record.base_ref
            raise _unchangeable(f"The {gone} branch has been deleted.")
        if not bare.is_ancestor(record.head.sha, sha):
            raise _unchangeable(f"The {record.head.ref} branch was force-pushed or recreated.")
        if bare.is_ancestor(sha, base):
            raise _unchangeable(f"There are no new commits on the {record.head.ref} branch.")
    opened = replace(record, closed_at=None, closed_by_id=None, head=replace(record.head, sha=sha or record.head.sha))
    publish_head(hub, opened)
    _note(hub, record, "reopened", by)
    return store(hub, opened, "reopened", by, sending)


def edit(
    hub: Hub, record: PullRequest, by: Account, fields: Mapping[str, Any], sending: Sending | None = None
) -> PullRequest:
    """Change any of title, body and base; what is the same already is no change. Raises GitHub's 422."""
    changes: dict[str, Any] = {}
    changed = record
    if fields.get("title", record.title) != record.title:
        changes["title"] = {"from": record.title}
        changed = replace(changed, title=fields["title"])
    if fields.get("body", record.body) != record.body:
        changes["body"] = {"from": record.body or ""}
        changed = replace(changed, body=fields["body"])
    if fields.get("base", record.base_ref) != record.base_ref:
        owner = hub.state.repositories[record.repository_id]
        sha = hub.state.branch(owner, fields["base"])
        if sha is None:
            raise invalid(RESOURCE, "base", "invalid")
        changes["base"] = {"ref": {"from": record.base_ref}, "sha": {"from": record.base_sha}}
        changed = replace(changed, base_ref=fields["base"], base_sha=sha)
    return store(hub, changed, "edited", by, sending, changes=changes) if changes else record


def publish_head(hub: Hub, record: PullRequest) -> None:
    """Keep `refs/pull/N/head`, from which a head can be fetched when its branch is gone
    (https://docs.github.com/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests/checking-out-pull-requests-locally)."""
    bare = hub.state.git.of(hub.state.repositories[record.repository_id])
    if bare:
        bare.move(f"refs/pull/{record.number}/head", record.head.sha)


def _check_new(hub: Hub, repository: Repository, branch: str, base: str) -> None:
    for one in hub.state.pulls_of(repository.id):
        if (one.head.repository_id, one.head.ref, one.base_ref) == (repository.id, branch, base) and not one.closed_at:
            owner = hub.state.accounts[repository.owner_id].login
            raise _refused(f"A pull request already exists for {owner}:{branch}.")


def _check_commits(hub: Hub, repository: Repository, head: tuple[str, str], base: tuple[str, str]) -> None:
    bare = hub.state.git.of(repository)
    if bare.is_ancestor(head[1], base[1]) if bare else head[1] == base[1]:
        raise _refused(f"No commits between {base[0]} and {head[0]}")


def _refused(message: str) -> Refusal:
    error = {"resource": RESOURCE, "code": "custom", "message": message}
    return Refusal(422, "Validation Failed", errors=[error])


def _unchangeable(reason: str) -> Refusal:
    return invalid(RESOURCE, "state", "invalid", f"state cannot be changed. {reason}")


def _note(hub: Hub, record: PullRequest, event: str, by: Account, commit_sha: str | None = None) -> None:
    line = IssueEvent(
        id=hub.state.next_id("issue_event"),
        repository_id=record.repository_id,
        number=record.number,
        event=event,
        actor_id=by.id,
        commit_sha=commit_sha,
        created_at=hub.clock.now(),
    )
    hub.state.issue_events.append(line)
