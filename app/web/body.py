"""Reading a request's body: all of it or nothing, never more than is allowed."""

from flask import request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

_STEP_BYTES = 64 * 1024


def read_body(limit_bytes: int) -> bytes:
    """The raw body, also of a chunked request without a length.

    Raises RequestEntityTooLarge beyond the application's `MAX_CONTENT_LENGTH`, after swallowing up to `limit_bytes`
    more: a connection closed on unread bytes is reset, and the sender would never see the answer. Raises BadRequest
    when the sender breaks off or breaks the chunked coding.
    """
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        _swallow(limit_bytes)
        raise
    except (OSError, ParseException) as error:
        raise BadRequest("The body ended early or its chunks are malformed. Send it again.") from error


def _swallow(limit_bytes: int) -> None:
    stream = request.environ["wsgi.input"]
    try:
        while limit_bytes > 0 and (piece := stream.read(_STEP_BYTES)):
            limit_bytes -= len(piece)
    except (OSError, ParseException):
        return
