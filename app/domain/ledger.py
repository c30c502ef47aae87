"""Finds what is recorded of each commit of a history. Pure.

A record of a publication explains one commit: the one that it names; or, where the answer to the push was lost, one
that has exactly its words and contents. What a proposal brought is known by the commits that its branch was seen at,
and by its merge.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.audit import is_bootstrap, matches
from app.domain.explained import Explained, Finding, Known, Made, Proposed, Publication, Seen, Way
from app.domain.proposal import ProposalState
from gitops.logged import Commit
from gitops.naming import FOLDER_ROOT

_ROOTS = (f"{FOLDER_ROOT}/", "syncs/")
"""Below which everything is an environment's."""
_MERGED = (ProposalState.MERGED, ProposalState.SPOILED)


@dataclass(frozen=True, slots=True)
class Record:
    """All that is recorded."""

    publications: tuple[Publication, ...] = ()
    """Oldest first."""
    proposals: Mapping[int, Proposed] = field(default_factory=dict)
    """By id."""
    seen: Mapping[str, tuple[Seen, ...]] = field(default_factory=dict)
    """By commit."""
    known: Known = field(default_factory=Known)

    @property
    def made(self) -> list[Made]:
        """What everything was made of."""
        return [*(each.made for each in self.publications), *(each.made for each in self.proposals.values())]


def explain(commits: Sequence[Commit], record: Record, *, has_begun: bool = False) -> list[Explained]:
    """Each commit, in their order, with what is recorded of it. Parents come before their children; the last is the
    branch's head.

    `has_begun`: something older than all of them is recorded, so that none is from before the record.
    """
    found = list(_Ledger(record, commits).explained())
    first = next((each.commit.sha for each in found if each.way is not Way.UNKNOWN), None)
    if has_begun:
        return found
    before = _ancestors(first, commits) if first is not None else _harmless(commits)
    return [
        Explained(each.commit, Way.BEFORE) if each.way is Way.UNKNOWN and each.commit.sha in before else each
        for each in found
    ]


def lost(record: Record, ids: frozenset[str]) -> Iterator[Finding]:
    """What is recorded as a commit of the history, `ids`, and is not in it."""
    advice = "the branch was replaced: find who did, and push again what was lost"
    for publication in record.publications:
        if publication.commit is not None and publication.commit not in ids:
            what = f"it is recorded as the commit of {publication.made.namespace}, and is not in the branch's history"
            yield Finding(publication.commit, what, advice)
    for proposal in record.proposals.values():
        if proposal.state in _MERGED and proposal.merge_commit is not None and proposal.merge_commit not in ids:
            what = f"{proposal.words} was merged as it, and it is not in the branch's history"
            yield Finding(proposal.merge_commit, what, advice)


def before(explained: Sequence[Explained]) -> Iterator[Finding]:
    """What is said of the commits from before the record began, all together."""
    old = [each.commit for each in explained if each.way is Way.BEFORE]
    if not old:
        return
    bootstraps = sum(map(is_bootstrap, old))
    what = f"{len(old)} commits up to this one are from before the record began"
    yield Finding(
        old[-1].sha,
        f"{what}, {bootstraps} of them connect clusters" if bootstraps else what,
        "nothing: they cannot be proven, and nothing is claimed of them",
        is_failure=False,
    )


