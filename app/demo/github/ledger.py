"""A record of every request the API received; tests, benchmarks and the demo's table read it."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One request and what became of it. Holds no credentials, unless answers are kept."""

    at: datetime
    method: str
    target: str
    """Path and query."""
    operation: str
    """Which one it was, such as `POST /repos/<owner>/<repo>/check-runs`; empty for one that GitHub does not have, and
    for what a fault answered."""
    status: int
    """What the client was answered; 0 when the connection was cut before an answer."""
    principal: str
    """`installation ID 42`, `app` or `anonymous`; empty for unknown credentials, and for what a fault answered."""
    installation_id: int | None
    cost: int
    """What it took from the primary budget: 0 or 1."""
    points: int
    """What it weighs in the secondary limit: 1 to read, 5 to write."""
    seconds: float
    content_type: str
    accept: str
    user_agent: str
    body: str | None
    """The request's body as text; None when there was none or when bodies are not kept."""
    answer: str | None
    """The answer's body as text; None unless answers are kept. May hold a token that was made for a test."""
    answer_type: str
    fault: str | None
    """The kind of fault that was injected."""
    limit: str | None
    """The rate limit that refused it: `primary`, `points`, `content_minute`, `content_hour`, `spacing` or
    `concurrency`."""

    @property
    def is_write(self) -> bool:
        """Tell whether it was sent to change something."""
        return self.method not in READING

    @property
    def is_refused_by_limit(self) -> bool:
        """Tell whether a rate limit refused it, also one that was a fault."""
        return self.limit is not None or self.fault in {"primary_limit", "secondary_limit"}


@dataclass(frozen=True, slots=True)
class Tally:
    """What one principal sent. Tokens are asked for by the principal `app`."""

    principal: str
    writes: int
    """Sent to change something, and not refused by a rate limit."""
    reads: int
    """The same for reading, free ones included."""
    free_reads: int
    """Answered 304."""
    tokens: int
    """Access tokens that were made; among the writes as well."""
    refused: int
    """Refused by a rate limit: neither a read nor a write."""
    by_operation: tuple[tuple[str, int], ...]
    """How often each operation was carried out or tried, sorted."""


@dataclass(slots=True)
class Notes:
    """What `dispatch` finds out about a request, for the entry that `gate` writes; travels in the WSGI environment."""

    at_once: int = 1
    """How many requests of the same principal were under way when it came; `gate` counts them."""
    principal: str = ""
    installation_id: int | None = None
    operation: str = ""
    cost: int = 0
    limit: str | None = None


NOTES = "github.notes"


class Ledger:
    """The entries since the last reset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[LedgerEntry] = []
        self.keeps_bodies = True
        self.keeps_answers = False

    def add(self, entry: LedgerEntry) -> None:
        """Append an entry."""
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> list[LedgerEntry]:
        """Return all entries, in the order in which the requests were answered."""
        with self._lock:
            return list(self._entries)

    def reset(self) -> None:
        """Forget all entries."""
        with self._lock:
            self._entries.clear()


def tallies(entries: Iterable[LedgerEntry]) -> list[Tally]:
    """Add entries up by principal, sorted."""
    found: dict[str, list[LedgerEntry]] = {}
    for entry in entries:
        found.setdefault(entry.principal, []).append(entry)
    return [_tally(principal, theirs) for principal, theirs in sorted(found.items())]


def _tally(principal: str, entries: list[LedgerEntry]) -> Tally:
    served = [entry for entry in entries if not entry.is_refused_by_limit]
    reads = [entry for entry in served if not entry.is_write]
    operations = [entry.operation for entry in served]
    return Tally(
        principal=principal,
        writes=len(served) - len(reads),
        reads=len(reads),
        free_reads=sum(entry.status == 304 for entry in reads),
        tokens=sum(entry.status == 201 and entry.operation.endswith("/access_tokens") for entry in served),
        refused=len(entries) - len(served),
        by_operation=tuple((name, operations.count(name)) for name in sorted(set(operations))),
    )
