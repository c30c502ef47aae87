"""A record of every request the API received; tests and the demo's table read it."""

import threading
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One request and what became of it. Holds no credentials."""

    at: datetime
    method: str
    target: str
    """Path and query."""
    status: int
    """What the client was answered; 0 when the connection was cut before an answer."""
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
    fault: str | None
    """The kind of fault that was injected."""


@dataclass(slots=True)
class Notes:
    """What `dispatch` finds out about a request, for the entry that `gate` writes; travels in the WSGI environment."""

    installation_id: int | None = None
    cost: int = 0


NOTES = "github.notes"


class Ledger:
    """The entries since the last reset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[LedgerEntry] = []
        self.keeps_bodies = True

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
