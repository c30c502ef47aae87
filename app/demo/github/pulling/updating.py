"""Bringing a pull request's branch up to date, and committing to branches as people do."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.demo.github.git.merging import Conflict, changed_tree, commit_tree, merge_commit
from app.demo.github.hub import Hub
from app.demo.github.pulling.following import Movement, follow
from app.demo.github.records import Account, PullRequest, Repository, Signature
from app.demo.github.refusals import Refusal
from app.demo.github.sender import Sending
from app.demo.github.shapes.signatures import noreply


def update_branch(hub: Hub, record: PullRequest, by: Account, sending: Sending | None = None) -> None:
    """Merge the base into the head. Raises the 422 for a conflict and for a head that has all of the base."""
    repository = hub.state.repositories[record.repository_id]
    bare, base = hub.state.git.of(repository), hub.state.branch(repository, record.base_ref)
    if bare is None or base is None or bare.is_ancestor(base, record.head.sha):
        raise Refusal(422, "There are no new commits on the base branch.")
    message = f"Merge branch '{record.base_ref}' into {record.head.ref}"
    try:
        made = merge_commit(bare, record.head.sha, base, message, signature(hub, by))
    except Conflict as conflict:
        raise Refusal(422, "merge conflict between base and head") from conflict
    bare.move(f"refs/heads/{record.head.ref}", made, record.head.sha)
    follow(hub, repository, [Movement(record.head.ref, record.head.sha, made)], by, sending)


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit that somebody is about to make."""

    branch: str
    """Made off the default branch when it is new."""
    files: Mapping[str, str | None]
    """None removes one."""
    message: str
    onto: str | None = None
    """The commit that a force push begins from, instead of the branch's tip."""


def commit_files(hub: Hub, repository: Repository, new: NewCommit, by: Account, sending: Sending | None = None) -> str:
    """Commit to a branch of a Git-backed repository; return the SHA. Protection is not asked: that is for a push."""
    bare = hub.state.git.of(repository)
    assert bare, "asked only of Git-backed repositories"
    before = bare.branch(new.branch)
    parent = new.onto or before or bare.branch(repository.default_branch)
    if parent is None:
        raise Refusal(422, f"no branch {repository.default_branch!r} to begin from")
    sha = commit_tree(bare, changed_tree(bare, parent, new.files), [parent], new.message, signature(hub, by))
    bare.move(f"refs/heads/{new.branch}", sha)
    follow(hub, repository, [Movement(new.branch, before, sha)], by, sending)
    return sha


def signature(hub: Hub, account: Account) -> Signature:
    """Return what an account signs a commit with now."""
    return Signature(account.login, noreply(account), hub.clock.now())
