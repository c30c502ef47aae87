"""What the App asks for, and that the document for doing it by hand says the same."""

import re
from pathlib import Path

import pytest

from app.domain.permissions import EVENTS, PERMISSIONS, UNASKED, lacking, needed, subscriptions

DOCUMENT = (Path(__file__).parents[2] / "docs" / "github-app.md").read_text("utf-8")
_ROW = re.compile(r"^\| `(?P<name>[a-z_]+)` \| (?P<rest>.*) \|$", re.MULTILINE)


def rows(heading: str) -> list[tuple[str, list[str]]]:
    """The table below a heading of the document: first cell, and the others."""
    section = DOCUMENT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [(found["name"], found["rest"].split(" | ")) for found in _ROW.finditer(section)]


def test_document_names_every_permission_with_its_level_and_reason() -> None:
    named = [(name, cells[1].lower(), cells[2]) for name, cells in rows("Permissions")]
    assert named == [(each.name, each.level, each.why) for each in PERMISSIONS]


def test_document_names_every_event_with_its_reason() -> None:
    assert rows("Events") == [(each.name, [each.why]) for each in EVENTS]
    assert rows("Sent without being asked for") == [(each.name, [each.why]) for each in UNASKED]


@pytest.mark.parametrize("name", ["statuses", "contents"])
def test_what_a_setting_makes_unnecessary_is_not_needed(name: str) -> None:
    less = needed(with_statuses=name != "statuses", with_contents=name != "contents")
    assert needed().keys() - less.keys() == {name}


def test_writing_pull_requests_and_hearing_of_reviews_is_for_review_alone() -> None:
    assert (needed()["pull_requests"], needed(proposes=True)["pull_requests"]) == ("read", "write")
    assert needed().keys() == needed(proposes=True).keys()
    assert set(subscriptions(proposes=True)) - set(subscriptions()) == {"pull_request_review"}


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        ({"checks": "write", "issues": "write"}, {}),
        ({"checks": "admin", "issues": "write"}, {}),
        ({"checks": "read"}, {"checks": "write", "issues": "write"}),
        ({"checks": "odd", "issues": "write"}, {"checks": "write"}),
    ],
)
def test_a_lower_level_is_lacking(granted: dict[str, str], expected: dict[str, str]) -> None:
    assert lacking({"issues": "write", "checks": "write"}, granted) == expected
