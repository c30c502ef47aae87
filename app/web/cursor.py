"""Where a list goes on: opaque to clients, so that what it holds may change."""

import base64
import binascii
import re

_CONTENT = re.compile(r"([a-z]+):([1-9][0-9]{0,18})")
_ADVICE = "Leave it out, or use `next` of the page before as it is"


def encode(kind: str, after: int) -> str:
    """The cursor that goes on after the item with this id, in a list of this kind of items."""
    return base64.urlsafe_b64encode(f"{kind}:{after}".encode()).decode().rstrip("=")


def decode(kind: str, cursor: object) -> int:
    """The id that `encode` was given. Raises ValueError, with what to do, for anything else."""
    content = _CONTENT.fullmatch(_text(str(cursor)))
    if content is None or content[1] != kind:
        raise ValueError(_ADVICE)
    return int(content[2])


def _text(cursor: str) -> str:
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise ValueError(_ADVICE) from error
