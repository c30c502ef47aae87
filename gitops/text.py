"""Foreign text, made fit to be shown: in a message, a commit, a line of a log."""

import re

SHOWN = 200
"""How many characters of a foreign value an error message quotes."""

# Control and format characters, separators of lines, and lone surrogates, which no UTF-8 file can hold.
_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]+"
)


def shown(value: object, limit: int = SHOWN) -> str:
    """The value as an error message may quote it: its repr, cut to `limit` characters."""
    text = ascii(value) if isinstance(value, str) and _UNFIT.search(value) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def single_line(text: str, limit: int = SHOWN) -> str:
    """The text on one line, without control characters, cut to `limit` characters."""
    line = " ".join(_UNFIT.sub(" ", text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
