"""A list, whole or not at all: over all pages, from one snapshot.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from app.cluster.connection import Api, Ask, Json
from app.cluster.failures import Expired
from app.errors import Transient

T = TypeVar("T")

PAGE = 500
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """What a complete list showed, as of a revision."""

    revision: int
    items: tuple[T, ...]


def complete_list(api: Api, ask: Ask, read: Callable[[Json], T]) -> Listing[T]:
    """Every object of the list, each read at once so that no raw page is kept.

    Starts again when the snapshot expires between two pages. Raises Transient or Stalled, also when what came is not
    a list: an answer that cannot be read is never an empty one.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _attempt(api, ask, read)
        except Expired:
            continue
    return _attempt(api, ask, read)


def _attempt(api: Api, ask: Ask, read: Callable[[Json], T]) -> Listing[T]:
    page = _page(api, ask, "")
    revision = _revision(ask, page)
    items = [read(item) for item in page["items"] or ()]
    while token := page["metadata"].get("continue"):
        page = _page(api, ask, token)
        items += [read(item) for item in page["items"] or ()]
    return Listing(revision, tuple(items))


def _page(api: Api, ask: Ask, token: str) -> Json:
    query = {**ask.query, "limit": str(PAGE)} | ({"continue": token} if token else {})
    page = api.get(replace(ask, query=query))
    is_list = str(page.get("kind", "")).endswith("List") and isinstance(page.get("metadata"), dict)
    if not is_list or "items" not in page:
        raise Transient(f"{ask.doing}: the answer is no list but {str(page.get('kind'))[:200]!r}")
    return page


def _revision(ask: Ask, page: Json) -> int:
    text = str(page["metadata"].get("resourceVersion", ""))
    if not text.isdecimal():
        raise Transient(f"{ask.doing}: the list has the resourceVersion {text[:200]!r}, not a number")
    return int(text)
