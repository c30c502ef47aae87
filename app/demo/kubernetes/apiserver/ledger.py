"""The requests that were made, for tests and the demo to count."""

import threading
import time
from collections import deque
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.calls import Call

_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One request; a watch is entered when it starts."""

    at: float
    """Unix time in seconds."""
    method: str
    path: str
    query: dict[str, str]
    code: int
    user_agent: str


class Ledger:
    """The newest requests, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=_KEPT)

    def enter(self, call: Call, code: int) -> None:
        """Notes a request and the code it was answered with."""
        agent = call.headers.get("user-agent", "")
        with self._lock:
            self._entries.append(Entry(time.time(), call.method, call.path, dict(call.query), code, agent))

    def entries(self) -> list[Entry]:
        """All that were noted since the last clearing."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Starts anew."""
        with self._lock:
            self._entries.clear()
