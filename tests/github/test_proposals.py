"""Pull requests on the environments repository."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.pull_request import Missing
from app.domain.report import CheckRun, CheckStatus, Conclusion
from app.errors import EphemeraError, Stalled, Transient
from app.github.connect import Account, GitHub, connect
from app.github.permissions import REVIEWING
from app.github.proposals import GitHubProposals
from app.ports import Listed, NotMerged, Reviewed, Verdict
from tests.github import answers
from tests.github.answers import SHA, token_reply
from tests.github.conftest import KeyPair, MovedClock
from tests.github.scripted import Reply, Scripted

MERGE_SHA = "f" * 40
BRANCH = "ephemera/pr-7-shop"
ENVIRONMENTS = {"id": 70, "full_name": "acme/envs"}
REPOSITORY = "GET /repos/acme/envs"
INSTALLATION = "GET /repos/acme/envs/installation"
TOKENS = "POST /app/installations/5/access_tokens"
PULLS, OPEN = "GET /repos/acme/envs/pulls", "POST /repos/acme/envs/pulls"
PULL, PATCH = "GET /repos/acme/envs/pulls/12", "PATCH /repos/acme/envs/pulls/12"
MERGE = "PUT /repos/acme/envs/pulls/12/merge"
REVIEWS = "GET /repos/acme/envs/pulls/12/reviews"
ISSUE, COMMENTS = "GET /repos/acme/envs/issues/12", "GET /repos/acme/envs/issues/12/comments"
LABELS = "POST /repos/acme/envs/issues/12/labels"
ADA, BOT = {"id": 3, "login": "ada", "type": "User"}, {"id": 9, "login": "ephemera-test[bot]", "type": "Bot"}
UNPROCESSABLE = Reply(422, {"message": "Validation Failed", "errors": [{"message": "No commits between main and x"}]})


@pytest.fixture
def proposals(script: Scripted, app_key: KeyPair, clock: MovedClock) -> GitHubProposals:
    """Give the product's, for acme/envs."""
    script.on(INSTALLATION, Reply(body=answers.installation(5)))
    script.on(REPOSITORY, Reply(body=ENVIRONMENTS))
    script.on("GET /app", Reply(body=answers.app()))
    return connected_to(script, app_key, clock).proposals


def connected_to(script: Scripted, key: KeyPair, clock: MovedClock, environments: str | None = "acme/envs") -> GitHub:
    """The product, which proposes in that repository."""
    web = "https://github.test"
    account = Account(script.url, 1, key.private, environments=environments, web_url=web, merge_method="squash")
    return connect(account, clock)


def pull(number: int = 12, **changes: Any) -> dict[str, Any]:
    """An open proposal as GitHub shows it."""
    return {
        "number": number,
        "state": "open",
        "user": BOT,
        "base": {"ref": "main", "repo": ENVIRONMENTS},
        "head": {"ref": BRANCH, "sha": SHA, "repo": {"id": 70}},
        "mergeable_state": "clean",
        **changes,
    }


def merged(**changes: Any) -> dict[str, Any]:
    """A proposal that ada merged."""
    at = "2030-01-02T03:04:05Z"
    return pull(state="closed", merged_by=ADA, merge_commit_sha=MERGE_SHA, closed_at=at, merged_at=at, **changes)


def closed() -> dict[str, Any]:
    """A proposal that somebody closed."""
    return pull(state="closed", closed_at="2030-01-02T03:04:05Z")


def comment(words: str, minute: int, user: dict[str, Any] | None = ADA, **more: Any) -> dict[str, Any]:
    """A comment."""
    return {"body": words, "created_at": f"2030-01-02T03:{minute:02}:00Z", "user": user, **more}


def review(user: dict[str, Any], state: str, words: str = "", minute: int = 0) -> dict[str, Any]:
    """A review."""
    return {"user": user, "state": state, "body": words, "submitted_at": f"2030-01-02T03:{minute:02}:00Z"}


# Opening


