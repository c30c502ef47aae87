"""`review`: what people did with proposals. Merge is the go, closing a refusal, an edit is checked like our own work.

GitHub is asked for the pull request, and the environments repository for what lies there: what was merged must be what
was proposed. A webhook only says where to look; a survey of all open pull requests finds what no webhook told.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.domain.desired import Present, from_json
from app.domain.proposal import ProposalState
from app.domain.pull_request import Missing
from app.domain.retry import delay
from app.domain.review import Rules
from app.errors import EphemeraError, Stalled, Transient
from app.ports import Bell, Proposals, Reviewed, Ring, Verdict
from app.stages.changing import Changer
from app.store import proposing
from app.store.engine import Store
from app.store.locks import Lock, try_claim
from app.store.proposing import Content, Decision, Taken
from gitops.branches import Seen, look
from gitops.check import check
from gitops.contents import Contents, read
from gitops.errors import GitopsError, ProblemsError, RemoteUnavailable
from gitops.repository import Repository
from gitops.syncs import joined, sync_path
from gitops.workloads import objects_of

UNKNOWN = "somebody"
"""Who decided, where GitHub does not say."""
_BY = "ephemera"
_MOVED_ON = ("behind", "dirty")
_AT_A_TIME = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Looks at every proposal that somebody did something about."""

    store: Store
    proposals: Proposals
    repository: Repository
    changer: Changer
    bell: Bell
    rules: Rules

    def run(self) -> None:
        """Look at all that is due."""
        with self.store.begin() as session:
            due = proposing.to_look(session)
        if not due:
            return
        for proposal_id in due[:_AT_A_TIME]:
            self._look(proposal_id)
        self.bell.ring(Ring.PUBLISH, Ring.PROPOSE, Ring.REPORT)
        if len(due) > _AT_A_TIME:
            self.bell.ring(Ring.REVIEW)

    def survey(self) -> None:
        """Compare all open pull requests with the rows, and have looked at what differs. Raises Transient or Stalled
        where they could not be listed: then nothing is concluded."""
        with self.store.begin() as session:
            changed = proposing.reconsider(session, self.rules.digest)
            known = proposing.known(session)
        if changed:
            self.bell.ring(Ring.PUBLISH)
        if not any(each.is_open for each in known.values()):
            return
        listed = {each.number: each for each in self.proposals.all_open()}
        odd = [number for number, each in known.items() if each.is_open and number not in listed]
        odd += [
            number
            for number, each in listed.items()
            if number in known and (not known[number].is_open or each.head_sha != known[number].head_commit)
        ]
        for number in odd:
            with self.store.begin() as session:
                proposing.ring(session, number)
        if odd:
            self.bell.ring(Ring.REVIEW)

    def _look(self, proposal_id: int) -> None:
        with self.store.begin() as claim:
            if not try_claim(claim, Lock.PROPOSE, proposal_id % 2**31):
                return
            with self.store.begin() as session:
                taken = proposing.take(session, proposal_id)
            try:
                self._find_out(taken)
            except (EphemeraError, GitopsError) as error:
                self._fail(taken, error)

    def _find_out(self, taken: Taken) -> None:
        assert taken.number is not None
        found = self.proposals.look_up(taken.number)
        if isinstance(found, Missing):
            raise Stalled(f"reading proposal {taken.number}: GitHub does not know it; was the repository replaced?")
        match found.verdict:
            case Verdict.MERGED:
                self._take_over(taken, found)
            case Verdict.CLOSED:
                self._refuse(taken, found)
            case Verdict.OPEN:
                self._follow(taken, found)
        with self.store.begin() as session:
            proposing.looked(session, taken, found.mergeable)

    def _take_over(self, taken: Taken, found: Reviewed) -> None:
        """It was merged: accept it if it is what was proposed, or passes the same checks."""
        if taken.state is ProposalState.MERGED:
            return
        commit = found.merge_commit
        if commit is None:
            raise Transient(f"reading proposal {taken.number}: GitHub says that it was merged, and not as which commit")
        decision = Decision(found.decided_by or UNKNOWN, found.decided_at, commit, found.reviewers)
        held = read(self.repository, commit, taken.environment.place.folder)
        edit, problems = self._judge(taken, held)
        with self.store.begin() as session:
            if problems:
                proposing.spoil(session, taken, decision, problems)
            else:
                proposing.accept(session, taken, decision, edit)
        _log.info("review.merged", environment=taken.environment.key, number=taken.number, problems=problems)

    def _refuse(self, taken: Taken, found: Reviewed) -> None:
        if taken.state is not ProposalState.OPEN:
            return
        decision = Decision(found.decided_by or UNKNOWN, found.decided_at, words=found.last_words)
        with self.store.begin() as session:
            proposing.refuse(session, taken, decision)
        _log.info("review.refused", environment=taken.environment.key, number=taken.number, by=decision.by)

    def _follow(self, taken: Taken, found: Reviewed) -> None:
        if taken.state is ProposalState.WITHDRAWN:
            with self.store.begin() as session:
                proposing.close_again(session, taken)
            return
        if taken.state is ProposalState.REFUSED:
            with self.store.begin() as session:
                proposing.reopen(session, taken)
        if found.head_sha != taken.head_commit:
            self._examine(taken)
        elif found.mergeable in _MOVED_ON and taken.is_pushed:
            with self.store.begin() as session:
                proposing.rebase(session, taken)
        elif taken.merges_itself:
            with self.store.begin() as session:
                proposing.remind(session, taken)

    def _examine(self, taken: Taken) -> None:
        """Somebody has moved its branch."""
        place = taken.environment.place
        seen = look(self.repository, [place.namespace]).get(place.namespace)
        if seen is None or seen.head == taken.head_commit:
            return  # GitHub will close it, or has not noticed yet
        by = _editor(seen)
        problems: Sequence[str] = _foreign(seen, place.folder)
        edit: Content | None = None
        if not problems:
            edit, problems = self._judge(taken, read(self.repository, seen.head, place.folder))
        with self.store.begin() as session:
            proposing.edited(session, taken, seen.head, by, problems or edit or taken.content)
        _log.info("review.edited", environment=taken.environment.key, number=taken.number, problems=problems)

    def _judge(self, taken: Taken, held: Contents) -> tuple[Content | None, Sequence[str]]:
        """What is there: nothing else than was proposed (None, nothing), an edit that may run, or why it may not."""
        content = taken.content
        if (held.tree, held.sync_blob) == (content.tree, content.sync_blob):
            return None, ()
        desired = from_json(taken.desired)
        if not isinstance(desired, Present):
            return None, ("It is a removal, and something is left of the environment.",)
        if held.files is None:
            return None, ("It takes the environment away; close it instead.",)
        if held.sync_blob != content.sync_blob:
            return None, (f"It changes {sync_path(desired.spec.folder)}, which Ephemera makes and nobody may edit.",)
        try:
            check(desired.spec, whole := joined(held.files, held.sync))
        except ProblemsError as error:
            return None, error.problems
        return Content(held.files, held.sync, held.tree, held.sync_blob, objects_of(whole)), ()

    def _fail(self, taken: Taken, error: Exception) -> None:
        is_passing = isinstance(error, Transient | RemoteUnavailable)
        retry_in = delay(taken.failures + 1, random.random()) if is_passing else timedelta(minutes=5)  # noqa: S311
        with self.store.begin() as session:
            proposing.failed(session, taken, str(error), retry_in)
        _log.warning("review.failed", environment=taken.environment.key, number=taken.number, error=str(error))


def _editor(seen: Seen) -> str:
    """Whoever made the last commit, by name and address: foreign text."""
    if not seen.commits:
        return UNKNOWN
    last = seen.commits[-1]
    return f"{last.author.name} <{last.author.email}>"


def _foreign(seen: Seen, folder: str) -> list[str]:
    """What its branch changes beyond its own environment."""
    own = (f"{folder}/", sync_path(folder))
    others = sorted(path for path in seen.contents if not path.startswith(own))
    return [f"It changes {path}, which is not part of its environment." for path in others[:10]]
