"""One process of the stack: its command, and how to tell that it is ready."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import requests

_ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Component:
    """A program and its arguments; ready once `ready_url` answers 200, at once where there is none."""

    name: str
    program: Path
    arguments: tuple[str, ...]
    ready_url: str | None = None

    @property
    def command(self) -> str:
        """The line of a Procfile."""
        return shlex.join([str(self.program), *self.arguments])

    def is_ready(self, authority: Path) -> bool:
        """Ask it; the certificate of an https address is to be signed by `authority`."""
        if self.ready_url is None:
            return True
        try:
            with requests.Session() as session:
                # A proxy of the surroundings is not for loopback.
                session.trust_env = False
                return session.get(self.ready_url, timeout=_ANSWER_SECONDS, verify=str(authority)).status_code == 200
        except requests.RequestException:
            return False
