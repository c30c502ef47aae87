"""Tells a person in a terminal what happens: one readable line a step, with how long it took."""

import time
from collections.abc import Callable
from typing import TypeVar

from app.demo.ports import wait_until

T = TypeVar("T")

_STEP_SECONDS = 90.0


class StepFailedError(Exception):
    """A step was not seen to happen."""


class Narrator:
    """Prints steps, each once it has been seen to be true."""

    def say(self, text: str = "") -> None:
        """Print a line as it is."""
        print(text, flush=True)

    def quote(self, text: str) -> None:
        """Print somebody else's text, indented."""
        for line in text.rstrip().splitlines():
            print(f"      │ {line}".rstrip(), flush=True)

    def step(self, text: str, look: Callable[[], T | None], seconds: float = _STEP_SECONDS) -> T:
        """Wait until `look` returns something that is not None or False, print the step, and return that.

        Raises StepFailedError after `seconds`.
        """
        started = time.monotonic()
        try:
            seen = wait_until(look, seconds, text)
        except TimeoutError as error:
            print(f"  ✗ {text}", flush=True)
            raise StepFailedError(f"not seen within {seconds:.0f} s: {text}") from error
        print(f"  ✓ {text:<84} {duration(time.monotonic() - started)}", flush=True)
        assert seen is not None
        return seen


def duration(seconds: float) -> str:
    """`12 ms`, `1.24 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"
