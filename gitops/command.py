"""Runs git, through GitPython's command object, in a room of its own.

No hooks, no prompts, no system or user configuration, and a deadline that also ends git's own children. What belongs
to a pull request goes in through standard input, and secrets through the environment: arguments are seen by everybody
on the machine.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from git import Git

from gitops.errors import PublishError

TIMEOUT_SECONDS = 120.0


class TimedOutError(PublishError):
    """git was killed at its deadline."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a git command left behind; a status other than 0 is the caller's to judge."""

    status: int
    output: bytes
    complaint: str
    """Standard error: for people, never for decisions."""


@dataclass(frozen=True, slots=True)
class Command:
    """git in one bare repository."""

    directory: Path
    timeout_seconds: float = TIMEOUT_SECONDS

    def run(self, *arguments: str, stdin: bytes = b"", settings: Mapping[str, str] | None = None) -> Outcome:
        """Run `git arguments...` to its end. Raises TimedOutError after `timeout_seconds`."""
        started = self._start(arguments, settings or {})
        process = _process(started)
        try:
            output, complaint = process.communicate(stdin, timeout=self.timeout_seconds)
        except subprocess.TimeoutExpired as error:
            raise TimedOutError(f"git {arguments[0]}: no end after {self.timeout_seconds:g} s") from error
        finally:
            _end(process)
        return Outcome(process.returncode, output, complaint.decode("utf-8", "replace"))

    @contextmanager
    def talk(self, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A running git to ask and listen to. It is killed at the deadline, and on leaving if it still runs."""
        started = self._start(arguments, {})
        process = _process(started)
        alarm = Timer(self.timeout_seconds, _kill, [process])
        alarm.start()
        try:
            yield process
        finally:
            alarm.cancel()
            _end(process)

    def _start(self, arguments: Sequence[str], settings: Mapping[str, str]) -> Git.AutoInterrupt:
        return Git(str(self.directory)).execute(
            ["git", *arguments],
            istream=subprocess.PIPE,
            as_process=True,
            env=self._environment({**_SETTINGS, **settings}),
            # A group of its own, for git leaves the talking to children that would outlive it.
            start_new_session=True,
        )

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        environment = _ROOM | {
            "HOME": str(self.directory),
            "XDG_CONFIG_HOME": str(self.directory),
            "GIT_DIR": str(self.directory),
            "GIT_OBJECT_DIRECTORY": str(self.directory / "objects"),
            "GIT_CONFIG_COUNT": str(len(settings)),
        }
        for index, (name, value) in enumerate(settings.items()):
            environment |= {f"GIT_CONFIG_KEY_{index}": name, f"GIT_CONFIG_VALUE_{index}": value}
        return environment


# Also what a git that runs us, as its hook, would hand down.
_ROOM: dict[str, str] = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_PARAMETERS": "",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
    "GIT_NAMESPACE": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    "GIT_ALLOW_PROTOCOL": "http:https:ssh:file",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
}

# The clone is a cache that is thrown away when it breaks, so nothing waits for the disk, and one small pack an import
# costs less than many loose objects. A push must look for no deltas: over HTTP git always makes a thin pack, and would
# first fetch, one by one, the old files that the clone does not hold. A transfer that stands still is given up early.
_SETTINGS: Mapping[str, str] = {
    "core.hooksPath": os.devnull,
    "core.fsync": "none",
    "credential.helper": "",
    "fastimport.unpackLimit": "1",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "pack.window": "0",
    "pack.useSparse": "true",
    "repack.writeBitmaps": "false",
    "push.gpgSign": "false",
    "push.recurseSubmodules": "no",
    "submodule.recurse": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "60",
}


def _process(started: Git.AutoInterrupt) -> "subprocess.Popen[bytes]":
    """The process itself. GitPython ends it as soon as nobody holds `started`."""
    assert started.proc is not None
    return started.proc


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        _kill(process)
        process.communicate()


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
