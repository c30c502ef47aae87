"""Merging, by button, by the API, or by itself once nothing stands in the way."""

from contextlib import suppress
from dataclasses import dataclass

from app.demo.github.git.bare import Bare
from app.demo.github.git.merging import Conflict, merge_commit, rebase_commits, squash_commit
from app.demo.github.hub import Hub
from app.demo.github.pulling.following import Movement, follow
from app.demo.github.pulling.lifecycle import mark_merged
from app.demo.github.pulling.obstacles import obstacle
from app.demo.github.records import Account, Commit, PullRequest, Repository, Signature
from app.demo.github.refusals import Refusal
from app.demo.github.sender import Sending
from app.demo.github.shapes.signatures import noreply

METHODS = ("merge", "squash", "rebase")


@dataclass(frozen=True, slots=True)
class Wish:
    """How somebody wants it merged."""

    method: str = "merge"
    title: str | None = None
    """Replaces the title that GitHub would write, as `message` replaces what stands below; a rebase ignores both."""
    message: str | None = None


def merge(hub: Hub, record: PullRequest, by: Account, wish: Wish, sending: Sending | None = None) -> PullRequest:
    """Merge a pull request of a Git-backed repository. Raises the 405 in which GitHub says what is in the way."""
    if record.closed_at:
        raise Refusal(405, "Pull Request is not mergeable")
    repository = hub.state.repositories[record.repository_id]
    reason = obstacle(hub, record, by)
    if reason:
        raise Refusal(405, reason)
    bare, base = hub.state.git.of(repository), hub.state.branch(repository, record.base_ref)
    assert bare, "only such a repository has obstacles to look for"
    assert base, "a base that is gone is an obstacle"
    try:
        made = _made(hub, bare, base, record, by, wish)
    except Conflict as conflict:
        reason = "This branch can't be rebased" if wish.method == "rebase" else "Pull Request is not mergeable"
        raise Refusal(405, reason) from conflict
    bare.move(f"refs/heads/{record.base_ref}", made, base)
    merged = mark_merged(hub, record, by, made, sending)
    follow(hub, repository, [Movement(record.base_ref, base, made)], by, sending)
    return merged


def merge_what_waits(hub: Hub, repository: Repository) -> None:
    """Merge what somebody said to merge once nothing stands in the way, lowest number first."""
    for one in hub.state.pulls_of(repository.id):
        # Looked up again: the merge before this one may have changed it.
        record = hub.state.pulls[one.repository_id, one.number]
        if record.auto_merge and not record.closed_at and obstacle(hub, record, None) is None:
            # A branch that cannot be rebased goes on waiting.
            with suppress(Refusal):
                merge(hub, record, hub.state.accounts[record.auto_merge.by_id], Wish(record.auto_merge.method))


def _made(hub: Hub, bare: Bare, base: str, record: PullRequest, by: Account, wish: Wish) -> str:
    head, now = record.head.sha, hub.clock.now()
    match wish.method:
        case "merge":
            message = _message(wish, _merge_title(hub, record), record.title)
            return merge_commit(bare, base, head, message, Signature(by.login, noreply(by), now))
        case "squash":
            commits = list(bare.commits(bare.between(base, head)).values())
            opener = hub.state.accounts[record.author_id]
            author = Signature(opener.login, noreply(opener), now)
            message = _message(wish, *_squash_words(record, commits, author))
            return squash_commit(bare, base, head, message, author)
        case "rebase":
            return rebase_commits(bare, base, head, now)
        case _:
            raise Refusal(422, f"{wish.method[:200]!r} is not one of {', '.join(METHODS)}")


def _message(wish: Wish, title: str, body: str) -> str:
    title = title if wish.title is None else wish.title
    body = body if wish.message is None else wish.message
    return f"{title}\n\n{body}" if body else title


def _merge_title(hub: Hub, record: PullRequest) -> str:
    owner = hub.state.accounts[record.head.owner_id].login
    return f"Merge pull request #{record.number} from {owner}/{record.head.ref}"


def _squash_words(record: PullRequest, commits: list[Commit], author: Signature) -> tuple[str, str]:
    """Return title and body: a single commit's own words, or the pull request's title and a list; whoever else wrote a
    commit is named as co-author, as the opener becomes the author of all
    (https://docs.github.com/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges)."""
    if len(commits) == 1:
        title, _, body = commits[0].message.partition("\n")
        parts = [body.strip()]
    else:
        title = record.title
        parts = ["\n\n".join(f"* {one.message}" for one in commits)]
    others = {one.author.email: one.author for one in commits if one.author and one.author.email != author.email}
    if others:
        lines = [f"Co-authored-by: {one.name} <{one.email}>" for one in others.values()]
        parts += ["---------"] * (len(commits) > 1) + ["\n".join(lines)]
    return f"{title} (#{record.number})", "\n\n".join(part for part in parts if part)
