"""Foreign JSON, decoded into no more than is read: what a shape does not name is skipped without becoming an object.

A field that may be missing or null has a default, so that a partial object (a bookmark holds metadata alone) is one
too. Resources without a shape of their own come as plain dicts. No shape is part of a cycle, so the garbage collector
need not follow them.
"""

from functools import cache
from typing import Any, Generic, TypeVar

import msgspec

from app.errors import Transient

T = TypeVar("T")


class Metadata(msgspec.Struct, rename="camel", gc=False):
    """What every object has (k8s.io/apimachinery/pkg/apis/meta/v1/types.go, ObjectMeta)."""

    name: str = ""
    namespace: str = ""
    resource_version: str = ""
    generation: int = 0
    deletion_timestamp: str | None = None
    finalizers: tuple[str, ...] | None = None


class Condition(msgspec.Struct, rename="camel", gc=False):
    """One condition of a status; Argo CD's have no status: that one is there says all."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class Named(msgspec.Struct, gc=False):
    """An object of which only the name matters."""

    metadata: Metadata


class ListMetadata(msgspec.Struct, rename="camel", gc=False):
    """Where a list stands, and whether it goes on."""

    resource_version: str = ""
    continue_: str | None = msgspec.field(name="continue", default=None)


class Page(msgspec.Struct, Generic[T], gc=False):
    """A page of a list. Without `items` it is none."""

    metadata: ListMetadata
    items: list[T] | None
    kind: str = ""


class Event(msgspec.Struct, Generic[T], gc=False):
    """A line of a watch."""

    type: str
    object: T


class Told(msgspec.Struct, gc=False):
    """What an ERROR event says, in place of an object."""

    message: str = ""


class Unreadable(Transient):
    """JSON that is not what was asked for."""


@cache
def page_decoder(shape: Any) -> "msgspec.json.Decoder[Page[Any]]":
    """What reads a page of objects of that shape."""
    return msgspec.json.Decoder(Page[shape])


@cache
def event_decoder(shape: Any) -> "msgspec.json.Decoder[Event[Any]]":
    """What reads a line with an object of that shape."""
    return msgspec.json.Decoder(Event[shape])


def decode(doing: str, decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """The value of that JSON. Raises Unreadable; deep nesting is no way out of it."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Unreadable(f"{doing}: the answer cannot be read: {str(error)[:200]}") from error


def shaped(shape: type[T], raw: object) -> T:
    """The plain value in that shape: what a decoder makes of its JSON. Raises msgspec.ValidationError."""
    return msgspec.convert(raw, shape)
