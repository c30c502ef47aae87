"""What needs review: proposed, updated, merged or refused, taken over; and nothing of it on the branch before."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from app.domain.environment import Status
from app.domain.proposal import ProposalState
from app.domain.review import ALWAYS, NEVER, Merger, Rule, Rules
from app.ports import Ring, Verdict
from app.store import proposing
from tests.domain.builders import health, pull_request, web
from tests.stages.court import METHODS, Court
from tests.stages.house import House
from tests.stages.reviewed import begun, use

SHAS = [f"{number:040x}" for number in range(1, 9)]
NAMESPACE = "pr-42-shop"
BRANCH = f"ephemera/{NAMESPACE}"
ITSELF = Rules((Rule("always", merged_by=Merger.EPHEMERA),))
WITH_REMOVALS = Rules((Rule("always"),), reviews_removals=True)


def advised(house: House, rules: Rules) -> Court:
    """Have the house's changes reviewed by these rules."""
    court = Court(house.remote)
    begun(court)
    use(house, court, rules)
    return court


def opened(house: House, sha: str = SHAS[0]) -> None:
    """Somebody opens a pull request, or pushes to it; everything follows until it waits for people."""
    is_new = 42 not in house.truth.pull_requests
    house.truth.pull_requests[42] = pull_request(number=42, head_sha=sha)
    house.deliver(f"d-{sha}", "opened" if is_new else "synchronize")
    house.settle()


def closed(house: House) -> None:
    """Somebody closes the pull request."""
    house.truth.pull_requests[42] = replace(house.truth.pull_requests[42], is_open=False)
    house.deliver("d-closed", "closed")
    house.settle()


def ring(house: House, court: Court, number: int) -> None:
    """A webhook tells of the proposal."""
    with house.store.begin() as session:
        proposing.ring(session, number)
    house.bell.ring(Ring.REVIEW)
    house.settle()


def main_holds(house: House) -> str | None:
    """The commit that the branch deploys."""
    folder = house.environment().place.folder
    if not house.has(folder):
        return None
    manifest = house.git("show", f"main:{folder}/deployment.yaml")
    return next(sha for sha in SHAS if sha in manifest)


def test_nothing_is_on_the_branch_before_it_is_merged(house: House) -> None:
    court = advised(house, ALWAYS)
    before = house.git("rev-parse", "main")
    opened(house)
    assert house.git("rev-parse", "main") == before
    (case,) = court.cases.values()
    assert (case.branch, case.verdict) == (BRANCH, Verdict.OPEN)
    assert SHAS[0] in house.git("show", f"{BRANCH}:{house.environment().place.folder}/deployment.yaml")
    assert "Proposal: 1" in house.git("log", "-1", "--format=%B", BRANCH)
    assert court.checks[house.git("rev-parse", BRANCH).strip()].conclusion == "success"
    assert house.environment().status is Status.WAITING


@pytest.mark.parametrize("method", METHODS)
def test_what_is_merged_is_taken_over(house: House, method: str) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    court.decide_merge(1, method)
    ring(house, court, 1)
    row = house.environment()
    assert row.is_published
    assert row.proposal is not None
    assert (row.proposal.state, row.proposal.is_settled) == (ProposalState.MERGED, True)
    assert row.proposal.decided_by == "grace"
    assert house.git("rev-parse", f"refs/environments/{NAMESPACE}").strip() == row.published.commit
    assert court.head(BRANCH) is None, "a branch that was merged is removed"
    house.cluster.healths[NAMESPACE] = health(web(sha=SHAS[0]))
    house.observe()
    assert house.environment().status is Status.READY
    (commit,) = house.values('SELECT "commit" FROM publications WHERE "commit" IS NOT NULL')
    assert commit == row.published.commit


