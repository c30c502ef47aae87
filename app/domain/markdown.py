"""Untrusted text inside GitHub's Markdown: shown, never interpreted.

A fenced block or code span renders nothing and mentions nobody
(https://docs.github.com/en/get-started/writing-on-github). The fence is longer than any run of backticks in it.
"""

import re
import unicodedata
from collections.abc import Iterator
from html import escape

_BACKTICKS = re.compile(r"`+")
_OPENS = re.compile(r"(`{3,})[a-z]*")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
"""A code span that ends in the line that it begins in."""
_LIVE = str.maketrans({"\\": "\\\\", "`": "'", "@": "(at)", "<": "&lt;", "[": "\\[", "~": "\\~"})
"""What would do something outside code: mention, link, show an image, open a code span, a fence or a tag."""
_END = "…"


class Markdown(str):
    """Text that may be shown as it is: our own words, or foreign ones made harmless."""

    __slots__ = ()


def cut(text: str, max_bytes: int) -> str:
    """The text, shortened to so many bytes of UTF-8 at a character's end, with `…` where something is missing."""
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    return encoded[: max_bytes - 3].decode(errors="ignore") + "…"


def shorten(markdown: str, max_bytes: int) -> Markdown:
    """The Markdown, shortened to so many bytes of UTF-8 at a line's end, with `…` where something is missing.

    What is open there, a fence or folds, is closed. Code spans end in their line, so none is open.
    """
    if len(markdown.encode()) <= max_bytes:
        return Markdown(markdown)
    kept, size, folds, best = [], 0, 0, (0, _END)
    for line, fence in _fenced(markdown):
        if not fence:
            folds += line.startswith("<details>") - (line == "</details>")
        kept.append(line)
        size += len(line.encode()) + 1
        ending = (f"{fence}\n" if fence else "") + "\n</details>\n" * max(folds, 0) + f"\n{_END}"
        if size + len(ending.encode()) > max_bytes:
            break
        best = (len(kept), ending)
    count, ending = best
    return Markdown("\n".join([*kept[:count], ending]))


def tidy(markdown: str) -> Markdown:
    """The Markdown without blank lines that repeat, but for those in a fence, or stand at its ends."""
    kept: list[str] = []
    for line, fence in _fenced(markdown.strip("\n")):
        if line.strip() or fence or (kept and kept[-1]):
            kept.append(line if fence else line.rstrip())
    return Markdown("\n".join(kept))


def prose(text: str) -> Markdown:
    """Sentences of ours that may hold a foreign word: code spans stay, and nothing else in them is live."""
    lines = text.splitlines()
    return Markdown("\n".join(_harmless(line) for line in lines))


def block(text: str, max_bytes: int = 2000, language: str = "") -> Markdown:
    """A fenced code block that holds the text, its control characters removed; `language` colours it, as `diff`."""
    content = cut(_printable(text, keep="\n\t"), max_bytes)
    fence = "`" * max(3, _longest_run(content) + 1)
    return Markdown(f"{fence}{language}\n{content}\n{fence}")


def code(text: str, max_bytes: int = 200) -> Markdown:
    """An inline code span that holds the text on one line; safe in a table cell."""
    content = cut(_printable(text, keep="").replace("|", "¦"), max_bytes) or " "
    fence = "`" * (_longest_run(content) + 1)
    pad = " " if content.startswith("`") or content.endswith("`") else ""
    return Markdown(f"{fence}{pad}{content}{pad}{fence}")


def tagged(text: str, max_bytes: int = 200) -> Markdown:
    """What `code` is, for a line of HTML such as a fold's summary, where Markdown is not read."""
    content = escape(cut(_printable(text, keep=""), max_bytes)).replace("`", "&#96;")
    return Markdown(f"<code>{content}</code>")


def _fenced(markdown: str) -> Iterator[tuple[str, str]]:
    """Each line with the fence that is open after it; empty where none is, as after the line that closes one."""
    fence = ""
    for line in markdown.split("\n"):
        if fence:
            fence = "" if line == fence else fence
        elif opens := _OPENS.fullmatch(line):
            fence = opens[1]
        yield line, fence


def _harmless(line: str) -> str:
    made, end = [], 0
    for span in _SPAN.finditer(line):
        made += [_printable(line[end : span.start()], keep="").translate(_LIVE), code(span[2])]
        end = span.end()
    return "".join((*made, _printable(line[end:], keep="").translate(_LIVE)))


def _printable(text: str, keep: str) -> str:
    return "".join(c if c in keep or unicodedata.category(c)[0] != "C" else "�" for c in text)


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
