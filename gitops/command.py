"""Runs git, through GitPython's command object, in a room of its own.

No hooks, no prompts, no system or user configuration, and a deadline that also ends git's own children. What belongs
to a pull request goes in through standard input, and secrets through the environment: arguments are seen by everybody
on the machine.
"""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

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
        process = Git(str(self.directory)).execute(
            ["git", *arguments],
            istream=subprocess.PIPE,
            as_process=True,
            env=self._environment({**_SETTINGS, **(settings or {})}),
            # A group of its own, for git leaves the talking to children that would outlive it.
            start_new_session=True,
        )
        try:
            output, complaint = process.communicate(stdin, timeout=self.timeout_seconds)
        except subprocess.TimeoutExpired as error:
            raise TimedOutError(f"git {arguments[0]}: no end after {self.timeout_seconds:g} s") from error
        finally:
            _end(process.proc)
        return Outcome(process.returncode, output, complaint.decode("utf-8", "replace"))

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
    "push.gpgSign": "false",
    "push.recurseSubmodules": "no",
    "submodule.recurse": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "60",
}


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None and process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