def test_push_updates_the_one_proposal_and_the_old_commit_runs_on(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    court.decide_merge(1, "merge")
    ring(house, court, 1)
    opened(house, SHAS[1])
    opened(house, SHAS[2])
    assert main_holds(house) == SHAS[0]
    assert [case.verdict for case in court.cases.values()] == [Verdict.MERGED, Verdict.OPEN]
    assert SHAS[2][:7] in court.cases[2].title
    court.decide_merge(2, "squash")
    ring(house, court, 2)
    assert main_holds(house) == SHAS[2]
    assert house.environment().is_published


def test_refused_is_not_asked_again_before_something_new(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    court.decide_close(1, "Not @today, <b>please</b>")
    ring(house, court, 1)
    row = house.environment()
    assert row.status is Status.FAILED
    assert row.proposal is not None
    assert (row.proposal.decided_by, row.proposal.decided_words) == ("grace", "Not @today, <b>please</b>")
    house.deliver("d-label", "labeled")
    house.settle()
    assert len(court.cases) == 1
    opened(house, SHAS[1])
    assert court.cases[2].verdict is Verdict.OPEN
    assert house.environment().status is Status.WAITING


def test_reopened_is_taken_up_again(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    court.decide_close(1)
    ring(house, court, 1)
    court.decide_reopen(1)
    ring(house, court, 1)
    assert house.environment().status is Status.WAITING
    court.decide_merge(1, "merge")
    ring(house, court, 1)
    assert main_holds(house) == SHAS[0]
    assert house.environment().is_published


def test_removal_needs_no_review_unless_that_is_demanded(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    court.decide_merge(1, "merge")
    ring(house, court, 1)
    opened(house, SHAS[1])
    closed(house)
    assert main_holds(house) is None
    assert court.cases[2].verdict is Verdict.CLOSED
    assert court.head(BRANCH) is None


def test_removal_is_proposed_where_that_is_demanded(house: House) -> None:
    court = advised(house, WITH_REMOVALS)
    opened(house)
    court.decide_merge(1, "merge")
    ring(house, court, 1)
    closed(house)
    assert main_holds(house) == SHAS[0]
    assert house.environment().status is Status.DESTROYING
    court.decide_merge(2, "rebase")
    ring(house, court, 2)
    assert main_holds(house) is None
    assert house.environment().is_published


def test_rule_may_leave_the_merge_to_ephemera(house: House) -> None:
    court = advised(house, ITSELF)
    court.is_approved = False
    opened(house)
    assert main_holds(house) is None
    court.is_approved = True
    ring(house, court, 1)
    assert main_holds(house) == SHAS[0]
    assert house.environment().is_published


def test_edit_that_passes_all_checks_is_accepted_as_it_is(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    folder = house.environment().place.folder
    manifest = house.git("show", f"{BRANCH}:{folder}/deployment.yaml")
    assert "replicas: 1" in manifest
    court.edit_branch(BRANCH, f"{folder}/deployment.yaml", manifest.replace("replicas: 1", "replicas: 2"))
    ring(house, court, 1)
    assert court.checks[court.head(BRANCH) or ""].conclusion == "success"
    court.decide_merge(1, "merge")
    ring(house, court, 1)
    assert "replicas: 2" in house.git("show", f"main:{folder}/deployment.yaml")
    assert house.environment().is_published
    house.deliver("d-label", "labeled")
    house.settle()
    assert "replicas: 2" in house.git("show", f"main:{folder}/deployment.yaml"), "an accepted edit is not undone"


def test_edit_that_must_not_run_blocks_and_is_put_back_if_merged_all_the_same(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    court.decide_merge(1, "merge")
    ring(house, court, 1)
    opened(house, SHAS[1])
    folder = house.environment().place.folder
    manifest = house.git("show", f"{BRANCH}:{folder}/deployment.yaml")
    harmful = manifest.replace("runAsNonRoot: true", "runAsNonRoot: false")
    court.edit_branch(BRANCH, f"{folder}/deployment.yaml", harmful)
    ring(house, court, 2)
    check = court.checks[court.head(BRANCH) or ""]
    assert check.conclusion == "failure"
    assert "runAsNonRoot" in check.summary
    court.decide_merge(2, "merge")
    ring(house, court, 2)
    assert main_holds(house) == SHAS[0], "what ran before is put back"
    assert court.cases[3].verdict is Verdict.OPEN, "and the commit is proposed anew"
    court.decide_merge(3, "merge")
    ring(house, court, 3)
    assert main_holds(house) == SHAS[1]


def test_edit_beyond_its_own_environment_is_refused(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    court.edit_branch(BRANCH, "environments/default/acme/other/pr-1-other/x.yaml", "a: 1\n")
    ring(house, court, 1)
    assert "pr-1-other" in court.checks[court.head(BRANCH) or ""].summary


def test_direct_push_past_review_is_put_back(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    court.git("update-ref", "refs/heads/main", court.head(BRANCH) or "")
    for _ in range(2):
        house.sweeper.restore()
        house.settle()
    assert main_holds(house) is None
    assert house.environment().status is Status.WAITING


def test_next_commit_pushed_past_review_is_put_back_and_proposed_all_the_same(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    folder = house.environment().place.folder
    manifest = house.git("show", f"{BRANCH}:{folder}/deployment.yaml")
    proposed = court.head(BRANCH) or ""
    court.git("update-ref", "refs/heads/main", proposed)
    court.edit_branch("main", f"{folder}/deployment.yaml", manifest.replace(SHAS[0], SHAS[1]))
    opened(house, SHAS[1])
    for _ in range(3):
        house.sweeper.restore()
        with house.store.begin() as session:
            session.execute(text("UPDATE proposals SET retry_at = NULL"))
        house.sweeper.ring_for_what_is_behind()
        house.settle()
    assert main_holds(house) is None
    assert SHAS[1] in house.git("show", f"{BRANCH}:{folder}/deployment.yaml")
    court.decide_merge(1, "merge")
    ring(house, court, 1)
    assert main_holds(house) == SHAS[1]
    assert house.environment().published.head_sha == SHAS[1]


def test_what_was_merged_a_moment_ago_is_not_taken_for_an_intrusion(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    merged = court.decide_merge(1, "squash")
    house.sweeper.restore()
    house.settle()
    assert house.git("rev-parse", "main").strip() == merged
    assert house.environment().is_published


def test_lost_answers_and_two_workers_open_one_pull_request(house: House) -> None:
    court = advised(house, ALWAYS)
    court.loses_answers = True
    opened(house)
    with house.store.begin() as session:
        session.execute(text("UPDATE proposals SET retry_at = NULL"))
    house.bell.ring(Ring.PROPOSE)
    house.settle()
    assert len(court.cases) == 1
    row = house.environment()
    assert row.proposal is not None
    assert row.proposal.number == 1


def test_switching_modes_loses_nothing(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    use(house, court, NEVER)
    assert house.reviewer is not None
    house.reviewer.survey()
    house.settle()
    assert main_holds(house) == SHAS[0]
    assert court.cases[1].verdict is Verdict.CLOSED
    use(house, court, ALWAYS)
    opened(house, SHAS[1])
    assert main_holds(house) == SHAS[0]
    court.decide_merge(2, "merge")
    ring(house, court, 2)
    assert main_holds(house) == SHAS[1]


def test_base_that_moved_into_the_environment_is_rebased_upon(house: House) -> None:
    court = advised(house, ALWAYS)
    opened(house)
    folder = house.environment().place.folder
    court.edit_branch("main", f"{folder}/deployment.yaml", "mine: true\n")
    ring(house, court, 1)
    for _ in range(2):
        house.sweeper.restore()
        house.settle()
    ring(house, court, 1)
    court.decide_merge(1, "merge")
    ring(house, court, 1)
    assert main_holds(house) == SHAS[0]
    assert house.environment().is_published
