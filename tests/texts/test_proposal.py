"""The words of proposals. Those of the samples are kept in `proposals`, and rewritten only by `--update-goldens`."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.evidence import Check, Evidence
from app.domain.manifests import Change, Image, ObjectChange, Quota
from app.domain.report import MAX_COMMENT, MAX_SUMMARY, Conclusion
from app.domain.review import Result
from app.texts.preview import preview, states
from app.texts.proposal import labels, proposal_body, proposal_check, proposal_title
from app.texts.proposal_samples import proposals
from tests.texts.markdown import left_open, outside_code

GOLDEN = Path(__file__).parent / "proposals"
NAMES = list(proposals())
URL = "https://ephemera.test/api/v1/environments/5/evidence"
HEAD = "e" * 40
ORDINARY = proposals()["proposal"].evidence


@pytest.mark.parametrize("name", NAMES)
def test_texts_read_as_they_were_approved(name: str, updates_goldens: bool) -> None:
    text, path = preview(name), GOLDEN / f"{name}.md"
    if updates_goldens:
        path.write_text(text)
    assert text == path.read_text()
    assert "@" not in outside_code(text).replace("@@", "")
    assert left_open(text) == []


def test_no_golden_is_left_of_a_proposal_that_is_gone() -> None:
    assert sorted(path.stem for path in GOLDEN.iterdir()) == sorted(NAMES)
    assert set(NAMES) < set(states())


def test_first_line_marks_what_it_is_about() -> None:
    assert proposal_body(ORDINARY, None).split("\n", 1)[0] == "<!-- ephemera:proposal=5:3 -->"


def test_facts_stay_and_the_longest_diffs_are_cut() -> None:
    huge = ObjectChange("ConfigMap/huge", Change.ADDED, "\n".join(f"+line {number}" for number in range(20_000)))
    evidence = replace(ORDINARY, objects=(huge, *ORDINARY.objects, replace(huge, name="ConfigMap/other")))
    body = proposal_body(evidence, URL)
    assert MAX_COMMENT - 3000 < len(body.encode()) <= MAX_COMMENT
    assert body.count("Cut: the diff is") == 2
    assert all(each.diff in body for each in ORDINARY.objects)
    assert URL in body
    assert body.endswith(proposal_body(ORDINARY, URL).partition("### What the rules say")[2])


def test_the_most_that_there_can_be_still_fits() -> None:
    long = "x" * 300
    evidence = replace(
        ORDINARY,
        title="`" * 300,
        objects=tuple(ObjectChange(f"{long}{number}", Change.ADDED, "+`" * 900) for number in range(150)),
        images=tuple(Image(long, long, f"{long}{number}", None) for number in range(300)),
        quotas=tuple(Quota(long, long) for _ in range(300)),
        requirement=replace(ORDINARY.requirement, results=tuple(Result(long, True, long) for _ in range(300))),
    )
    body = proposal_body(evidence, URL)
    assert len(body.encode()) <= MAX_COMMENT
    assert "And 50 more objects." in body
    assert "### How to decide" in body
    assert left_open(body) == []


FOREIGN = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("`@<>[]|\n#+- "), max_size=40)


@st.composite
def hostile(draw: st.DrawFn) -> Evidence:
    """An evidence in which everything that others can write is whatever they like."""
    approval = proposals()["proposal-of-a-fork"].evidence.approval
    return replace(
        draw(st.sampled_from([ORDINARY, proposals()["proposal-of-a-removal"].evidence])),
        web_url=None,
        why=draw(FOREIGN),
        asked_by=draw(FOREIGN),
        asked_reason=draw(FOREIGN),
        delivery=draw(FOREIGN),
        repository=draw(FOREIGN),
        title=draw(FOREIGN),
        approval=draw(st.none() | st.just(approval)),
        objects=(ObjectChange(draw(FOREIGN), Change.ADDED, draw(FOREIGN)),),
        images=(Image(draw(FOREIGN), draw(FOREIGN), draw(FOREIGN), None),),
        quotas=(Quota(draw(FOREIGN), draw(FOREIGN)),),
        checks=(Check(draw(FOREIGN), is_passed=False),),
    )


@settings(max_examples=30)
@given(hostile(), st.lists(FOREIGN, min_size=1, max_size=2))
def test_nothing_that_others_wrote_is_live(evidence: Evidence, problems: list[str]) -> None:
    body = proposal_body(evidence, URL)
    check = proposal_check(evidence, HEAD, 5, problems)
    for text in (body, check.summary):
        outside = outside_code(text)
        for line in outside.split("\n"):
            if not line.startswith("<details><summary><code>"):
                assert "@" not in line
                assert "<" not in line.replace("</details>", "").replace("<!-- ephemera:proposal=5:3 -->", "")
        assert left_open(text) == []
    (summary,) = [line for line in body.split("\n") if line.startswith("<details>")]
    assert summary.count("<") == summary.count(">") == 5
    assert body.count("\n### ") == (4 if evidence.is_removal else 6)


def test_title_names_the_pull_request_however_long_its_name_is() -> None:
    assert proposal_title(ORDINARY) == "Deploy Acme/Shop#42 at 0123456"
    assert proposal_title(proposals()["proposal-of-a-removal"].evidence) == "Remove Acme/Shop#42"
    title = proposal_title(replace(ORDINARY, repository="a" * 200, number=2**31 - 1))
    assert len(title) <= 100
    assert title.endswith("…#2147483647 at 0123456")


def test_labels_tell_forks_and_removals_and_the_cluster() -> None:
    assert labels(ORDINARY) == ("ephemera", "ephemera/cluster:default")
    assert labels(proposals()["proposal-of-a-fork"].evidence) == (
        "ephemera",
        "ephemera/fork",
        "ephemera/cluster:default",
    )
    assert "ephemera/removal" in labels(proposals()["proposal-of-a-removal"].evidence)


def test_check_run_fails_with_every_problem() -> None:
    good, bad = (proposal_check(ORDINARY, HEAD, 5, problems) for problems in ([], ["a: `b`", "c"]))
    assert (good.name, good.external_id, good.head_sha) == ("ephemera / proposal", "5", HEAD)
    assert (good.conclusion, good.title) == (Conclusion.SUCCESS, "Rendered, checked, allowed")
    assert (bad.conclusion, bad.title) == (Conclusion.FAILURE, "It must not be merged: 2 problems")
    assert "a: `b`" in bad.summary
    many = proposal_check(ORDINARY, HEAD, 5, ["x" * 5000] * 400)
    assert len(many.summary.encode()) <= MAX_SUMMARY
    assert "And 350 more." in many.summary
