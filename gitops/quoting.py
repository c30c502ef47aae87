"""How a value stands in a manifest: what Jinja calls on every `{{ expression }}`, so that no template quotes anything.

A string becomes a double-quoted YAML scalar with real Unicode: `tojson` would turn an emoji into a pair of
surrogates, which kustomize refuses for the whole file, and an unquoted `00e1234` is a number.
"""

import re

from jinja2 import Undefined

from gitops.errors import TemplatesError
from gitops.text import shown

# What YAML 1.2 calls not printable (5.1), its line breaks, and what hides or reorders text on a reviewer's screen.
_ESCAPED = re.compile(
    '["\\\\\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f'
    "\ud800-\udfff\ufeff\ufff9-\uffff\U000e0000-\U000e0fff]"
)
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_REPLACEMENT = "\ufffd"


def yaml_scalar(value: object) -> str:
    """The value as a YAML scalar: a string in double quotes, an integer, a boolean or None as they are.

    Raises TemplatesError for anything else, and jinja2.UndefinedError for a name that the spec does not have.
    """
    match value:
        case Undefined():
            return str(value)
        case str():
            return quoted(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case None:
            return "null"
        case _:
            raise TemplatesError(f"writing {shown(value)}: only text, integers, booleans and none can be written")


def quoted(text: str) -> str:
    """The text as a double-quoted YAML scalar on one line."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if short := _SHORT_ESCAPES.get(character):
        return short
    if 0xD800 <= code <= 0xDFFF or 0xFFFE <= code <= 0xFFFF:
        return _REPLACEMENT
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
