"""What differs between two versions of a manifest, line by line.

What is compared is what lies in Git, and what is shown has its secrets blacked out: a secret that changed shows as
`***` that became `***`.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher

from app.domain.blacked import blacked, lines
from app.domain.markdown import cut

MAX_DIFF = 65_536
"""Bytes of a diff; more than one fits into no pull request."""
MAX_LINES = 5_000
"""Of either version; comparing takes time that grows with their product."""
_CONTEXT = 3


def changed_lines(before: bytes, after: bytes) -> str:
    """Their unified diff, without the two lines that name files, cut to `MAX_DIFF`; a version that is not there is
    empty. One sentence where that shows nothing: too many lines, or nothing but the end of the last one differs."""
    old, new = lines(before), lines(after)
    if max(len(old), len(new)) > MAX_LINES:
        return f"{len(old)} lines became {len(new)}: too many to compare."
    if old == new:
        return "Only the end of the last line differs."
    return cut("\n".join(_hunks(old, new, blacked(before), blacked(after))), MAX_DIFF)


def _hunks(old: list[str], new: list[str], shown_old: list[str], shown_new: list[str]) -> Iterator[str]:
    for group in SequenceMatcher(None, old, new).get_grouped_opcodes(_CONTEXT):
        (_, old_start, _, new_start, _), (_, _, old_end, _, new_end) = group[0], group[-1]
        yield f"@@ -{_span(old_start, old_end)} +{_span(new_start, new_end)} @@"
        for tag, start, end, other_start, other_end in group:
            if tag == "equal":
                yield from (f" {line}" for line in shown_new[other_start:other_end])
                continue
            yield from (f"-{line}" for line in shown_old[start:end])
            yield from (f"+{line}" for line in shown_new[other_start:other_end])


def _span(start: int, end: int) -> str:
    """As `diff -u` writes it: an empty range begins at the line before it."""
    length = end - start
    if length == 1:
        return str(start + 1)
    return f"{start + 1 if length else start},{length}"
