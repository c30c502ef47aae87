"""The lines of a comment that nobody can take for anything but its author's own plain words.

Left out is what is quoted, what is code, what an HTML comment hides, and everything after a point where it takes more
than this to tell: one who shows a command to others must never have given it. Markdown's rules are those of
https://github.github.com/gfm/.
"""

import re
from collections.abc import Iterator

_LINE_END = re.compile(r"\r\n|\n|\r")
_LIST_MARKERS = re.compile(r" {0,3}(?:(?:[-+*]|[0-9]{1,9}[.)])[ \t]+)*")
"""Of list items, one in another, with the space around them."""
_FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
_UNCLEAR_HTML = re.compile(
    r"<(?:!--|(?:pre|code|samp|kbd|tt|blockquote|q|script|style|textarea|template|xmp|plaintext)\b|[A-Za-z/!?][^>]*$)",
    re.IGNORECASE | re.ASCII,
)
"""What may quote, hide or make code of all that follows, or is a tag that goes on in the next line."""
_SIMPLE = re.compile(r"`[^`\\]+`|\[[^]\[()`]*\]\([^\s()\"'<>`]*\)|<https?://[^\s<>`]*>")
"""Spans of code, links and addresses that end where they seem to."""
_UNCLEAR = frozenset("`<[\\$")
"""What is left of a line then, and may make code or an attribute of the next lines of the paragraph."""


def plain_lines(text: str) -> Iterator[str]:
    """The plain lines, from the top, without the space around them."""
    lines = iter(_LINE_END.split(text))
    is_doubtful = False
    """The paragraph above began something that this line may still be part of: a quote, or a span of code."""
    for line in lines:
        content = line[_end_of_markers(line) :]
        if line.startswith("<!--"):
            if not _skip_comment(lines, line):
                return
            is_doubtful = False
        elif (fence := _opening_fence(content)) is not None:
            if not _skip_fence(lines, fence, len(line) - len(content)):
                return
            is_doubtful = False
        elif _UNCLEAR_HTML.search(line) or _opening_fence(line.strip()) is not None:
            return
        elif not line.strip() or content.startswith(">"):
            is_doubtful = bool(line.strip())
        else:
            if not is_doubtful and not line.startswith(("    ", "\t", " \t", "  \t", "   \t")):
                yield line.strip(" \t")
            is_doubtful = is_doubtful or not _UNCLEAR.isdisjoint(_SIMPLE.sub("", line))


def _end_of_markers(line: str) -> int:
    markers = _LIST_MARKERS.match(line)
    return markers.end() if markers else 0


def _opening_fence(content: str) -> str | None:
    """The marks of the fence that the line opens."""
    fence = _FENCE.match(content)
    return fence[1] if fence and not (fence[1][0] == "`" and "`" in fence[2]) else None


def _skip_fence(lines: Iterator[str], fence: str, indent: int) -> bool:
    """Go on behind the end of fenced code; False where it may have ended in another way, or does not end."""
    end = re.compile(rf"{re.escape(fence[0])}{{{len(fence)},}}[ \t]*$")
    for line in lines:
        content = line.lstrip(" ")
        own = len(line) - len(content)
        if content.strip() and own < indent:
            return False
        if end.match(content) and own <= indent + 3:
            return True
    return False


def _skip_comment(lines: Iterator[str], line: str) -> bool:
    """Go on behind the line that ends the HTML comment; False where more begins on it, or it does not end."""
    rest = line.removeprefix("<!--")
    if rest.startswith((">", "->")):
        return False
    while "-->" not in rest:
        following = next(lines, None)
        if following is None:
            return False
        rest = following
    return "<" not in rest.partition("-->")[2]
