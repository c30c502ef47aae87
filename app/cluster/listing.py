"""A list, whole or not at all: over all pages, from one snapshot.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from app.cluster.connection import Api, Ask
from app.cluster.failures import Expired
from app.cluster.shapes import ListMetadata, decode, page_decoder
from app.errors import Transient

T = TypeVar("T")

PAGE = 500
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """What a complete list showed, as of a revision."""

    revision: int
    items: tuple[T, ...]


def complete_list(api: Api, ask: Ask, read: Callable[[Any], T], shape: Any = dict[str, Any]) -> Listing[T]:
    """Every object of the list, decoded into the shape and read at once, so that no page is kept.

    Starts again when the snapshot expires between two pages. Raises Transient or Stalled, also when what came is not
    a list: an answer that cannot be read is never an empty one.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _attempt(api, ask, read, shape)
        except Expired:
            continue
    return _attempt(api, ask, read, shape)


def _attempt(api: Api, ask: Ask, read: Callable[[Any], T], shape: Any) -> Listing[T]:
    head, items = _page(api, ask, "", read, shape)
    revision = _revision(ask, head)
    while token := head.continue_:
        head, more = _page(api, ask, token, read, shape)
        items += more
    return Listing(revision, tuple(items))


def _page(api: Api, ask: Ask, token: str, read: Callable[[Any], T], shape: Any) -> tuple[ListMetadata, list[T]]:
    query = {**ask.query, "limit": str(PAGE)} | ({"continue": token} if token else {})
    page = decode(ask.doing, page_decoder(shape), api.body(replace(ask, query=query)))
    if not page.kind.endswith("List"):
        raise Transient(f"{ask.doing}: the answer is no list but {page.kind[:200]!r}")
    return page.metadata, [read(item) for item in page.items or ()]


def _revision(ask: Ask, head: ListMetadata) -> int:
    text = head.resource_version
    if not text.isdecimal():
        raise Transient(f"{ask.doing}: the list has the resourceVersion {text[:200]!r}, not a number")
    return int(text)
