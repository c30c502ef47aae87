"""Publishes environments as commits: one commit for each that changed, one push for all of them.

It starts at the head it knows, without asking: a push from a stale head is refused anyway, and then everything is
read and compared again at the new one. The order matters. The head is fixed *before* the wanted state is read, so
whoever publishes later has read later; and what is unchanged is claimed only of a head that the remote has confirmed,
by taking the push or by being asked. So it may be killed anywhere and called again: the next call finds the folders
as they should be and commits nothing twice.

Environments' own refs move in the same push as the branch, or neither does. They are also mended: one that is not at
the commit that changed its environment last is moved there, wherever an unchanged environment is asked for.
"""

from collections.abc import Callable, Mapping, Sequence

from gitops.change import Change, Published
from gitops.clone import Answer, Clone, Made
from gitops.errors import Contended, HistoryRewritten, Rejected
from gitops.remote import Remote
from gitops.repository import Repository

PUSH_TRIES = 8


def publish(repository: Repository, read: Callable[[], Sequence[Change]], guard: Callable[[], None]) -> list[Published]:
    """Make the remote's branch hold every change that `read` returns; the results are in its order.

    `read` is called once the head is fixed, and again whenever the branch moved. `guard` is called right before every
    push, and raises when the caller may no longer publish. Raises RemoteUnavailable and Contended, worth another
    try later; Rejected and CloneUnusable, an operator's matter. What `read` and `guard` raise rises as it is.

    Where environments follow their own refs, let `read` return some hundreds at most: git compares every ref that moves
    with every ref of the remote, which takes 1 to 2 ms among 1,000 and 10 to 20 ms among 10,000, for each.
    """

    def work(clone: Clone) -> list[Published]:
        try:
            return _publish(clone, read, guard)
        finally:
            # Also when nothing was published: each try against a busy branch leaves a pack behind.
            repository.tidy(clone)

    return repository.use("publishing to", work)


def _publish(clone: Clone, read: Callable[[], Sequence[Change]], guard: Callable[[], None]) -> list[Published]:
    for _ in range(PUSH_TRIES):
        head = clone.head()
        changes = _distinct(read())
        if not changes:
            return []
        made = clone.commit(head, changes)
        there = _ask(clone, changes, made)
        if there is not None and there.get(clone.remote.ref) != head:
            _follow(clone, head)
            continue
        published = [_settled(clone, head, *pair, there or {}) for pair in zip(changes, made, strict=True)]
        refs = _refs(clone.remote, changes, published)
        commit = next((each.commit for each in reversed(made) if each is not None), head)
        if commit != head or refs:
            guard()
            push = clone.push(commit, head, refs)
            if push.answer is Answer.REFUSED:
                _follow_or_refuse(clone, commit, head, refs, push.words)
                continue
        return published
    raise Contended(f"pushing to {clone.remote.url}: {clone.remote.branch} moved during {PUSH_TRIES} tries")


def _distinct(changes: Sequence[Change]) -> Sequence[Change]:
    if len({change.folder for change in changes}) != len(changes):
        raise ValueError("two changes of one folder in one publication")
    followers = [change.namespace for change in changes if change.follows_ref]
    if len(set(followers)) != len(followers):
        raise ValueError("two environments of one name in one publication")
    return changes


def _ask(clone: Clone, changes: Sequence[Change], made: Sequence[Made | None]) -> dict[str, str] | None:
    """What the remote holds, where that is to be told or mended; None where nothing depends on it but the push."""
    unchanged = [change for change, each in zip(changes, made, strict=True) if each is None]
    if any(change.follows_ref for change in unchanged):
        return clone.remote_refs()
    if len(unchanged) < len(changes):
        return None
    head = clone.remote_head()
    return {} if head is None else {clone.remote.ref: head}


def _settled(clone: Clone, head: str | None, change: Change, made: Made | None, there: Mapping[str, str]) -> Published:
    if made is not None:
        # Its ref is moved without having been looked for: a ref that is not there may be removed as well.
        is_due = change.follows_ref or made.ends_sync
        return Published(change.folder, change.tree, made.commit, changed=True, moved=is_due)
    commit = head and clone.last_commit(head, change.contents)
    wanted = None if change.files is None else commit
    is_stray = change.follows_ref and there.get(clone.remote.own_ref(change.namespace)) != wanted
    return Published(change.folder, change.tree, commit, changed=False, moved=is_stray)


def _refs(remote: Remote, changes: Sequence[Change], published: Sequence[Published]) -> dict[str, str | None]:
    """{own ref: where it is to be, None to remove it} of all that have to move."""
    return {
        remote.own_ref(change.namespace): result.commit if change.follows_ref and change.files is not None else None
        for change, result in zip(changes, published, strict=True)
        if result.moved
    }


def _follow_or_refuse(
    clone: Clone, commit: str | None, head: str | None, refs: Mapping[str, str | None], words: str
) -> None:
    """Learn the new head. Raises RefsRefused or Rejected where there is none, so that it was not why."""
    if _follow(clone, head) != head:
        return
    if refs and commit is not None:
        clone.try_own_ref(commit)
    raise Rejected(f"pushing to {clone.remote.url}: it refuses {clone.remote.branch}: {words}")


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
