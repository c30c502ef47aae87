"""A Procfile's processes, run side by side on this machine and ended together.

What an init system would do for each: a session and a log of its own, started again when it dies, and nothing
of it left when it is stopped. When this process is killed, the guard of `children` ends them all.
"""

import os
import re
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO

from app.demo.children import Child, spawn
from app.demo.guard import GRACE_SECONDS

_LINE = re.compile(r"^(?P<name>[A-Za-z0-9_-]+):\s*(?P<command>.+)$")
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 5.0
_LAST_LINES_SECONDS = 1.0


class BadProcfile(ValueError):
    """A line of a Procfile is not `name: command`, or a name stands there twice."""


def read_procfile(text: str) -> dict[str, str]:
    """Return {name: command} in the order of the lines, comments (`#`) left out. Raises BadProcfile."""
    commands: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None or match["name"] in commands:
            raise BadProcfile(f"Procfile line {number}: {line[:200]!r} is not `name: command` with a new name")
        commands[match["name"]] = match["command"].strip()
    return commands


@dataclass(slots=True)
class Processes:
    """Running processes by name; start and stop them as a context.

    `commands` is {name: command}: a simple command (no `&&`, no pipe) which the shell expands (`$PORT`) and
    then becomes, so that a signal reaches the program itself. With `logs` the output goes to
    `<logs>/<name>.log`, appended; without, to the terminal, each line led by the name. With `restart` a
    process that ends is started again, after 0.1 s doubling to 5 s.
    """

    commands: Mapping[str, str]
    environment: Mapping[str, str]
    logs: Path | None = None
    restart: bool = True
    directory: Path | None = None
    grace_seconds: float = GRACE_SECONDS
    _running: dict[str, "_Supervised"] = field(default_factory=dict)
    _printers: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Processes":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *names: str) -> None:
        """Start the processes named, all by default; those running already are left alone."""
        for name in names or self.commands:
            if name not in self._running or self._running[name].is_over:
                self._running[name] = _Supervised(partial(self._spawn, name), restart=self.restart)

    def stop(self, *names: str) -> None:
        """Stop the processes named, all by default: asked together, then killed. May be called twice."""
        stopping = [self._running.pop(name) for name in names or tuple(self._running) if name in self._running]
        for process in stopping:
            process.ask()
        for process in stopping:
            process.join(self.grace_seconds)
        if not self._running:
            for printer in self._printers:
                printer.join(_LAST_LINES_SECONDS)

    def crash(self, name: str) -> None:
        """Kill the process and all it forked (kill -9), and leave it down until `start`."""
        self._running.pop(name).crash()

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to the program itself and return the id it had."""
        child = self._running[name].child
        child.send(number)
        return child.pid

    def pid(self, name: str) -> int:
        """Return the id of the program's main process; a new one after each restart."""
        return self._running[name].child.pid

    def is_running(self, name: str) -> bool:
        """Tell whether the process runs now; between a death and its restart it does not."""
        return name in self._running and self._running[name].child.is_running

    def starts(self, name: str) -> int:
        """Return how many times the process was started since `start`."""
        return self._running[name].starts

    def log(self, name: str) -> str:
        """Return what the process wrote so far; only with `logs`."""
        if self.logs is None:
            raise ValueError(f"reading the log of {name}: these processes write to the terminal")
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def _spawn(self, name: str) -> Child:
        command = ["/bin/sh", "-c", _becoming(self.commands[name])]
        if self.logs is None:
            return self._spawn_prefixed(name, command)
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            return spawn(command, self.environment, output=log, directory=self.directory)

    def _spawn_prefixed(self, name: str, command: list[str]) -> Child:
        reading, writing = os.pipe()
        child = spawn(command, self.environment, output=writing, directory=self.directory)
        os.close(writing)
        printer = threading.Thread(target=_print_lines, args=(name, os.fdopen(reading, "rb")), daemon=True)
        printer.start()
        self._printers = [thread for thread in (*self._printers, printer) if thread.is_alive()]
        return child


@contextmanager
def until_signalled() -> Iterator[threading.Event]:
    """Yield an event that Ctrl-C and SIGTERM set; to be waited on instead of being interrupted by them."""
    asked = threading.Event()
    before = {number: signal.signal(number, lambda *_: asked.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Supervised:
    """One process and the thread that waits for its end."""

    def __init__(self, launch: Callable[[], Child], *, restart: bool) -> None:
        self._launch = launch
        self._restart = restart
        self._stopping = threading.Event()
        self._changing = threading.Lock()
        self.starts = 1
        self.child = launch()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def ask(self) -> None:
        with self._changing:
            self._stopping.set()
            self.child.ask()

    def crash(self) -> None:
        with self._changing:
            self._stopping.set()
            self.child.send(signal.SIGKILL)
        self.join()

    def join(self, grace_seconds: float = GRACE_SECONDS) -> None:
        self.child.stop(grace_seconds)
        self._thread.join()

    def _watch(self) -> None:
        pause = self._await_end(_FIRST_PAUSE_SECONDS)
        while self._restart and not self._stopping.wait(pause):
            self._start_again()
            pause = self._await_end(pause)

    def _await_end(self, pause: float) -> float:
        """Wait for the end of the process and return how long to pause before its next start."""
        started = time.monotonic()
        self.child.await_end()
        # As systemd does (KillMode=control-group): what the dead one forked does not meet its successor.
        self.child.finish()
        ran_well = time.monotonic() - started > _LONGEST_PAUSE_SECONDS
        return _FIRST_PAUSE_SECONDS if ran_well else min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _start_again(self) -> None:
        with self._changing:
            if not self._stopping.is_set():
                self.child = self._launch()
                self.starts += 1


def _becoming(command: str) -> str:
    """Return the shell command that replaces the shell by the program."""
    return command if shlex.split(command)[:1] == ["exec"] else f"exec {command}"


def _print_lines(name: str, lines: IO[bytes]) -> None:
    with lines:
        for line in lines:
            sys.stdout.write(f"{name:<10} | {line.decode(errors='replace')}")
            sys.stdout.flush()
