"""How what was proven is told, and what was recorded is written out."""

import csv
import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auditing import FORMS, document, lines, moment
from app.domain.explained import Finding
from app.domain.review import ALWAYS
from app.stages.verify import Verified
from app.store import auditing
from app.store.auditing import Line
from tests.audit.books import FIRST, Books, requirement

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def line(**other: object) -> Line:
    """One change that was reviewed."""
    held = {
        "id": 1,
        "at": AT,
        "commit": "c" * 40,
        "environment": "pr-7-shop",
        "repository": "Acme/Shop",
        "number": 7,
        "head_sha": FIRST,
        "by": "ada",
        "reason": "pull_request.opened",
        "delivery": None,
        "requirement": requirement(ALWAYS).to_json(),
        "proposal": 31,
        "proposal_url": "https://github.test/acme/environments/pull/31",
        "decided_by": "grace",
        "decided_at": AT,
        "reviewers": ("grace", "heidi"),
        "tree": None,
        "templates": "t",
    }
    return Line(**held | other)  # type: ignore[arg-type]


def test_json_line_holds_all() -> None:
    (text,) = FORMS["jsonl"]([line(by="a\nb")])
    assert text.count("\n") == 1
    assert json.loads(text) == {
        "at": "2026-11-24T12:00:00Z",
        "commit": "c" * 40,
        "environment": "pr-7-shop",
        "repository": "Acme/Shop",
        "number": 7,
        "head_sha": FIRST,
        "by": "a\nb",
        "reason": "pull_request.opened",
        "delivery": None,
        "rules": [{"rule": "always", "fits": True, "why": "it has no conditions"}],
        "review_required": True,
        "proposal": 31,
        "proposal_url": "https://github.test/acme/environments/pull/31",
        "decided_by": "grace",
        "decided_at": "2026-11-24T12:00:00Z",
        "reviewers": ["grace", "heidi"],
        "tree": None,
        "templates": "t",
        "signature": "unknown",
    }


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40), st.sampled_from("=+-@\t\r"))
def test_no_cell_is_a_formula(rest: str, first: str) -> None:
    text = "".join(FORMS["csv"]([line(by=first + rest, delivery=rest)]))
    head, row = csv.reader(io.StringIO(text, newline=""))
    held = dict(zip(head, row, strict=True))
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    assert held["by"] == f"'{first}{rest}"
    assert (held["rules"], held["reviewers"]) == ("always fits: it has no conditions", "grace heidi")
    assert held["review_required"] == "true"


def test_changes_are_written_oldest_first_between_two_times(books: Books) -> None:
    made = [books.publish(number) for number in (7, 8)]
    books.publish(9, told=False)
    books.execute("UPDATE publications SET at = '2026-11-24T12:00:00Z' WHERE commit = :commit", commit=made[1])
    books.execute("UPDATE publications SET at = '2026-11-24T12:00:01Z' WHERE commit = :commit", commit=made[0])
    with books.store.begin() as session:
        found = [each.commit for each in auditing.lines(session, None, None)]
        later = [each.commit for each in auditing.lines(session, datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC), None)]
        earlier = [each.commit for each in auditing.lines(session, AT, datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC))]
    assert (found, later, earlier) == ([made[1], made[0]], [made[0]], [made[1]])


@pytest.mark.parametrize(
    ("value", "is_end", "found"),
    [
        ("2026-11-24", False, datetime(2026, 11, 24, tzinfo=UTC)),
        ("2026-11-24", True, datetime(2026, 11, 25, tzinfo=UTC)),
        ("2026-11-24T12:00:00Z", True, AT),
        ("2026-11-24T13:00:00+01:00", False, AT),
        ("2026-11-24T12:00:00", False, AT),
    ],
)
def test_times_are_utc_and_a_last_date_is_whole(value: str, is_end: bool, found: datetime) -> None:
    assert moment(value, is_end=is_end) == found


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "", "2026-11-24T25:00:00Z"])
def test_other_times_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        moment(value, is_end=False)


def test_findings_are_one_line_each_and_counted() -> None:
    wrong, note = Finding("c" * 40, "a\nb", "do"), Finding(None, "old", "nothing", is_failure=False)
    verified = Verified((wrong, note), 5, 4)
    assert list(lines(verified, 1.25)) == [
        f"FAIL  {'c' * 40}  a b; do".replace("  ", " "),
        "note - old; nothing",
        "5 commits, 4 proven, 1 findings, 1.2 s",
    ]
    told = json.loads("".join(document(verified, 1.25)))
    assert (told["commits"], told["proven"], len(told["findings"]), len(told["notes"])) == (5, 4, 1, 1)
    assert not verified.is_proven
