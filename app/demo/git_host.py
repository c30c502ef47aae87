"""A client of the Git server in `git_server`: repositories, faults, and how a Git program signs in to it."""

import base64
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from app.demo.children import Child, spawn
from app.demo.git_faults import Fault
from app.demo.ports import free_port, listens, wait_until

_START_SECONDS = 10.0
_ANSWER_SECONDS = 10.0
_USERNAME = "ephemera"


class GitHostFailed(Exception):
    """The Git server did not start, or refused a command."""


@dataclass(frozen=True, slots=True)
class GitRequest:
    """A request of Git's that the server answered; `service` is `git-receive-pack` for a push."""

    method: str
    path: str
    service: str
    status: int

    @property
    def is_push(self) -> bool:
        """Tell whether this request did the work of a push, not the listing of references before it."""
        return self.method == "POST" and self.service == "git-receive-pack"


@dataclass(frozen=True, slots=True)
class GitHostState:
    """How many requests are held right now, and all that were answered, in order."""

    held: int
    requests: tuple[GitRequest, ...]


@dataclass(frozen=True, slots=True)
class GitHost:
    """A Git server at `url` (no slash at the end), whoever runs it."""

    url: str
    username: str
    password: str

    def create(self, name: str, *, readme: bool = False) -> str:
        """Create `owner/name`, empty or with a README commit on `main`, unless it exists; return its URL."""
        self._ask("POST", "repositories", {"name": name, "readme": readme})
        return self.repository_url(name)

    def repository_url(self, name: str) -> str:
        """Return the URL of `owner/name`, without credentials."""
        return f"{self.url}/{name}.git"

    def fail(self, fault: Fault) -> None:
        """Put a fault in force until `heal`, or until it has happened as often as it says."""
        self._ask("POST", "faults", fault.to_json())

    def heal(self) -> None:
        """End all faults and let go of what is held."""
        self._ask("DELETE", "faults")

    def state(self) -> GitHostState:
        """Return what is held and what was answered."""
        state = self._ask("GET", "state")
        return GitHostState(state["held"], tuple(GitRequest(**request) for request in state["requests"]))

    def client_environment(self) -> dict[str, str]:
        """Return what a Git program needs in its environment to sign in, without prompt or configuration."""
        token = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{self.url}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {token}",
        }

    def _ask(self, method: str, path: str, fields: dict[str, object] | None = None) -> dict[str, Any]:
        answer = requests.request(
            method,
            f"{self.url}/_sim/{path}",
            json=fields or {},
            auth=(self.username, self.password),
            timeout=_ANSWER_SECONDS,
        )
        state: dict[str, Any] = answer.json()
        if answer.status_code != 200:
            raise GitHostFailed(f"{method} {path} at {self.url}: {state['error']}")
        return state


@dataclass(frozen=True, slots=True)
class HostedGit(GitHost):
    """A Git server that is part of something else, which knows of its faults and its requests itself."""

    def heal(self) -> None:
        """Nothing: its faults end with those of what it is part of."""


@dataclass(slots=True)
class RunningGitHost:
    """A Git server that was started here: the repositories lie below `root`, its log is `root/server.log`."""

    host: GitHost
    root: Path
    _child: Child

    @classmethod
    def start(cls, root: Path, *, port: int | None = None) -> "RunningGitHost":
        """Start a server for the repositories below `root`; it answers on return. Raises GitHostFailed."""
        root.mkdir(parents=True, exist_ok=True)
        port = port or free_port()
        host = GitHost(f"http://127.0.0.1:{port}", _USERNAME, secrets.token_urlsafe(24))
        running = cls(host, root, _launch(host, root, port))
        wait_until(lambda: listens(port) or not running._child.is_running, _START_SECONDS, f"Git on port {port}")
        if not running._child.is_running:
            running.stop()
            raise GitHostFailed(f"starting Git in {root}: {(root / 'server.log').read_text()[-2000:]}")
        return running

    def stop(self) -> None:
        """End the server and what it runs. May be called twice."""
        self._child.stop()


def server_environment(host: GitHost) -> dict[str, str]:
    """Return the environment in which `python -m app.demo.git_server` serves as `host`."""
    return {
        "PATH": os.environ["PATH"],
        "GIT_SERVER_USERNAME": host.username,
        "GIT_SERVER_PASSWORD": host.password,
    }


def _launch(host: GitHost, root: Path, port: int) -> Child:
    command = [sys.executable, "-m", "app.demo.git_server", "--root", str(root), "--port", str(port)]
    with (root / "server.log").open("wb") as log:
        return spawn(command, server_environment(host), output=log)
