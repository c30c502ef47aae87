"""Untrusted text in Markdown, and the delay before another try."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.markdown import block, code, cut, prose, shorten, tidy
from app.domain.retry import delay
from tests.texts.markdown import left_open, outside_code

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, st.integers(3, 50))
def test_cut_text_is_never_longer_and_never_half_a_character(text: str, limit: int) -> None:
    assert len(cut(text, limit).encode()) <= limit
    assert cut(text, limit) == text or cut(text, limit).endswith("…")


@given(TEXT)
def test_nothing_closes_a_block_from_within(text: str) -> None:
    first, *inside, last = block(text).split("\n")
    assert first == last
    assert all(not line.strip().startswith(first) for line in inside)


@given(TEXT)
def test_a_code_span_is_one_line_without_a_table_bar(text: str) -> None:
    span = code(text)
    assert "\n" not in span
    assert "|" not in span


PARTS = st.one_of(
    TEXT.map(block),
    TEXT.map(code),
    TEXT.map(prose),
    st.builds("<details><summary>More</summary>\n\n{}\n\n{}\n\n</details>".format, TEXT.map(code), TEXT.map(block)),
)


@given(st.lists(PARTS, max_size=8).map("\n\n".join), st.integers(40, 600))
def test_shortened_markdown_fits_and_leaves_nothing_open(markdown: str, limit: int) -> None:
    short = shorten(markdown, limit)
    assert len(short.encode()) <= limit
    assert left_open(short) == []
    assert short == markdown or short.endswith("…")


def test_shortened_markdown_keeps_what_fits() -> None:
    lines = "\n".join(f"line {number}" for number in range(100))
    folded = f"<details><summary>More</summary>\n\n{block(lines, 9000)}\n\n</details>"
    assert shorten(folded, 80).split("\n") == [
        "<details><summary>More</summary>",
        "",
        "```",
        "line 0",
        "line 1",
        "line 2",
        "```",
        "",
        "</details>",
        "",
        "…",
    ]


HOSTILE = st.text(st.sampled_from("`@a<[]()!~#\\ \n"), max_size=40)


@given(HOSTILE)
def test_prose_mentions_nobody_links_nowhere_and_leaves_nothing_open(text: str) -> None:
    outside = outside_code(prose(text))
    assert "@" not in outside
    assert "<" not in outside
    assert left_open(prose(text)) == []


@pytest.mark.parametrize(
    ("ours", "read"),
    [
        ("Say `/ephemera deploy`, or push.", "Say `/ephemera deploy`, or push."),
        ("Ask @ada", "Ask (at)ada"),
        ("`@ada` is `` a ` b ``", "`@ada` is `` a ` b ``"),
        (r"\`@ada`", r"\\`@ada`"),
        ("a ` b @ada", "a ' b (at)ada"),
        ("[x](y) <b> ~~~", r"\[x](y) &lt;b> \~\~\~"),
        ("one\ntwo", "one\ntwo"),
    ],
)
def test_prose_keeps_code_spans_and_disarms_the_rest(ours: str, read: str) -> None:
    assert prose(ours) == read


def test_tidied_markdown_has_single_blank_lines_outside_code() -> None:
    assert tidy("\n\na  \n\n\n\nb\n```\nc\n\n\nd  \n```\n\n") == "a\n\nb\n```\nc\n\n\nd  \n```"


def test_delays_double_to_five_minutes() -> None:
    delays = [delay(failures, 0.9999).total_seconds() for failures in range(1, 20)]
    assert [round(seconds) for seconds in delays[:4]] == [2, 4, 8, 16]
    assert max(delays) <= 300
    assert delay(5, 0) == timedelta(milliseconds=100)
