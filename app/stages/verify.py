"""`verify`: proves every commit of the environments repository against what was recorded, or says what does not fit.

The history is fetched before the rows are read: a row is written before its commit is pushed, so every commit of ours
that is seen has its row. Nothing is changed anywhere.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.domain.audit import examine, examine_signatures
from app.domain.explained import Explained, Finding, Known, Made, Proposed, Remade
from app.domain.ledger import Record, before, explain, lost
from app.domain.proposal import ProposalState
from app.domain.pull_request import Missing
from app.ports import Destination, Proposals, Verdict
from app.stages.remake import Order, Product, order, remake
from app.store import auditing
from app.store.engine import Store
from gitops.history import History, reading
from gitops.logged import Commit
from gitops.repository import Repository
from gitops.signing import verify
from gitops.tree import blob_id


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of it."""

    findings: tuple[Finding, ...]
    commits: int
    """How many were looked at."""
    proven: int
    """How many of them are proven."""

    @property
    def is_proven(self) -> bool:
        """Nothing is wrong."""
        return not any(finding.is_failure for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Verifier:
    """Proves the history of one environments repository."""

    store: Store
    repository: Repository
    destinations: Mapping[str, Destination]
    keys: tuple[str, ...] = ()
    """Public keys, as OpenSSH writes them, of which one has signed each of our commits; none: signatures do not
    matter."""
    proposals: Proposals | None = None
    """Asked who merged what, where GitHub is to be asked too."""

    def run(self, since: str | None = None) -> Verified:
        """Look at all commits, or at those after `since`, the id of one.

        Raises what reading the repository, the database and GitHub raises: then nothing is said.
        """
        with reading(self.repository) as history:
            start = history.resolve(since) if since is not None else None
            commits, signers = self._commits(history, start)
            older = frozenset(history.ids(start)) if start is not None else frozenset()
        with self.store.begin() as session:
            record = auditing.record(session)
        record = replace(record, known=self._known(record))
        explained = explain(commits, record, has_begun=_has_begun(record, older))
        findings = [*before(explained), *self._examined(explained, record)]
        if self.keys:
            findings += examine_signatures(explained, signers)
        findings += self._lost(record, older | {commit.sha for commit in commits})
        if self.proposals is not None:
            findings += _asked(self.proposals, explained)
        failed = {finding.commit for finding in findings if finding.is_failure}
        claimed = [each.commit.sha for each in explained if each.made is not None]
        return Verified(tuple(findings), len(commits), sum(sha not in failed for sha in claimed))

    def _commits(self, history: History, since: str | None) -> tuple[list[Commit], dict[str, str | None]]:
        """The commits, without what their signatures are made of; and by which key each is signed."""
        commits: list[Commit] = []
        signers: dict[str, str | None] = {}
        for commit in history.walk(since, with_signatures=bool(self.keys)):
            if commit.payload is not None and commit.signature is not None:
                signers[commit.sha] = verify(commit.payload, commit.signature, self.keys)
            else:
                signers[commit.sha] = None
            commits.append(replace(commit, payload=None, signature=None) if self.keys else commit)
        return commits, signers

    def _known(self, record: Record) -> Known:
        keeps = {}
        for made in record.made:
            to = self.destinations.get(made.cluster)
            if to is not None and to.keep is not None:
                keeps[made.keep_path] = blob_id(to.keep)
        return replace(record.known, keeps=keeps)

    def _examined(self, explained: Sequence[Explained], record: Record) -> Iterator[Finding]:
        orders = [_order(each) for each in explained]
        wanted = {each for each in orders if each is not None}
        with self.store.begin() as session:
            versions = auditing.templates(session, frozenset(each.templates for each in wanted))
        products = remake(versions, wanted)
        others: Counter[str] = Counter()
        for each, wish in zip(explained, orders, strict=True):
            product = products[wish] if wish is not None else None
            yield from examine(each, record.known, Remade(product.tree, product.problem) if product else None)
            made = each.made
            if made is not None and product is not None and self._is_other_sync(made, product):
                others[made.cluster] += 1
        for cluster, count in sorted(others.items()):
            what = f"{count} files below syncs/{cluster} are as recorded, and not as the settings of now make them"
            yield Finding(None, what, "nothing, where these settings were changed since", is_failure=False)

    def _is_other_sync(self, made: Made, product: Product) -> bool:
        to = self.destinations.get(made.cluster)
        if made.sync is None or product.namespace is None or to is None or to.sync is None:
            return False
        return blob_id(to.sync(made.folder, made.number, product.namespace)) != made.sync

    def _lost(self, record: Record, ids: frozenset[str]) -> list[Finding]:
        if not list(lost(record, ids)):
            return []
        # Some may have been pushed since the history was read.
        with reading(self.repository) as history:
            return list(lost(record, frozenset(history.ids())))


def _has_begun(record: Record, older: frozenset[str]) -> bool:
    named = {each.commit for each in record.publications} | {each.merge_commit for each in record.proposals.values()}
    return not named.isdisjoint(older)


def _order(explained: Explained) -> Order | None:
    made = explained.made
    spec = made.desired.get("spec") if made is not None and explained.has_contents else None
    if made is None or spec is None:
        return None
    return order(made.templates, spec, made.folder, is_divided=made.sync is not None)


def _asked(proposals: Proposals, explained: Sequence[Explained]) -> Iterator[Finding]:
    """What GitHub says otherwise of the proposals by which commits came."""
    merged = {each.proposal.id: each.proposal for each in explained if each.proposal is not None}
    for proposal in merged.values():
        if proposal.number is not None and proposal.state is ProposalState.MERGED:
            yield from _compared(proposal, proposal.number, proposals)


def _compared(proposal: Proposed, number: int, proposals: Proposals) -> Iterator[Finding]:
    found = proposals.look_up(number)
    advice = f"look at {proposals.url(number)}"
    if isinstance(found, Missing):
        yield Finding(proposal.merge_commit, f"GitHub does not know {proposal.words}", advice)
    elif found.verdict is not Verdict.MERGED or found.merge_commit != proposal.merge_commit:
        said = f"merged as {found.merge_commit}" if found.verdict is Verdict.MERGED else found.verdict.value
        yield Finding(proposal.merge_commit, f"GitHub says that {proposal.words} is {said}", advice)
    elif found.decided_by is not None and found.decided_by != proposal.decided_by:
        what = f"GitHub says that {found.decided_by} merged {proposal.words}, and recorded is {proposal.decided_by}"
        yield Finding(proposal.merge_commit, what, advice)
