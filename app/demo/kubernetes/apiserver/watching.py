"""Watches: the changes of a kind after a revision, as lines, until the time is up.

An object that leaves the selector is sent as DELETED, one that enters it as ADDED. Bookmarks tell how far the stream
has come. Source: k8s.io/apiserver/pkg/storage/cacher.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.demo.kubernetes.apiserver.errors import ApiError, expired, internal_error
from app.demo.kubernetes.apiserver.kinds import Kind
from app.demo.kubernetes.apiserver.options import ListOptions
from app.demo.kubernetes.apiserver.rendering import View, render_bookmark, render_event, render_object
from app.demo.kubernetes.apiserver.store import Change, Record, Store, at_revision, encode, in_order

_TICK_SECONDS = 0.5
_LONGEST_SECONDS = (1800, 3600)
"""How long a watch runs when the caller does not say: `--min-request-timeout` to twice that."""


@dataclass(slots=True)
class WatchWeather:
    """What goes wrong with every watch, changed while they run."""

    is_silent: bool = False
    """Streams stay open and say nothing, not even bookmarks."""
    is_scrambled: bool = False
    """Changes arrive in any order, each followed by an older version of its object."""
    closings: int = 0
    """Raising it ends every running watch without a word."""
    expiries: int = 0
    """Raising it ends every running watch with a 410 ERROR event."""
    dice: random.Random = field(default_factory=lambda: random.Random(37))


@dataclass(frozen=True, slots=True)
class Watch:
    """One watch request."""

    kind: Kind
    namespace: str | None
    options: ListOptions
    view: View
    bookmark_seconds: float


def watch_lines(store: Store, watch: Watch, weather: WatchWeather) -> Iterator[bytes]:
    """The lines of a watch; an empty one at every tick, at which the caller may look whether anyone still listens.

    Raises `ApiError` at once for a revision that does not parse; a forgotten one is told inside the stream.
    """
    asked = watch.options.revision
    position = None if asked in {"", "0"} or watch.options.sends_initial_events else _parse_position(asked)
    return _lines(store, watch, weather, position)


def _lines(store: Store, watch: Watch, weather: WatchWeather, position: int | None) -> Iterator[bytes]:
    closings, expiries = weather.closings, weather.expiries
    try:
        if position is None:
            records, position = _initial(store, watch)
            yield from (render_event("ADDED", render_object(record, watch.view)) for record in records)
            if watch.options.sends_initial_events and watch.options.has_bookmarks:
                yield render_bookmark(watch.kind, position, watch.view, ends_initial_events=True)
        else:
            store.check_kept(watch.kind, position)
        for line in _changes(store, watch, weather, position):
            if weather.closings != closings:
                return
            if weather.expiries != expiries:
                raise expired(f"too old resource version: {position} ({store.revision})")
            yield line
    except ApiError as error:
        yield render_event("ERROR", encode(error.status()))


def _parse_position(text: str) -> int:
    """Where a watch is to begin: that this is no number is told otherwise than with a list."""
    if not text.isdecimal():
        why = f'Invalid value: "{text[:200]}": strconv.ParseUint: parsing "{text[:200]}": invalid syntax'
        raise internal_error(f"resourceVersion: {why}")
    return int(text)


def _initial(store: Store, watch: Watch) -> tuple[list[Record], int]:
    with store.lock:
        records = [record for record in store.all(watch.kind, watch.namespace) if _selects(watch, record)]
        return in_order(records), store.revision


def _changes(store: Store, watch: Watch, weather: WatchWeather, position: int) -> Iterator[bytes]:
    now = time.monotonic()
    seconds = watch.options.timeout_seconds
    deadline = now + (random.randint(*_LONGEST_SECONDS) if seconds is None else seconds)
    next_bookmark = now + watch.bookmark_seconds
    while not store.is_closed and now < deadline:
        pause = min(_TICK_SECONDS, deadline - now, max(0.0, next_bookmark - now))
        if weather.is_silent:
            store.wait(watch.kind, store.revision, pause)
            yield b""
        else:
            changes, position = store.wait(watch.kind, position, pause)
            yield b"".join(_told(watch, weather, changes))
        now = time.monotonic()
        if now >= min(next_bookmark, deadline):
            next_bookmark = now + watch.bookmark_seconds
            if watch.options.has_bookmarks and not weather.is_silent:
                yield render_bookmark(watch.kind, position, watch.view)


def _told(watch: Watch, weather: WatchWeather, changes: list[Change]) -> list[bytes]:
    if not weather.is_scrambled:
        return [line for change in changes if (line := _line(watch, change))]
    lines: list[bytes] = []
    for change in weather.dice.sample(changes, len(changes)):
        lines.append(_line(watch, change))
        if change.before is not None and change.after is not None and _selects(watch, change.before):
            lines.append(render_event("MODIFIED", render_object(change.before, watch.view)))
    return lines


def _line(watch: Watch, change: Change) -> bytes:
    before = change.before if change.before is not None and _selects(watch, change.before) else None
    after = change.after if change.after is not None and _selects(watch, change.after) else None
    if after is not None:
        return render_event("MODIFIED" if before else "ADDED", render_object(after, watch.view))
    if before is not None:
        return render_event("DELETED", render_object(at_revision(before, change.revision), watch.view))
    return b""


def _selects(watch: Watch, record: Record) -> bool:
    is_here = watch.namespace is None or record.namespace == watch.namespace
    return is_here and watch.options.selector.matches(record.body)
