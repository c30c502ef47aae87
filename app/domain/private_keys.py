"""Private keys in PEM (RFC 7468): on one line too, behind a logger's prefix, or cut at either end. For `redact`."""

import re
from collections.abc import Callable

_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_BODY = re.compile(r"[A-Za-z0-9+/]{16}")
"""So many characters of base64 in a row make a line of a body, whatever a logger writes around them."""

_LAST = re.compile(r"[A-Za-z0-9+/]{1,76}={0,2}")
_HEADER = re.compile(r"(?:Proc-Type|DEK-Info|Comment|Version): ")
_ALONE = re.compile(r"(?=[^\n]{0,76}[A-Z])(?=[^\n]{0,76}[a-z])(?=[^\n]{0,76}[0-9])[A-Za-z0-9+/]{60,76}={0,2}")
"""A whole line such as only the middle of a key that was cut at both ends is, or another file in base64."""

_Black = Callable[[str], str]


def without_keys(text: str, black: _Black) -> str:
    """The text without private keys; lines stay lines."""
    lines = text.split("\n")
    is_body = False
    for number, line in enumerate(lines):
        lines[number], is_body = _line(line, black, is_body=is_body)
        if (end := _last_end(lines[number])) is not None:
            lines[number] = black(lines[number][:end]) + lines[number][end:]
            _blacken_back(lines, number, black)
    return "\n".join(lines)


def _line(line: str, black: _Black, *, is_body: bool) -> tuple[str, bool]:
    """The line, and whether the next one is expected to be of a key. An end without a beginning is left."""
    begin, end = _BEGIN.search(line), _END.search(line)
    if is_body and end is not None and (begin is None or end.start() < begin.start()):
        rest, is_body = _line(line[end.end() :], black, is_body=False)
        return black(line[: end.end()]) + rest, is_body
    if begin is not None:
        return _from_begin(line, begin.start(), black)
    if is_body:
        return _in_body(line, black)
    return (black(line) if _ALONE.fullmatch(line.strip()) else line), False


def _from_begin(line: str, start: int, black: _Black) -> tuple[str, bool]:
    end = _last_end(line, start)
    if end is None:
        return line[:start] + black(line[start:]), True
    rest, is_body = _line(line[end:], black, is_body=False)
    return line[:start] + black(line[start:end]) + rest, is_body


def _last_end(line: str, start: int = 0) -> int | None:
    return max((found.end() for found in _END.finditer(line, start)), default=None)


def _in_body(line: str, black: _Black) -> tuple[str, bool]:
    words = line.split()
    if not words or _BODY.search(line) or _HEADER.search(line):
        return black(line), True
    # The last line is as short as it comes, and cannot be told from a word: it goes too.
    return (black(line), False) if _LAST.fullmatch(words[-1]) else (line, False)


def _blacken_back(lines: list[str], number: int, black: _Black) -> None:
    """Blacken what stands before an end whose beginning is missing."""
    while number > 0 and _is_body(lines[number - 1]):
        number -= 1
        lines[number] = black(lines[number])


def _is_body(line: str) -> bool:
    return _BODY.search(line) is not None or _LAST.fullmatch(line.strip()) is not None
