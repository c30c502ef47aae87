"""Untrusted text inside GitHub's Markdown: shown, never interpreted.

A fenced block or code span renders nothing and mentions nobody
(https://docs.github.com/en/get-started/writing-on-github). The fence is longer than any run of backticks in it.
"""

import re
import unicodedata

_BACKTICKS = re.compile(r"`+")


def cut(text: str, max_bytes: int) -> str:
    """The text, shortened to so many bytes of UTF-8 at a character's end, with `…` where something is missing."""
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    return encoded[: max_bytes - 3].decode(errors="ignore") + "…"


def block(text: str, max_bytes: int = 2000) -> str:
    """A fenced code block that holds the text, its control characters removed."""
    content = cut(_printable(text, keep="\n\t"), max_bytes)
    fence = "`" * max(3, _longest_run(content) + 1)
    return f"{fence}\n{content}\n{fence}"


def code(text: str, max_bytes: int = 200) -> str:
    """An inline code span that holds the text on one line; safe in a table cell."""
    content = cut(_printable(text, keep="").replace("|", "¦"), max_bytes) or " "
    fence = "`" * (_longest_run(content) + 1)
    pad = " " if content.startswith("`") or content.endswith("`") else ""
    return f"{fence}{pad}{content}{pad}{fence}"


def _printable(text: str, keep: str) -> str:
    return "".join(c if c in keep or unicodedata.category(c)[0] != "C" else "�" for c in text)


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
