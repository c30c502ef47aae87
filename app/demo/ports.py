"""Free ports on loopback, and waiting for something to become true."""

import random
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

# Below Linux's ephemeral range (32768 on, ip(7)): an outgoing connection can never take such a port in
# between.
_FIRST, _LAST = 20_000, 32_000
_PAUSE_SECONDS = 0.01
_GIVEN: set[int] = set()

T = TypeVar("T")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on; drawn at random, so that two processes do not meet, and never
    given twice by this one: whoever got it may not listen yet."""
    while True:
        port = random.randint(_FIRST, _LAST)
        with socket.socket() as probe:
            if port not in _GIVEN and probe.connect_ex(("127.0.0.1", port)) != 0 and _binds(port):
                _GIVEN.add(port)
                return port


def listens(port: int) -> bool:
    """Tell whether something accepts connections on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(predicate: Callable[[], T], timeout_seconds: float, what: str) -> T:
    """Return the predicate's first true answer; TimeoutError says what was awaited and the last answer."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout_seconds
    while not (answer := predicate()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_seconds:g} s for {what}; last answer: {str(answer)[:200]!r}")
        pause.wait(_PAUSE_SECONDS)
    return answer


def _binds(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
