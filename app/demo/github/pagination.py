"""Numbered pages and their `Link` header.

https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from app.demo.github.call import Answer, Call

DEFAULT_SIZE = 30
LARGEST_SIZE = 100

Record = TypeVar("Record")


def page_size(query: Mapping[str, str]) -> int:
    """Return `per_page` within 1 to 100; what is no number counts as not given."""
    return min(LARGEST_SIZE, _number(query.get("per_page"), DEFAULT_SIZE))


def paged(call: Call, records: Sequence[Record], shape: Callable[[Record], Any], key: str = "") -> Answer:
    """Answer one page of `records`, as a list or under `key` beside `total_count`; only that page is shaped."""
    size, number = page_size(call.query), _number(call.query.get("page"), 1)
    last = max(1, -(-len(records) // size))
    shaped = [shape(one) for one in records[(number - 1) * size : number * size]]
    body = {"total_count": len(records), key: shaped} if key else shaped
    return Answer(body, headers=_link_header(call, number, last))


def link_header(call: Call, targets: Iterable[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """Return the `Link` header for (rel, changed query parameters), or nothing where there are none."""
    links = [f'<{_url(call, changed)}>; rel="{rel}"' for rel, changed in targets]
    return {"Link": ", ".join(links)} if links else {}


def _link_header(call: Call, number: int, last: int) -> dict[str, str]:
    targets = []
    if number > 1:
        targets.append(("prev", {"page": str(min(number - 1, last))}))
    if number < last:
        targets += [("next", {"page": str(number + 1)}), ("last", {"page": str(last)})]
    if number > 1:
        targets.append(("first", {"page": "1"}))
    return link_header(call, targets)


def _url(call: Call, changed: Mapping[str, str]) -> str:
    path = call.path
    if call.found:  # GitHub's own links name a repository by id, whatever the request did
        path = f"/repositories/{call.found.id}/" + path.split("/", 4)[4]
    return f"{call.hub.options.url}{path}?{urlencode({**call.query, **changed})}"


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else default
