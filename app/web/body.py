"""Reading a request's body: all of it or nothing, never more than is allowed.

Werkzeug's own `max_content_length` cuts a chunked body off at the limit without a word.
"""

from typing import NoReturn, Protocol

from flask import request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

_STEP_BYTES = 64 * 1024


class _Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_body(limit_bytes: int) -> bytes:
    """The raw body, also of a chunked request, which has no length.

    Raises RequestEntityTooLarge beyond the limit, after swallowing as much again: a connection that is closed on unread
    bytes is reset, and the sender would never see the answer. Raises BadRequest when the sender breaks off or breaks
    the chunked coding.
    """
    try:
        return _read(request.environ["wsgi.input"], limit_bytes)
    except (OSError, ParseException) as error:
        raise _broken() from error


def _read(stream: _Stream, limit_bytes: int) -> bytes:
    length = request.content_length
    if length is None and not request.environ.get("wsgi.input_terminated"):
        return b""
    if length is not None and length > limit_bytes:
        _refuse(stream, limit_bytes)
    body = _up_to(stream, limit_bytes + 1 if length is None else length)
    if len(body) > limit_bytes:
        _refuse(stream, limit_bytes)
    if length is not None and len(body) < length:
        raise _broken()
    return body


def _up_to(stream: _Stream, size: int) -> bytes:
    pieces = []
    while size > 0 and (piece := stream.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _refuse(stream: _Stream, limit_bytes: int) -> NoReturn:
    left = limit_bytes
    while left > 0 and (piece := stream.read(_STEP_BYTES)):
        left -= len(piece)
    raise RequestEntityTooLarge(f"The body is larger than {limit_bytes} bytes. GitHub sends none that large.")


def _broken() -> BadRequest:
    return BadRequest("The body ended early or its chunks are malformed. Send it again.")
