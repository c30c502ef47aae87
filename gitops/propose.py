"""Proposes changes of environments: one commit on a branch of its own for each, one push for all of them.

The followed branch is never pushed. Every branch has a lease of its own: where somebody else has moved one, that one
is left as it is and the others go through. A branch that holds exactly what is wanted is ours, also where the answer to
the push that made it was lost; so this may be killed anywhere and called again.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from gitops.branches import BRANCHES, REFS, brought, merge_base, ref
from gitops.change import Change
from gitops.clone import BrokenCloneError, Clone, Made, Move
from gitops.errors import Rejected
from gitops.recognise import in_history, parents_of_ours
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
class _Wanted:
    """A proposal of a change that the followed branch does not hold."""

    proposal: Proposal
    change: Change
    head: str | None
    """Where its branch is."""
    parent: str | None
    """What that stands on, where it is one commit of exactly this change."""


@dataclass(frozen=True, slots=True)
class _Due:
    """A branch that has to be moved."""

    namespace: str
    move: Move
    base: str | None


def propose(
    repository: Repository, read: Callable[[], Sequence[Proposal]], guard: Callable[[], None]
) -> list[Proposed]:
    """Make every branch what `read` says; the results are in its order.

    `guard` is called right before the push, and raises when the caller may no longer push. Raises RemoteUnavailable,
    worth another try later; Rejected and CloneUnusable, an operator's matter. What `read` and `guard` raise rises.
    """

    def work(clone: Clone) -> list[Proposed]:
        try:
            return _propose(clone, _distinct(read()), guard)
        finally:
            repository.tidy(clone)

    return repository.use("proposing to", work)


def _distinct(proposals: Sequence[Proposal]) -> Sequence[Proposal]:
    if len({proposal.namespace for proposal in proposals}) != len(proposals):
        raise ValueError("two proposals for one environment")
    return proposals


def _propose(clone: Clone, proposals: Sequence[Proposal], guard: Callable[[], None]) -> list[Proposed]:
    if not proposals:
        return []
    there = brought(clone, [ref(proposal.namespace) for proposal in proposals])
    followed = there.get(clone.remote.ref)
    if followed is None:
        where = f"{clone.remote.branch} of {clone.remote.url}"
        raise Rejected(f"proposing to {where}: it has no commit yet; push a first one, such as a README")
    ends = [_end(each, there.get(ref(each.namespace))) for each in proposals if each.change is None]
    found = [*ends, *_put(clone, followed, proposals, there)]
    results = {each.namespace: each for each in found if isinstance(each, Proposed)}
    results |= _push(clone, [each for each in found if isinstance(each, _Due)], guard)
    return [results[proposal.namespace] for proposal in proposals]


def _end(proposal: Proposal, head: str | None) -> Proposed | _Due:
    """A branch that should be gone."""
    if head is None:
        return Proposed(proposal.namespace, Fate.GONE)
    if head != proposal.known:
        return Proposed(proposal.namespace, Fate.MOVED, commit=head)
    return _Due(proposal.namespace, Move(head, None), None)


def _put(clone: Clone, followed: str, proposals: Sequence[Proposal], there: Mapping[str, str]) -> list[Proposed | _Due]:
    """Branches that should be there: what to tell of those that stay as they are, and commits for the others."""
    asked = [(each, each.change, there.get(ref(each.namespace))) for each in proposals if each.change is not None]
    needless = clone.holds([(followed, change) for _, change, _ in asked])
    told: list[Proposed | _Due] = [
        Proposed(proposal.namespace, Fate.NEEDLESS, followed, head)
        for (proposal, _, head), is_needless in zip(asked, needless, strict=True)
        if is_needless
    ]
    needed = [each for each, is_needless in zip(asked, needless, strict=True) if not is_needless]
    parents = iter(parents_of_ours(clone, [(head, change) for _, change, head in needed if head is not None]))
    wanted = [_Wanted(*each, None if each[2] is None else next(parents)) for each in needed]
    merged = in_history(clone, followed, {followed, *_commits_of(wanted)})
    stays = [_stay(clone, followed, merged, each) for each in wanted]
    moving = [each for each, stay in zip(wanted, stays, strict=True) if stay is None]
    return [*told, *filter(None, stays), *_made(clone, followed, merged, moving)]


def _commits_of(wanted: Iterable[_Wanted]) -> set[str]:
    named = ((each.head, each.parent, each.proposal.based_on) for each in wanted)
    return {commit for commits in named for commit in commits if commit is not None}


def _stay(clone: Clone, followed: str, merged: Collection[str], wanted: _Wanted) -> Proposed | None:
    """A branch that is left as it is: it holds what is wanted, or somebody else has moved it. None: it has to move."""
    proposal, head, parent = wanted.proposal, wanted.head, wanted.parent
    if head is None:
        return None
    is_ours = parent in merged and head not in merged
    if is_ours and parent in (followed, proposal.based_on):
        return Proposed(proposal.namespace, Fate.UNCHANGED, parent, head)
    if is_ours or head == proposal.known:
        return None
    return Proposed(proposal.namespace, Fate.MOVED, merge_base(clone, followed, head), head)


def _made(clone: Clone, followed: str, merged: Collection[str], moving: Iterable[_Wanted]) -> list[_Due]:
    """New commits, each where its proposal may go on standing, else on the newest."""
    on: dict[str, list[_Wanted]] = {}
    for each in moving:
        base = each.proposal.based_on
        # What was merged stands on the newest: on its old base it would be the same again.
        is_kept = base is not None and base in merged and each.head not in merged
        on.setdefault(base if is_kept and base else followed, []).append(each)
    newest = on.pop(followed, [])
    due: list[_Due] = []
    for base, group in on.items():
        for each, made in zip(group, _commit(clone, base, group), strict=True):
            if made is None:
                newest.append(each)  # the older commit holds it, and the followed branch has changed it since
            else:
                due.append(_due(each, made, base))
    for each, made in zip(newest, _commit(clone, followed, newest), strict=True):
        if made is None:
            raise BrokenCloneError(f"making a commit on {followed}: it holds {each.change.folder} now, and did not")
        due.append(_due(each, made, followed))
    return due


def _commit(clone: Clone, base: str, wanted: Sequence[_Wanted]) -> list[Made | None]:
    return clone.commit(base, [each.change for each in wanted], is_apart=True) if wanted else []


def _due(wanted: _Wanted, made: Made, base: str) -> _Due:
    return _Due(wanted.proposal.namespace, Move(wanted.head, made.commit), base)


def _push(clone: Clone, due: Sequence[_Due], guard: Callable[[], None]) -> dict[str, Proposed]:
    if not due:
        return {}
    guard()
    refusals = clone.push_apart({ref(each.namespace): each.move for each in due})
    # Where they are tells why: what a host says of a race is not always the same.
    there = clone.branches(REFS) if any(refusals.values()) else {}
    return {each.namespace: _result(each, refusals[ref(each.namespace)], there) for each in due}


def _result(due: _Due, refusal: str | None, there: Mapping[str, str]) -> Proposed:
    after = due.move.after
    now = there.get(ref(due.namespace))
    if refusal is None or now == after:
        return Proposed(due.namespace, Fate.PUSHED if after else Fate.GONE, due.base, after)
    if now != due.move.before:
        return Proposed(due.namespace, Fate.MOVED, commit=now, words=refusal)
    return Proposed(due.namespace, Fate.REFUSED, commit=now, words=refusal)
