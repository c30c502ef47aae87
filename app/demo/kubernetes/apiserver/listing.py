"""Lists: consistent pages of a snapshot, as etcd serves them.

A page after the first is read at the revision of the first, from the history; when that is gone the answer is 410
with a token to go on inconsistently. Source: k8s.io/apiserver/pkg/storage/etcd3/store.go, GetList.
"""

import base64
import json
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.errors import ApiError, bad_request, continue_expired, too_large_revision
from app.demo.kubernetes.apiserver.kinds import Kind
from app.demo.kubernetes.apiserver.options import ListOptions
from app.demo.kubernetes.apiserver.store import Record, Store, in_order, parse_revision

_NOW = -1


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the objects as they were at one revision."""

    records: tuple[Record, ...]
    revision: int
    token: str
    """What to `continue` with; empty on the last page."""
    remaining: int | None
    """How many objects follow; None when there is no more, or a selector makes it unknown."""


@dataclass(frozen=True, slots=True)
class _Start:
    revision: int
    after: str


def list_page(store: Store, kind: Kind, namespace: str | None, options: ListOptions) -> Page:
    """The page of a list that the options ask for. 400, 410 and 504 as the API answers."""
    with store.lock:
        start = _start(store, options)
        revision = store.revision if start.revision == _NOW else start.revision
        records = _snapshot(store, kind, start, revision)
    wanted = [
        record
        for record in in_order(records)
        if (namespace is None or record.namespace == namespace)
        and record.path > start.after
        and options.selector.matches(record.body)
    ]
    return _cut(wanted, revision, options)


def _start(store: Store, options: ListOptions) -> _Start:
    if options.token:
        return _decode(options.token)
    if options.revision in {"", "0"}:
        return _Start(_NOW, "")
    asked = parse_revision(options.revision)
    if asked > store.revision:
        raise too_large_revision(asked, store.revision)
    is_exact = options.match == "Exact" or (options.limit and not options.match)
    return _Start(asked if is_exact else _NOW, "")


def _snapshot(store: Store, kind: Kind, start: _Start, revision: int) -> list[Record]:
    if start.revision == _NOW:
        return store.all(kind)
    try:
        return store.as_of(kind, revision)
    except ApiError as error:
        if start.after:
            raise continue_expired(_encode(_Start(_NOW, start.after))) from error
        raise


def _cut(wanted: list[Record], revision: int, options: ListOptions) -> Page:
    # The watch cache answers resourceVersion=0 and ignores the limit.
    limit = 0 if options.revision == "0" else options.limit
    if limit <= 0 or len(wanted) <= limit:
        return Page(tuple(wanted), revision, "", None)
    page = wanted[:limit]
    remaining = len(wanted) - limit if options.selector.is_empty else None
    return Page(tuple(page), revision, _encode(_Start(revision, page[-1].path)), remaining)


def _encode(start: _Start) -> str:
    token = {"v": "meta.k8s.io/v1", "rv": start.revision, "start": f"{start.after}\u0000"}
    return base64.urlsafe_b64encode(json.dumps(token).encode()).decode().rstrip("=")


def _decode(token: str) -> _Start:
    try:
        value = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return _Start(int(value["rv"]), str(value["start"]).rstrip("\u0000"))
    except (ValueError, KeyError, TypeError) as error:
        raise bad_request(f"continue key is not valid: {error}") from error
