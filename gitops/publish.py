"""Publishes environments as commits: one commit for each that changed, one push for all of them.

It starts at the head it knows, without asking: a push from a stale head is refused anyway, and then everything is
read and compared again at the new one. The order matters. The head is fixed *before* the wanted state is read, so
whoever publishes later has read later; and what is unchanged is claimed only of a head that the remote has confirmed,
by taking the push or by being asked. So it may be killed anywhere and called again: the next call finds the folders
as they should be and commits nothing twice.
"""

from collections.abc import Callable, Sequence

from gitops.change import Change, Published
from gitops.clone import Answer, BrokenCloneError, Clone, UnansweredError
from gitops.errors import CloneUnusable, Contended, HistoryRewritten, Rejected, RemoteUnavailable
from gitops.repository import Repository

PUSH_TRIES = 8


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
        except BrokenCloneError:
            repository.discard(clone)
            raise
        try:
            clone.tidy()
        except BrokenCloneError:
            repository.discard(clone)
    return published


def _publish(clone: Clone, read: Callable[[], Sequence[Change]], guard: Callable[[], None]) -> list[Published]:
    for _ in range(PUSH_TRIES):
        head = clone.head()
        changes = _distinct(read())
        if not changes:
            return []
        commits = clone.commit(head, changes)
        made = [commit for commit in commits if commit is not None]
        if not made:
            if clone.remote_head() == head:
                return _settled(clone, head, changes, commits)
            _follow(clone, head)
            continue
        guard()
        push = clone.push(made[-1], head)
        if push.answer is Answer.TAKEN:
            return _settled(clone, head, changes, commits)
        if _follow(clone, head) == head:
            raise Rejected(f"pushing to {clone.remote.url}: it refuses {clone.remote.branch}: {push.words}")
    raise Contended(f"pushing to {clone.remote.url}: {clone.remote.branch} moved during {PUSH_TRIES} tries")


def _distinct(changes: Sequence[Change]) -> Sequence[Change]:
    if len({change.folder for change in changes}) != len(changes):
        raise ValueError("two changes of one folder in one publication")
    return changes


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


def _settled(
    clone: Clone, head: str | None, changes: Sequence[Change], commits: Sequence[str | None]
) -> list[Published]:
    return [
        Published.by(change, commit, changed=True)
        if commit is not None
        else Published.by(change, head and clone.last_commit(head, change.folder), changed=False)
        for change, commit in zip(changes, commits, strict=True)
    ]