def test_proposal_is_opened_by_a_token_for_that_repository_alone(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(TOKENS, token_reply("ghs_listing"), token_reply("ghs_reviewing"))
    script.on(OPEN, Reply(201, pull()))
    assert proposals.open(BRANCH, "main", "Deploy", "why", look=False) == 12
    (opened,) = script.asked(OPEN)
    assert opened.body == {"title": "Deploy", "body": "why", "head": BRANCH, "base": "main"}
    assert opened.token == "ghs_reviewing"
    assert script.asked(TOKENS)[-1].body == {"repository_ids": [70], "permissions": dict(REVIEWING.permissions)}
    assert script.asked(PULLS) == []


def test_proposal_that_landed_without_an_answer_is_found_again(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(PULLS, Reply(body=[pull(12)]))
    assert proposals.open(BRANCH, "main", "Deploy", "why") == 12
    assert script.asked(OPEN) == []
    assert script.asked(PULLS)[0].path.endswith("?base=main&head=acme%3Aephemera%2Fpr-7-shop&per_page=100&state=open")


def test_proposal_that_github_has_already_is_the_one(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(OPEN, Reply(422, {"message": "Validation Failed"}))
    script.on(PULLS, Reply(body=[pull(12)]))
    assert proposals.open(BRANCH, "main", "Deploy", "why", look=False) == 12


@pytest.mark.parametrize(
    "other",
    [
        pull(state="closed"),
        pull(head={"ref": "ephemera/pr-8-shop", "sha": SHA, "repo": {"id": 70}}),
        pull(head={"ref": BRANCH, "sha": SHA, "repo": {"id": 71}}),
        pull(head={"ref": BRANCH, "sha": SHA, "repo": None}),
        pull(base={"ref": "old", "repo": ENVIRONMENTS}),
    ],
    ids=["closed", "another branch", "a fork", "a fork that is gone", "another base"],
)
def test_other_pull_request_is_not_taken_for_the_proposal(
    proposals: GitHubProposals, script: Scripted, other: dict[str, Any]
) -> None:
    script.on(PULLS, Reply(body=[other]))
    script.on(OPEN, Reply(201, pull(13)))
    assert proposals.open(BRANCH, "main", "Deploy", "why") == 13


def test_branch_that_was_overtaken_is_tried_again_and_says_why(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(OPEN, UNPROCESSABLE)
    script.on(PULLS, Reply(body=[]))
    with pytest.raises(Transient, match=r"proposing ephemera/pr-7-shop in acme/envs: .*No commits between"):
        proposals.open(BRANCH, "main", "Deploy", "why", look=False)


# Telling


def test_proposal_is_worded_and_labelled(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(PATCH, Reply(body=pull()))
    script.on(LABELS, Reply(body=[]))
    proposals.edit(12, "Deploy", "why")
    proposals.label(12, ["ephemera", "ephemera/cluster:" + "x" * 63])
    assert script.asked(PATCH)[0].body == {"title": "Deploy", "body": "why"}
    assert script.asked(LABELS)[0].body == {"labels": ["ephemera", "ephemera/cluster:" + "x" * 33]}


def test_check_run_is_written_where_the_proposal_is(proposals: GitHubProposals, script: Scripted) -> None:
    check = CheckRun(SHA, "7", CheckStatus.COMPLETED, Conclusion.SUCCESS, "Checked", "All well.", None)
    run = {"id": 99, "name": check.name, "status": "completed", "conclusion": "success"}
    script.on("POST /repos/acme/envs/check-runs", Reply(201, run))
    assert proposals.put_check_run(check, None, look=False) == 99


def test_people_see_it_on_github_s_pages(proposals: GitHubProposals, script: Scripted) -> None:
    assert proposals.url(12) == "https://github.test/acme/envs/pull/12"
    assert script.seen == []


# Merging


def test_exactly_that_head_is_merged(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(PULL, Reply(body=pull()))
    script.on(MERGE, Reply(body={"sha": MERGE_SHA, "merged": True, "message": "merged"}))
    assert proposals.merge(12, SHA) == MERGE_SHA
    assert script.asked(MERGE)[0].body == {"sha": SHA, "merge_method": "squash"}


@pytest.mark.parametrize("state", ["blocked", "behind", "dirty", "draft", "unknown"])
def test_rules_that_the_app_could_pass_by_are_kept(proposals: GitHubProposals, script: Scripted, state: str) -> None:
    script.on(PULL, Reply(body=pull(mergeable_state=state)))
    assert proposals.merge(12, SHA) == NotMerged(f"GitHub shows it as {state}")
    assert script.asked(MERGE) == []


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(405, {"message": "At least 1 approving review is required"}), "At least 1 approving review is required"),
        (Reply(409, {"message": "Head branch was modified"}), "Head branch was modified"),
        (Reply(405, []), "it answered 405 without a reason"),
        (Reply(200, {"sha": None, "merged": False, "message": "not now"}), "not now"),
    ],
)
def test_refusal_to_merge_is_told_in_github_s_words(
    proposals: GitHubProposals, script: Scripted, reply: Reply, why: str
) -> None:
    script.on(PULL, Reply(body=pull()))
    script.on(MERGE, reply)
    assert proposals.merge(12, SHA) == NotMerged(why)


def test_merge_whose_answer_was_lost_is_found_to_be_done(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(PULL, Reply(body=pull()), Reply(body=merged()))
    script.on(MERGE, Reply(fault="cut"))
    with pytest.raises(Transient):
        proposals.merge(12, SHA)
    assert proposals.merge(12, SHA) == MERGE_SHA


@pytest.mark.parametrize("body", [closed(), merged(head={"ref": BRANCH, "sha": "a" * 40, "repo": {"id": 70}})])
def test_what_was_decided_otherwise_is_not_merged(
    proposals: GitHubProposals, script: Scripted, body: dict[str, Any]
) -> None:
    script.on(PULL, Reply(body=body))
    assert isinstance(proposals.merge(12, SHA), NotMerged)
    assert script.asked(MERGE) == []


# Closing


def test_proposal_is_closed(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(PATCH, Reply(body=closed()))
    proposals.close(12)
    assert script.asked(PATCH)[0].body == {"state": "closed"}


@pytest.mark.parametrize("body", [closed(), merged()], ids=["closed", "merged"])
def test_what_has_ended_needs_no_closing(proposals: GitHubProposals, script: Scripted, body: dict[str, Any]) -> None:
    script.on(PATCH, Reply(422, {"message": "Validation Failed"}))
    script.on(PULL, Reply(body=body))
    proposals.close(12)


def test_closing_that_is_refused_while_it_is_open_is_an_error(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(PATCH, Reply(422, {"message": "Validation Failed"}))
    script.on(PULL, Reply(body=pull()))
    with pytest.raises(Stalled, match="closing acme/envs#12"):
        proposals.close(12)


# Looking


def test_open_proposal_costs_one_read(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(PULL, Reply(body=pull(mergeable_state="blocked")))
    assert proposals.look_up(12) == Reviewed(12, Verdict.OPEN, BRANCH, SHA, "blocked")
    assert not script.asked(REVIEWS) + script.asked(ISSUE) + script.asked(COMMENTS)


def test_merged_proposal_names_who_merged_and_who_approves_at_last(
    proposals: GitHubProposals, script: Scripted
) -> None:
    bob, eve = {"id": 4, "login": "bob"}, {"id": 5, "login": "eve"}
    script.on(PULL, Reply(body=merged()))
    link = f'<{script.url}/repositories/70/reviews?page=2>; rel="next"'
    first = [review(bob, "CHANGES_REQUESTED"), review(ADA, "APPROVED"), review(eve, "APPROVED")]
    second = [review(bob, "APPROVED"), review(ADA, "COMMENTED"), review(eve, "DISMISSED")]
    script.on(REVIEWS, Reply(body=first, headers={"Link": link}))
    script.on("GET /repositories/70/reviews", Reply(body=second))
    at = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert proposals.look_up(12) == Reviewed(
        12, Verdict.MERGED, BRANCH, SHA, "clean", "ada", at, MERGE_SHA, reviewers=("bob", "ada")
    )


def test_refusal_names_who_closed_it_and_what_a_person_said_last(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(PULL, Reply(body=closed()))
    script.on(ISSUE, Reply(body={"closed_by": ADA}))
    by_app = comment("an app", 50, performed_via_github_app={"id": 2})
    said = [comment("Not in this form.", 7), comment("first", 1), comment("beep", 40, BOT), by_app, comment(" ", 55)]
    script.on(COMMENTS, Reply(body=said))
    script.on(REVIEWS, Reply(body=[review(ADA, "CHANGES_REQUESTED", "Too large.", 7), review(ADA, "COMMENTED")]))
    found = proposals.look_up(12)
    assert isinstance(found, Reviewed)
    assert (found.verdict, found.decided_by, found.last_words) == (Verdict.CLOSED, "ada", "Not in this form.")
    assert found.decided_at == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("x" * 5_000, "x" * 2_000), ("no\x00\ud800pe", "no\ufffd?pe"), (None, None)],
    ids=["long", "what PostgreSQL cannot hold", "nothing"],
)
def test_last_words_are_cut_and_can_be_kept(
    proposals: GitHubProposals, script: Scripted, words: str | None, expected: str | None
) -> None:
    script.on(PULL, Reply(body=closed()))
    script.on(ISSUE, Reply(body={"closed_by": None}))
    script.on(COMMENTS, Reply(body=[]))
    script.on(REVIEWS, Reply(body=[review(ADA, "COMMENTED") | {"body": words}]))
    found = proposals.look_up(12)
    assert isinstance(found, Reviewed)
    assert (found.decided_by, found.last_words) == (None, expected)


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        ([], "the answer"),
        (pull(state="ajar"), "state"),
        (pull(head={"ref": BRANCH, "sha": "main", "repo": None}), "head.sha"),
        (pull(head={"ref": None, "sha": SHA, "repo": None}), "head.ref"),
        (pull(base={"ref": "main", "repo": None}), "base.repo"),
        (pull(merged_at="yesterday"), "merged_at"),
        (pull(mergeable_state=True), "mergeable_state"),
    ],
)
def test_unexpected_shape_is_transient_and_named(
    proposals: GitHubProposals, script: Scripted, answer: object, field: str
) -> None:
    script.on(PULL, Reply(body=answer))
    with pytest.raises(Transient, match=f"^reading acme/envs#12: .*'{field}'"):
        proposals.look_up(12)


def test_proposal_is_missing_when_its_repository_answers(proposals: GitHubProposals) -> None:
    assert proposals.look_up(12) == Missing()
    proposals.close(12)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(404, {"message": "Not Found"}), Stalled),
        (Reply(503, {}), Transient),
        (Reply(body={"id": 71, "full_name": "acme/envs"}), Stalled),
    ],
)
def test_proposal_is_never_missing_on_doubt(
    proposals: GitHubProposals, script: Scripted, reply: Reply, kind: type[EphemeraError]
) -> None:
    script.on(REPOSITORY, Reply(body=ENVIRONMENTS), reply)
    with pytest.raises(kind):
        proposals.look_up(12)


# Listing


def test_open_proposals_are_listed_each_once_and_nothing_else(proposals: GitHubProposals, script: Scripted) -> None:
    link = f'<{script.url}/repositories/70/pulls?page=2>; rel="next"'
    by_hand = pull(13, user=ADA)
    others = [
        pull(14, head={"ref": "fix-typo", "sha": SHA, "repo": {"id": 70}}),
        pull(15, head={"ref": BRANCH, "sha": SHA, "repo": {"id": 71}}),
        pull(16, state="closed"),
    ]
    script.on(PULLS, Reply(body=[pull(12), by_hand, *others], headers={"Link": link}))
    script.on("GET /repositories/70/pulls", Reply(body=[by_hand]))
    assert proposals.all_open() == [Listed(12, BRANCH, SHA, True), Listed(13, BRANCH, SHA, False)]


def test_list_that_cannot_be_read_to_its_end_is_not_given_at_all(proposals: GitHubProposals, script: Scripted) -> None:
    link = f'<{script.url}/repositories/70/pulls?page=2>; rel="next"'
    script.on(PULLS, Reply(body=[pull()], headers={"Link": link}))
    script.on("GET /repositories/70/pulls", Reply(502))
    with pytest.raises(Transient, match="listing the proposals in acme/envs"):
        proposals.all_open()


# Where


def test_repository_is_located_once_and_anew_after_a_refusal(proposals: GitHubProposals, script: Scripted) -> None:
    script.on(PULL, Reply(body=pull()), Reply(403, {"message": "suspended"}), Reply(body=pull()))
    assert proposals.installation_id() == 5
    proposals.look_up(12)
    assert len(script.asked(INSTALLATION)) == 1
    with pytest.raises(Stalled):
        proposals.look_up(12)
    proposals.look_up(12)
    assert len(script.asked(INSTALLATION)) == 2


def test_environments_repository_without_a_name_stalls(script: Scripted, app_key: KeyPair, clock: MovedClock) -> None:
    nowhere = connected_to(script, app_key, clock, environments=None).proposals
    for ask in (nowhere.installation_id, nowhere.all_open, lambda: nowhere.url(12)):
        with pytest.raises(Stalled, match="EPHEMERA_ENVIRONMENTS_REPOSITORY"):
            ask()
    assert script.seen == []
