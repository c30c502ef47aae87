"""Proposes changes of environments: one commit on a branch of its own for each, one push for all of them.

The followed branch is never pushed. Every branch has a lease of its own: where somebody else has moved one, that one
is left as it is and the others go through. A branch that holds exactly what is wanted is ours, also where the answer to
the push that made it was lost; so this may be killed anywhere and called again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from gitops.branches import BRANCHES, brought, ref, seen
from gitops.change import Change
from gitops.clone import Clone, Move
from gitops.commits import message
from gitops.errors import Rejected
from gitops.repository import Repository

__all__ = ["BRANCHES", "Fate", "Proposal", "Proposed", "propose"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one environment's branch should be. Raises ValueError for what cannot be an environment's name."""

    change: Change | None
    """None: there should be no branch."""
    namespace: str
    known: str | None
    """Where the caller last saw the branch; None: there was none."""
    based_on: str | None = None
    """The commit of the followed branch that it may go on standing on; None: the newest."""

    def __post_init__(self) -> None:
        ref(self.namespace)


class Fate(Enum):
    """What became of a proposal."""

    PUSHED = auto()
    UNCHANGED = auto()
    """The branch holds it already."""
    GONE = auto()
    """There is no branch, as wanted."""
    NEEDLESS = auto()
    """The followed branch holds it already; nothing was pushed."""
    MOVED = auto()
    """Somebody else has moved the branch; nothing was pushed."""
    REFUSED = auto()
    """The host does not take it."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """An environment's branch, after the push."""

    namespace: str
    fate: Fate
    base: str | None = None
    """The commit of the followed branch that it stands on."""
    commit: str | None = None
    """Where it is; None where there is none."""
    words: str = ""
    """Of the host's refusal."""


@dataclass(frozen=True, slots=True)
class _Due:
    """A branch that has to be moved."""

    before: str | None
    after: str | None
    base: str | None


def propose(
    repository: Repository, read: Callable[[], Sequence[Proposal]], guard: Callable[[], None]
) -> list[Proposed]:
    """Make every branch what `read` says; the results are in its order.

    `guard` is called right before the push, and raises when the caller may no longer push. Raises RemoteUnavailable,
    worth another try later; Rejected and CloneUnusable, an operator's matter. What `read` and `guard` raise rises.
    """
    return repository.use("proposing to", lambda clone: _propose(clone, read(), guard))


def _propose(clone: Clone, proposals: Sequence[Proposal], guard: Callable[[], None]) -> list[Proposed]:
    if not proposals:
        return []
    there = brought(clone, [ref(proposal.namespace) for proposal in proposals])
    followed = there.get(clone.remote.ref)
    if followed is None:
        where = f"{clone.remote.branch} of {clone.remote.url}"
        raise Rejected(f"proposing to {where}: it has no commit yet; push a first one, such as a README")
    wanted = [proposal.change for proposal in proposals if proposal.change is not None]
    made = iter(clone.commit(followed, wanted, is_apart=True))
    results: dict[str, Proposed] = {}
    due: dict[str, _Due] = {}
    for proposal in proposals:
        head = there.get(ref(proposal.namespace))
        if proposal.change is None:
            fate = _end(proposal, head)
        elif (commit := next(made)) is None:
            fate = Proposed(proposal.namespace, Fate.NEEDLESS, followed, head)
        else:
            fate = _stay(clone, proposal, proposal.change, followed, head) or _on_its_base(
                clone, proposal, proposal.change, _Due(head, commit.commit, followed)
            )
        if isinstance(fate, _Due):
            due[proposal.namespace] = fate
        else:
            results[proposal.namespace] = fate
    results |= _push(clone, due, guard)
    return [results[proposal.namespace] for proposal in proposals]


def _end(proposal: Proposal, head: str | None) -> Proposed | _Due:
    """A branch that should be gone."""
    if head is None:
        return Proposed(proposal.namespace, Fate.GONE)
    return _Due(head, None, None) if head == proposal.known else Proposed(proposal.namespace, Fate.MOVED, commit=head)


def _stay(clone: Clone, proposal: Proposal, change: Change, followed: str, head: str | None) -> Proposed | None:
    """A branch that is left as it is: it holds what is wanted, or somebody else has moved it. None: it has to move."""
    if head is None:
        return None
    branch = seen(clone, followed, head)
    is_ours = len(branch.commits) == 1 and branch.commits[0].message == message(change).strip()
    is_it = is_ours and branch.contents.keys() <= _paths(change, branch.contents) and _holds(clone, head, change)
    if is_it and (branch.base == proposal.based_on or not branch.is_behind):
        return Proposed(proposal.namespace, Fate.UNCHANGED, branch.base, head)
    return None if is_it or head == proposal.known else Proposed(proposal.namespace, Fate.MOVED, branch.base, head)


def _on_its_base(clone: Clone, proposal: Proposal, change: Change, newest: _Due) -> _Due:
    """The same on the commit that it may go on standing on."""
    if proposal.based_on in (None, newest.base):
        return newest
    (made,) = clone.commit(proposal.based_on, [change])
    # The older commit holds it: the followed branch has changed it since.
    return newest if made is None else _Due(newest.before, made.commit, proposal.based_on)


def _push(clone: Clone, due: Mapping[str, _Due], guard: Callable[[], None]) -> dict[str, Proposed]:
    if not due:
        return {}
    guard()
    refusals = clone.push_apart({ref(name): Move(each.before, each.after) for name, each in due.items()})
    return {name: _result(name, each.after, each.base, refusals[ref(name)]) for name, each in due.items()}


def _result(namespace: str, commit: str | None, base: str | None, refusal: str | None) -> Proposed:
    if refusal is None:
        return Proposed(namespace, Fate.PUSHED if commit else Fate.GONE, base if commit else None, commit)
    # `stale info` is what git says of a lease that is not kept (git-push(1)).
    fate = Fate.MOVED if "stale info" in refusal or "fetch first" in refusal else Fate.REFUSED
    return Proposed(namespace, fate, words=refusal)


def _holds(clone: Clone, commit: str, change: Change) -> bool:
    listed = clone.output("ls-tree", "-z", "--full-tree", commit, "--", *change.contents).decode("utf-8", "replace")
    lines = (line.split("\t", 1) for line in listed.split("\0") if line)
    held = {path: told.split()[2] for told, path in lines}
    return all(held.get(path) == wanted for path, wanted in change.contents.items())


def _paths(change: Change, there: Mapping[str, object]) -> set[str]:
    """Those of the paths that are the change's own."""
    own = (f"{change.folder}/", *(path for path in change.contents if path != change.folder))
    kept = f"{change.sync_path.rpartition('/')[0]}/ephemera.yaml" if change.sync_path and change.keep else None
    return {path for path in there if path.startswith(own) or path == kept}
