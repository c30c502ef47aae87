"""How long to wait before the next try: longer each time, until something has worked."""

from collections.abc import Callable


class Backoff:
    """A wait of `first_seconds`, doubling up to `last_seconds`, half of it drawn at random.

    The random half keeps watches that broke together from coming back together. `jitter` draws from [0, 1).
    """

    def __init__(self, first_seconds: float, last_seconds: float, jitter: Callable[[], float]) -> None:
        self._first = first_seconds
        self._last = last_seconds
        self._jitter = jitter
        self.failures = 0
        """How many waits there have been since the last success."""

    def next_seconds(self) -> float:
        """The next wait."""
        longest = min(self._last, self._first * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return longest * (1 + self._jitter()) / 2

    def reset(self) -> None:
        """Something has worked: begin with the shortest wait again."""
        self.failures = 0
