"""Publishes environments as commits: one commit for each that changed, one push for all of them.

It starts at the head it knows, without asking: a push from a stale head is refused anyway, and then everything is
read and compared again at the new one. The order matters. The head is fixed *before* the wanted state is read, so
whoever publishes later has read later; and what is unchanged is claimed only of a head that the remote has confirmed,
by taking the push or by being asked. So it may be killed anywhere and called again: the next call finds the folders
as they should be and commits nothing twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitops.change import Change, Published
from gitops.clone import Answer, BrokenCloneError, Clone, UnansweredError
from gitops.errors import CloneUnusable, Contended, HistoryRewritten, Rejected, RemoteUnavailable
from gitops.repository import Repository

PUSH_TRIES = 8


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one reading at one head asks for."""

    head: str | None
    changes: Sequence[Change]
    differing: Sequence[Change]


def publish(repository: Repository, read: Callable[[], Sequence[Change]], guard: Callable[[], None]) -> list[Published]:
    """Make the remote's branch hold every change that `read` returns; the results are in its order.

    `read` is called once the head is fixed, and again whenever the branch moved. `guard` is called right before every
    push, and raises when the caller may no longer publish. Raises RemoteUnavailable and Contended, worth another
    try later; Rejected and CloneUnusable, an operator's matter. What `read` and `guard` raise rises as it is.
    """
    try:
        return _publish_once(repository, read, guard)
    except BrokenCloneError:
        pass  # it was thrown away: once more, with a new one
    try:
        return _publish_once(repository, read, guard)
    except UnansweredError as error:
        raise RemoteUnavailable(str(error)) from error
    except BrokenCloneError as error:
        raise CloneUnusable(f"publishing to {repository.remote.url}: {error}") from error


def _publish_once(
    repository: Repository, read: Callable[[], Sequence[Change]], guard: Callable[[], None]
) -> list[Published]:
    with repository.clone() as clone:
        try:
            published = _publish(clone, read, guard)
            clone.tidy()
        except BrokenCloneError:
            repository.discard(clone)
            raise
    return published


def _publish(clone: Clone, read: Callable[[], Sequence[Change]], guard: Callable[[], None]) -> list[Published]:
    for _ in range(PUSH_TRIES):
        attempt = _attempt(clone, read)
        if not attempt.differing:
            if not attempt.changes or clone.remote_head() == attempt.head:
                return _settled(clone, attempt, [])
            _follow(clone, attempt.head)
            continue
        commits = clone.commit(attempt.head, attempt.differing)
        guard()
        push = clone.push(commits[-1], attempt.head)
        if push.answer is Answer.TAKEN:
            return _settled(clone, attempt, commits)
        if _follow(clone, attempt.head) == attempt.head:
            raise Rejected(f"pushing to {clone.remote.url}: it refuses {clone.remote.branch}: {push.words}")
    raise Contended(f"pushing to {clone.remote.url}: {clone.remote.branch} moved during {PUSH_TRIES} tries")


def _attempt(clone: Clone, read: Callable[[], Sequence[Change]]) -> _Attempt:
    head = clone.head()
    changes = read()
    folders = [change.folder for change in changes]
    if len(set(folders)) != len(folders):
        raise ValueError("two changes of one folder in one publication")
    trees = clone.trees(head, folders) if folders else []
    differing = [change for change, tree in zip(changes, trees, strict=True) if change.tree != tree]
    return _Attempt(head, changes, differing)


def _follow(clone: Clone, head: str | None) -> str | None:
    """Fetch, and return the new head. Raises HistoryRewritten when it left `head` behind."""
    new_head = clone.fetch()
    if head is None or new_head == head:
        return new_head
    where = f"{clone.remote.branch} of {clone.remote.url}"
    if new_head is None:
        raise HistoryRewritten(
            f"{where} is gone, it was at {head}: push it again, or remove {clone.command.directory} to start anew"
        )
    if not clone.descends(new_head, head):
        raise HistoryRewritten(f"{where} was replaced: {new_head} does not contain {head}; look before you go on")
    return new_head


def _settled(clone: Clone, attempt: _Attempt, commits: Sequence[str]) -> list[Published]:
    made = dict(zip((change.folder for change in attempt.differing), commits, strict=True))
    return [
        Published.by(change, made[change.folder], changed=True)
        if change.folder in made
        else Published.by(change, _last_commit(clone, attempt.head, change), changed=False)
        for change in attempt.changes
    ]


def _last_commit(clone: Clone, head: str | None, change: Change) -> str | None:
    return None if head is None else clone.last_commit(head, change.folder)
