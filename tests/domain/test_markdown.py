"""Untrusted text in Markdown, and the delay before another try."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.markdown import block, code, cut
from app.domain.retry import delay

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


def test_delays_double_to_five_minutes() -> None:
    delays = [delay(failures, 0.9999).total_seconds() for failures in range(1, 20)]
    assert [round(seconds) for seconds in delays[:4]] == [2, 4, 8, 16]
    assert max(delays) <= 300
    assert delay(5, 0) == timedelta(milliseconds=100)
