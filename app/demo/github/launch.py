"""Starts a simulator as a process of its own and stops it again."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from app.demo.children import Child, spawn
from app.demo.github.client import SimulatedGitHub
from app.demo.ports import free_port, listens, wait_until

START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Registration:
    """The App to register: see `options.Options`."""

    app_id: int
    public_key_file: Path
    webhook_url: str
    webhook_secret: str
    slug: str = "ephemera"
    events: tuple[str, ...] = ()
    """Subscribed events; empty for the default of `options`."""


@dataclass(frozen=True, slots=True)
class RunningGitHub:
    """A simulator that was started here; its log is `root/github.log`, bare repositories are below `root/git`."""

    github: SimulatedGitHub
    root: Path
    child: Child

    @classmethod
    def start(cls, root: Path, registration: Registration, *, port: int | None = None) -> "RunningGitHub":
        """Start a simulator; it answers on return. Raises RuntimeError with its log when it ends instead."""
        root.mkdir(parents=True, exist_ok=True)
        port = port or free_port()
        with (root / "github.log").open("wb") as log:
            child = spawn(command(registration, port, root / "git"), environment(registration), output=log)
        running = cls(SimulatedGitHub(f"http://127.0.0.1:{port}"), root, child)
        wait_until(lambda: listens(port) or not child.is_running, START_SECONDS, f"GitHub on port {port}")
        if not child.is_running:
            running.stop()
            raise RuntimeError(f"starting the simulated GitHub: {(root / 'github.log').read_text()[-2000:]}")
        return running

    def stop(self) -> None:
        """End the simulator. May be called twice."""
        self.github.close()
        self.child.stop()


def command(registration: Registration, port: int, git_root: Path | None = None) -> list[str]:
    """Return the command line; the webhook secret is not in it. Bare repositories lie below `git_root`, if given."""
    words = [sys.executable, "-m", "app.demo.github", f"--port={port}", f"--app-id={registration.app_id}"]
    words += [f"--slug={registration.slug}", f"--public-key-file={registration.public_key_file}"]
    words += [f"--webhook-url={registration.webhook_url}"]
    words += [f"--git-root={git_root}"] if git_root else []
    return words + [f"--event={name}" for name in registration.events]


def environment(registration: Registration) -> dict[str, str]:
    """Return the environment variables in which the command line runs."""
    return {"PATH": os.environ["PATH"], "SIMULATED_GITHUB_WEBHOOK_SECRET": registration.webhook_secret}
