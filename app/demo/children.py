"""Starting one process that is sure to end: by `stop`, or by the guard when this process is gone."""

import contextlib
import math
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from app.demo import guard

# The shell reports itself to the guard before it becomes the program, so there is no moment at which the
# program runs unguarded. Standard input is the pipe to the guard: it is closed by the same step.
_REPORT_THEN_BECOME = 'echo "$$ $0" >&0; exec "$@" </dev/null'

_HAS_ENDED = os.WEXITED | os.WNOHANG | os.WNOWAIT

Output = int | IO[bytes]


@dataclass(slots=True)
class Child:
    """A process that leads a session of its own; `stop_signal` is what asks it to end.

    It is reaped only by `finish`, after the last of its session: until then its id cannot be given to
    another.
    """

    process: subprocess.Popen[bytes]
    stop_signal: int

    @property
    def pid(self) -> int:
        """Return the process id, which is also its session's."""
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether the process itself still runs; what it forked may live on."""
        # Another thread may be reaping it right now.
        with contextlib.suppress(ChildProcessError):
            return self._is_unreaped and os.waitid(os.P_PID, self.pid, _HAS_ENDED) is None
        return False

    def send(self, number: int) -> None:
        """Send a signal to the process itself; nothing happens when it has ended."""
        if self._is_unreaped:
            guard.send(self.pid, number)

    def ask(self) -> None:
        """Ask the process to end, without waiting."""
        self.send(self.stop_signal)

    def await_end(self, seconds: float = math.inf) -> None:
        """Return when the process has ended by itself, or after `seconds`."""
        if self._is_unreaped:
            guard.await_end([self.pid], seconds)

    def stop(self, grace_seconds: float = guard.GRACE_SECONDS) -> int:
        """Ask the process to end, wait, then `finish`. May be repeated."""
        self.ask()
        self.await_end(grace_seconds)
        return self.finish()

    def finish(self) -> int:
        """Kill what is left of the session; return the exit code, negative for a signal. May be repeated."""
        if self._is_unreaped:
            guard.kill_session(self.pid)
            self.process.wait()
            _guard().forget(self.pid)
        return self.process.returncode

    @property
    def _is_unreaped(self) -> bool:
        return self.process.returncode is None


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    output: Output = subprocess.DEVNULL,
    stop_signal: int = signal.SIGTERM,
    directory: Path | None = None,
) -> Child:
    """Start a program in a session of its own, its standard output and error going to `output`.

    When this process ends, in whatever way, the program is stopped and its whole session killed.
    """
    process = subprocess.Popen(
        ["/bin/sh", "-c", _REPORT_THEN_BECOME, str(int(stop_signal)), *command],
        env=dict(environment),
        stdin=_guard().pipe,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=directory,
        start_new_session=True,
    )
    return Child(process, stop_signal)


@dataclass(frozen=True, slots=True)
class _Guard:
    pipe: int

    def forget(self, pid: int) -> None:
        # A guard that was itself killed has nothing to forget.
        with contextlib.suppress(BrokenPipeError):
            os.write(self.pipe, b"-%d\n" % pid)


@cache
def _guard() -> _Guard:
    reading, writing = os.pipe()
    subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(reading)
    return _Guard(writing)
