"""Ephemera's own processes, those of the Procfile, with settings and nothing else."""

from collections.abc import Mapping
from pathlib import Path

import requests

from app.demo.ports import wait_until
from app.demo.processes import Processes, read_procfile

PROJECT = Path(__file__).parents[2]
_START_SECONDS = 60.0


def processes(settings: Mapping[str, str], logs: Path | None) -> Processes:
    """The Procfile's processes, not yet started; each is started again when it dies."""
    commands = read_procfile((PROJECT / "Procfile").read_text())
    return Processes(commands, settings, logs=logs, directory=PROJECT)


def await_ready(url: str) -> None:
    """Return when the web process says that it is ready. Raises TimeoutError."""
    wait_until(lambda: is_ready(url), _START_SECONDS, f"{url}/readyz to answer 200")


def is_ready(url: str) -> bool:
    """The web process says that it is ready."""
    try:
        return requests.get(f"{url}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def last_lines(logs: Path, count: int = 12) -> str:
    """The end of every log, for whoever has to find out why."""
    tails = []
    for log in sorted(logs.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-count:]
        tails.append("\n".join([f"== {log.name}", *lines]))
    return "\n".join(tails)
