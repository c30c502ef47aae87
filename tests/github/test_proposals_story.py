"""The life of proposals on the simulated GitHub, where branches, reviews and merges are real."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from app.demo.github.client import SimulatedGitHub
from app.demo.github.faults import Fault
from app.domain.report import CheckRun, CheckStatus, Conclusion
from app.errors import Transient
from app.github.connect import Account, connect
from app.github.proposals import GitHubProposals
from app.ports import Listed, NotMerged, Reviewed, Verdict
from tests.contract.github.validator import violations
from tests.github.conftest import KeyPair, MovedClock

BRANCH = "ephemera/pr-7-shop"
FOLDER = "environments/blue/acme/shop/pr-7-shop"
CHECK = "ephemera / proposal"
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Court:
    """An environments repository on the simulated GitHub, and the product that proposes there."""

    people: SimulatedGitHub
    name: str
    proposals: GitHubProposals

    def write(self, text: str) -> str:
        """Commit to the proposal's branch, and return the commit."""
        return self.people.commit_to(self.name, BRANCH, {f"{FOLDER}/a.yaml": text}, by="ada", message="Deploy")

    def look_up(self, number: int) -> Reviewed:
        """The proposal, which is there."""
        found = self.proposals.look_up(number)
        assert isinstance(found, Reviewed)
        return found


@pytest.fixture
def court(simulator: SimulatedGitHub, app_key: KeyPair, clock: MovedClock) -> Iterator[Court]:
    """Give one whose `main` takes nothing without a check and an approval, but from the App, which may pass that by."""
    owner = f"court-{next(_NUMBERS)}"
    made = simulator.create_git_repository(f"{owner}/environments")
    simulator.install(owner)
    for login in ("ada", "bob"):
        simulator.set_permission(made.full_name, login, "write")
    simulator.protect(made.full_name, "main", approvals=1, checks=[CHECK], bypass=["ephemera"], bypasses_merges=True)
    simulator.reset_ledger()
    account = Account(simulator.url, 1, app_key.private, environments=made.full_name)
    yield Court(simulator, made.full_name, connect(account, clock).proposals)
    sent = {(entry.method, entry.target, entry.body): entry for entry in simulator.ledger()}
    assert violations(sent.values()) == []
    simulator.clear_faults()


def test_proposal_is_opened_checked_approved_and_merged(court: Court) -> None:
    head = court.write("a: 1\n")
    number = court.proposals.open(BRANCH, "main", "Deploy acme/shop#7", "why", look=False)
    court.proposals.edit(number, "Deploy acme/shop#7 at 1a2b3c4", "why, and who")
    court.proposals.label(number, ["ephemera", "ephemera/cluster:blue"])
    assert court.proposals.all_open() == [Listed(number, BRANCH, head, is_ours=True)]
    assert court.proposals.merge(number, head) == NotMerged("GitHub shows it as blocked")
    check = CheckRun(head, "7", CheckStatus.COMPLETED, Conclusion.SUCCESS, "Checked", "All well.", None, name=CHECK)
    assert court.proposals.put_check_run(check, None) == court.proposals.put_check_run(check, None)
    court.people.review(court.name, number, by="bob", state="APPROVED")
    commit = court.proposals.merge(number, head)
    assert court.proposals.merge(number, head) == commit
    found = court.look_up(number)
    assert (found.verdict, found.merge_commit, found.reviewers) == (Verdict.MERGED, commit, ("bob",))
    assert (found.decided_by, found.head_sha) == ("ephemera[bot]", head)
    assert court.proposals.all_open() == []
    court.proposals.close(number)


def test_refusal_is_told_with_who_and_what_was_said_last(court: Court) -> None:
    court.write("a: 1\n")
    number = court.proposals.open(BRANCH, "main", "Deploy", "why", look=False)
    court.people.review(court.name, number, by="bob", state="CHANGES_REQUESTED", body="Half of that memory.")
    court.people.comment(court.name, number, author="ada", body="Not this week.")
    court.people.close_pull_request(court.name, number, by="ada")
    found = court.look_up(number)
    assert (found.verdict, found.decided_by, found.last_words) == (Verdict.CLOSED, "ada", "Not this week.")
    assert found.decided_at is not None
    court.people.reopen(court.name, number, by="ada")
    assert court.look_up(number).verdict is Verdict.OPEN


def test_proposal_is_opened_once_though_the_answer_is_lost(court: Court) -> None:
    court.write("a: 1\n")
    court.people.fault(Fault("lost_answer", method="POST", path=".*/pulls"))
    with pytest.raises(Transient):
        court.proposals.open(BRANCH, "main", "Deploy", "why", look=False)
    court.people.clear_faults()
    found = {court.proposals.open(BRANCH, "main", "Deploy", "why", look=look) for look in (True, False)}
    assert found == {each.number for each in court.proposals.all_open()}
    assert len(found) == 1


def test_branch_that_main_holds_already_is_said_to_be_so(court: Court) -> None:
    court.write("a: 1\n")
    first = court.proposals.open(BRANCH, "main", "Deploy", "why", look=False)
    court.people.protect(court.name, "main")
    court.people.merge(court.name, first, by="ada")
    with pytest.raises(Transient, match="No commits between"):
        court.proposals.open(BRANCH, "main", "Deploy", "why")