class _Ledger:
    def __init__(self, record: Record, commits: Sequence[Commit]) -> None:
        self._record, self._commits = record, commits
        self._published = {each.commit: each for each in record.publications if each.commit is not None}
        self._merges = {
            each.merge_commit: each for each in record.proposals.values() if each.merge_commit and each.state in _MERGED
        }
        self._waiting: defaultdict[tuple[str, str | None], deque[Publication]] = defaultdict(deque)
        for each in record.publications:
            if each.commit is None:
                self._waiting[each.made.folder, each.made.tree].append(each)
        self._parents = {commit.sha: commit.parents for commit in commits}
        self._trees: defaultdict[int, set[str | None]] = defaultdict(set)
        for seen in (seen for rows in record.seen.values() for seen in rows if seen.is_allowed):
            self._trees[seen.proposal].add(seen.tree)
        branches = self._branches()
        self._last = self._results(branches)
        self._among = branches | self._copies()

    def explained(self) -> Iterator[Explained]:
        for commit in self._commits:
            yield self._known(commit) or self._unanswered(commit) or Explained(commit, Way.UNKNOWN)

    def _known(self, commit: Commit) -> Explained | None:
        publication, merged = self._published.get(commit.sha), self._merges.get(commit.sha)
        if merged is not None:
            return Explained(commit, Way.MERGED, publication, merged, self._seen(commit, merged))
        if (seen := self._seen(commit)) is not None:
            return Explained(commit, Way.PROPOSED, publication, self._record.proposals[seen.proposal], seen)
        if publication is not None:
            accepted = self._record.proposals.get(publication.proposal or 0)
            return Explained(commit, Way.PUBLISHED, publication, accepted)
        among = self._among.get(commit.sha)
        if among is None:
            return None
        if self._last.get(among.id) == commit.sha:
            result = Seen(among.id, among.made.tree, among.made.sync, is_ours=False, is_allowed=True)
            return Explained(commit, Way.PROPOSED, None, among, result)
        return Explained(commit, Way.AMONG, None, among)

    def _seen(self, commit: Commit, proposal: Proposed | None = None) -> Seen | None:
        """As it was seen on a branch, of one that was merged if any was."""
        rows = [
            each for each in self._record.seen.get(commit.sha, ()) if proposal is None or each.proposal == proposal.id
        ]
        merged = [each for each in rows if self._record.proposals[each.proposal].state is ProposalState.MERGED]
        return next(iter([*merged, *rows]), None)

    def _unanswered(self, commit: Commit) -> Explained | None:
        """One whose push was never answered: the first record that fits, which explains no other one."""
        for touched in commit.changes:
            waiting = self._waiting.get((touched.path, touched.after))
            for publication in waiting or ():
                if matches(commit, publication.made):
                    assert waiting is not None
                    waiting.remove(publication)
                    accepted = self._record.proposals.get(publication.proposal or 0)
                    return Explained(commit, Way.PUBLISHED, publication, accepted)
        return None

    def _branches(self) -> dict[str, Proposed]:
        """{commit: the proposal with whose merge it came into the history}."""
        trunk = set(self._trunk(self._commits[-1].sha)) if self._commits else set()
        found: dict[str, Proposed] = {}
        for commit in self._commits:
            proposal = self._merges.get(commit.sha)
            left = list(commit.parents[1:]) if proposal is not None else []
            while left:
                sha = left.pop()
                if proposal is not None and sha in self._parents and sha not in trunk and sha not in found:
                    found[sha] = proposal
                    left += self._parents[sha]
        return found

    def _copies(self) -> dict[str, Proposed]:
        """{commit: the proposal}, where GitHub put copies of its branch's commits on the trunk: a rebase."""
        commits = {commit.sha: commit for commit in self._commits}
        found: dict[str, Proposed] = {}
        for sha, proposal in self._merges.items():
            if len(self._parents.get(sha, ())) != 1:
                continue
            for below in self._trunk(self._parents[sha][0]):
                if not self._is_copy(commits[below], proposal):
                    break
                found[below] = proposal
        return found

    def _is_copy(self, commit: Commit, proposal: Proposed) -> bool:
        if commit.sha in self._published or commit.sha in self._merges or commit.sha in self._record.seen:
            return False
        trees = self._trees[proposal.id]
        return any(touched.path == proposal.made.folder and touched.after in trees for touched in commit.changes)

    def _results(self, branches: Mapping[str, Proposed]) -> dict[int, str]:
        """{id of a proposal: the last commit of its branch that changed its folder}."""
        found: dict[int, str] = {}
        for commit in self._commits:
            proposal = branches.get(commit.sha)
            if proposal is not None and any(touched.path == proposal.made.folder for touched in commit.changes):
                found[proposal.id] = commit.sha
        return found

    def _trunk(self, sha: str) -> Iterator[str]:
        """The commit and the first parents below it."""
        at: str | None = sha
        while at is not None and at in self._parents:
            yield at
            at = next(iter(self._parents[at]), None)


def _ancestors(sha: str, commits: Sequence[Commit]) -> set[str]:
    parents = {commit.sha: commit.parents for commit in commits}
    found: set[str] = set()
    left = list(parents[sha])
    while left:
        each = left.pop()
        if each in parents and each not in found:
            found.add(each)
            left += parents[each]
    return found


def _harmless(commits: Sequence[Commit]) -> set[str]:
    """Where nothing is recorded: what changes no environment."""
    return {commit.sha for commit in commits if not any(touched.path.startswith(_ROOTS) for touched in commit.changes)}
