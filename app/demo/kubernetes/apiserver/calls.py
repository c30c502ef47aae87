"""A request and what is answered, apart from the connection they travel on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.demo.kubernetes.apiserver.errors import ApiError, bad_request
from app.demo.kubernetes.apiserver.kinds import Json
from app.demo.kubernetes.apiserver.rendering import encode_any


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Json:
        """The body as an object; an empty one is `{}`. 400 when it is none."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            raise bad_request(f"the object provided is unrecognized: {error}") from error
        if not isinstance(value, dict):
            raise bad_request("the object provided is unrecognized: it must be a JSON object")
        return value


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    code: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    share: float = 1.0
    """How much of it is sent before the connection breaks: all, half, or nothing."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose lines are sent as they come."""

    lines: Iterator[bytes]


def reply_json(value: object, code: int = 200) -> Reply:
    """A JSON value as an answer."""
    return Reply(code, encode_any(value))


def reply_error(error: ApiError) -> Reply:
    """The `Status` of a failure as an answer."""
    seconds = (error.details or {}).get("retryAfterSeconds")
    headers = {"Retry-After": str(seconds)} if seconds else {}
    return Reply(error.code, encode_any(error.status()), headers=headers)


def reply_text(code: int, text: str) -> Reply:
    """Plain text, as the server answers for paths it does not know."""
    return Reply(code, text.encode(), "text/plain; charset=utf-8")
