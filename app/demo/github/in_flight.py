"""How many requests of each credential's owner are under way."""

import threading
from collections import Counter

from app.demo.github.state import State


class InFlight:
    """Counts entries and exits; safe from any thread."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def enter(self, authorization: str) -> tuple[str, int]:
        """Count a request; return whose it is, for `leave`, and how many of theirs are under way with it."""
        owner = self._owner(authorization)
        with self._lock:
            self._counts[owner] += 1
            return owner, self._counts[owner]

    def leave(self, owner: str) -> None:
        """Count a request as answered."""
        with self._lock:
            self._counts[owner] -= 1

    def _owner(self, authorization: str) -> str:
        # Without the state's lock, which every waiting request wants: one look-up in a dict needs none.
        token = self._state.tokens.get(authorization.partition(" ")[2])
        return f"installation {token.installation_id}" if token else "others"
