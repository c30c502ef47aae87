"""A process that outlives its parent just long enough to end what the parent started.

It reads lines from standard input: `42 2` means that process 42 leads a session of its own and is to be
stopped with signal 2; `-42` that it has ended. When the input ends, the parent is gone, however it died, and
everything still listed is stopped: asked first, then killed with its whole session. Only the standard
library: it runs before, and without, the virtual environment's packages.

Why not PR_SET_PDEATHSIG alone: it fires when the *thread* that forked ends, is cleared when the child changes
its user, and never reaches grandchildren.
"""

import contextlib
import math
import os
import select
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

GRACE_SECONDS = 5.0


def session_members(session: int) -> list[int]:
    """Return the living processes of a session, zombies left out. Linux only: reads /proc."""
    return [pid for pid, (state, owner) in _processes() if owner == session and state != "Z"]


def kill_session(session: int) -> None:
    """Kill every process of a session; may be called when none is left."""
    while members := session_members(session):
        for pid in members:
            send(pid, signal.SIGKILL)
        for pid in members:
            await_end([pid], GRACE_SECONDS)


def send(pid: int, number: int) -> None:
    """Send a signal; a process that has ended meanwhile is what the caller wanted."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def await_end(pids: Iterable[int], seconds: float) -> None:
    """Return once all of `pids` have ended, or after `seconds`; reaps nothing."""
    deadline = time.monotonic() + seconds
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            _await_one(pid, max(deadline - time.monotonic(), 0))


def main() -> None:
    """Keep the list up to date until the parent is gone, then stop what is left of it."""
    watched: dict[int, int] = {}
    for line in sys.stdin:
        words = line.split()
        if words[0].startswith("-"):
            watched.pop(int(words[0][1:]), None)
        else:
            watched[int(words[0])] = int(words[1])
    _stop(watched)


def _stop(watched: dict[int, int]) -> None:
    for pid, number in watched.items():
        send(pid, number)
    await_end(watched, GRACE_SECONDS)
    for pid in watched:
        kill_session(pid)


def _await_one(pid: int, seconds: float) -> None:
    descriptor = os.pidfd_open(pid)
    try:
        # Readable once the process has ended, reaped or not (pidfd_open(2)).
        ending = select.poll()
        ending.register(descriptor, select.POLLIN)
        ending.poll(None if math.isinf(seconds) else seconds * 1000)
    finally:
        os.close(descriptor)


def _processes() -> Iterable[tuple[int, tuple[str, int]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # A process may end between the listing and the reading.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                yield int(entry.name), _state_and_session((entry / "stat").read_text())


def _state_and_session(stat: str) -> tuple[str, int]:
    # proc(5): pid (name) state ppid pgrp session ...; the name may itself hold spaces and parentheses.
    fields = stat.rpartition(")")[2].split()
    return fields[0], int(fields[3])


if __name__ == "__main__":
    main()
