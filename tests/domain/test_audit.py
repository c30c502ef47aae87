"""What proves a commit: the smallest cases; whole histories are lived in `tests/audit`."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audit import examine, examine_signatures
from app.domain.explained import Asked, Explained, Known, Made, Proposed, Publication, Remade, Seen, Way
from app.domain.ledger import Record, explain
from app.domain.proposal import ProposalState
from app.domain.review import Merger
from gitops.logged import Commit, Identity, Touched
from gitops.text import single_line

FOLDER, SYNC = "environments/main/acme/shop/pr-7-shop", "syncs/main/pr-7-shop.yaml"
KEEP = "syncs/main/ephemera.yaml"
TREE, SHA = "a" * 40, "b" * 40
MADE = Made(
    folder=FOLDER,
    sync_path=SYNC,
    keep_path=KEEP,
    number=7,
    names=frozenset({"acme/shop"}),
    desired={"kind": "present", "spec": {"head_sha": SHA}},
    templates="t",
    tree=TREE,
    sync=None,
    is_review_required=False,
    merged_by=Merger.PEOPLE,
    head_sha=SHA,
    asked=Asked("ada", "pull_request.opened", "d-1"),
)
WORDS = (
    ("Environment", "pr-7-shop"),
    ("Pull-Request", "Acme/Shop#7"),
    ("Head-SHA", SHA),
    ("Delivery", "d-1"),
    ("Actor", "ada"),
    ("Reason", "pull_request.opened"),
)
KNOWN = Known(frozenset({"d-1"}), frozenset({"ada"}), {KEEP: "c" * 40})
RIGHT = Remade(TREE)
PROPOSAL = Proposed(3, replace(MADE, is_review_required=True), 31, ProposalState.MERGED, "grace", "m" * 40)


def commit(sha: str = "1" * 40, *parents: str, changes: tuple[Touched, ...] | None = None, **other: object) -> Commit:
    """A commit as Ephemera makes it."""
    eve = Identity("Eve", "eve@example.com")
    touched = (Touched(FOLDER, None, TREE),) if changes is None else changes
    made = Commit(sha, parents, eve, eve, datetime(2026, 11, 24, tzinfo=UTC), "Deploy", WORDS, touched)
    return replace(made, **other)  # type: ignore[arg-type]


def published(made: Made = MADE, proposal: Proposed | None = None, **other: object) -> Explained:
    """The same, with its record."""
    row = Publication(1, made, proposal.id if proposal else None, "1" * 40)
    return Explained(commit(**other), Way.PUBLISHED, row, proposal)  # type: ignore[arg-type]


def whats(explained: Explained, known: Known = KNOWN, remade: Remade | None = RIGHT) -> str:
    """What is wrong, in one line."""
    return " | ".join(finding.what for finding in examine(explained, known, remade))


def test_whole_proof_leaves_nothing_to_say() -> None:
    assert whats(published()) == ""


@pytest.mark.parametrize("name", [name for name, _ in WORDS])
@pytest.mark.parametrize("how", ["other", "missing", "twice"])
def test_every_trailer_counts(name: str, how: str) -> None:
    others = tuple(pair for pair in WORDS if pair[0] != name)
    value = dict(WORDS)[name]
    trailers = {"other": (*others, (name, "x")), "missing": others, "twice": (*WORDS, (name, value))}[how]
    assert f"its trailer {name} is" in whats(published(trailers=trailers))


@given(by=st.text(min_size=1, max_size=300), reason=st.text(max_size=300))
def test_words_are_compared_as_they_are_written(by: str, reason: str) -> None:
    trailers = (*WORDS[:4], ("Actor", single_line(by)), ("Reason", single_line(reason)))
    asked = Asked(by, reason, "d-1")
    assert whats(published(replace(MADE, asked=asked), trailers=trailers)) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ((Touched(FOLDER, None, "d" * 40),), "recorded is " + TREE),
        ((Touched(FOLDER, TREE, None),), "is absent, and recorded is " + TREE),
        (
            (Touched(FOLDER, None, TREE), Touched(SYNC, None, "d" * 40)),
            f"{SYNC} is {'d' * 40}, and recorded is a removal",
        ),
        ((Touched(FOLDER, None, TREE), Touched(KEEP, None, "d" * 40)), "not what the settings of now make"),
        ((Touched(FOLDER, None, TREE), Touched(KEEP, None, "c" * 40)), ""),
        ((Touched(FOLDER, None, TREE), Touched("a", None, "c" * 40)), "also changes a,"),
        ((), "changes nothing of pr-7-shop"),
    ],
)
def test_every_path_counts(changes: tuple[Touched, ...], words: str) -> None:
    found = whats(published(changes=changes))
    assert words in found if words else not found


@pytest.mark.parametrize(
    ("remade", "words"),
    [
        (Remade("d" * 40), "templates make tree"),
        (Remade(None, "no such set"), "cannot be made again: no such set"),
        (None, "cannot be made again"),
    ],
)
def test_recorded_tree_has_to_be_made_of_what_is_recorded(remade: Remade | None, words: str) -> None:
    assert words in whats(published(), remade=remade)


def test_edit_that_was_accepted_is_not_made_of_templates() -> None:
    edited = replace(PROPOSAL, edited_tree=TREE)
    assert whats(published(edited.made, edited), remade=Remade("d" * 40)) == ""


def test_removal_has_to_be_recorded_as_one() -> None:
    gone = (Touched(FOLDER, TREE, None),)
    made = replace(MADE, tree=None, head_sha=None)
    assert "was recorded as wanted" in whats(published(made, changes=gone))
    made = replace(made, desired={"kind": "absent"})
    assert whats(published(made, changes=gone), remade=None) == ""


@pytest.mark.parametrize(
    ("proposal", "words"),
    [
        (PROPOSAL, ""),
        (None, "no proposal is recorded"),
        (replace(PROPOSAL, state=ProposalState.REFUSED), "is refused"),
        (replace(PROPOSAL, decided_by=None), "not known who merged"),
        (replace(PROPOSAL, decided_by="ephemera[bot]"), "to be merged by people, and ephemera[bot]"),
        (replace(PROPOSAL, decided_by="github-merge-queue[bot]"), ""),
    ],
)
def test_review_that_was_required_has_to_have_been(proposal: Proposed | None, words: str) -> None:
    found = whats(published(replace(MADE, is_review_required=True), proposal))
    assert words in found if words else not found


def test_ephemera_may_merge_where_the_rule_says_so() -> None:
    made = replace(MADE, is_review_required=True, merged_by=Merger.EPHEMERA)
    assert whats(published(made, replace(PROPOSAL, decided_by="ephemera[bot]"))) == ""


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Asked("ada", "x", "d-2"), "delivery d-2"),
        (Asked("ada", "x", None), ""),
        (Asked("ephemera", "x", None), ""),
        (Asked("eve", "x", None), "names eve"),
    ],
)
def test_cause_has_to_be_known(asked: Asked, words: str) -> None:
    trailers = (*WORDS[:3], ("Delivery", asked.delivery or "none"), ("Actor", asked.by), ("Reason", "x"))
    found = whats(published(replace(MADE, asked=asked), trailers=trailers))
    assert words in found if words else not found


def test_foreign_names_stay_on_one_line() -> None:
    eve = Identity("E\nv\x1be\u202e" * 50, "e")
    (finding,) = examine(Explained(commit(author=eve), Way.UNKNOWN), KNOWN, None)
    assert finding.what == single_line(finding.what, 1000)
    assert len(finding.what) < 300


def test_one_record_without_a_commit_explains_one_commit() -> None:
    commits = [commit("1" * 40), commit("2" * 40, "1" * 40)]
    record = Record((Publication(1, MADE, None, None),))
    assert [each.way for each in explain(commits, record)] == [Way.PUBLISHED, Way.UNKNOWN]


def test_commit_of_a_branch_is_known_by_where_it_was_seen() -> None:
    seen = Seen(3, TREE, None, is_ours=True, is_allowed=True)
    record = Record((), {3: PROPOSAL}, {"1" * 40: (seen,)})
    (found,) = explain([commit()], record)
    assert (found.way, found.proposal, whats(found)) == (Way.PROPOSED, PROPOSAL, "")
    assert "did not pass the checks" in whats(replace(found, seen=replace(seen, is_allowed=False)))


def test_unsigned_commits_fail_only_after_the_first_that_is_signed() -> None:
    explained = [replace(published(), commit=commit(sha * 40)) for sha in "123"]
    found = list(examine_signatures(explained, {"1" * 40: None, "2" * 40: "key", "3" * 40: None}))
    assert [(finding.commit, finding.is_failure) for finding in found] == [("1" * 40, False), ("3" * 40, True)]
