"""What must be true of the files themselves."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
# Written in two halves, so that this file does not find itself.
REGISTRY_HOSTS = ["py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs.org", "registry." + "yarnpkg.com"]
DEMO = ROOT / "app" / "demo"


def tracked_files() -> list[Path]:
    """Return the files of the repository, also those not yet added, but none that Git ignores."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def product_files() -> list[Path]:
    """Return what runs in production: the code outside app/demo, and the templates."""
    files = [file for file in tracked_files() if file.relative_to(ROOT).parts[0] in ("app", "gitops", "templates")]
    return [file for file in files if not file.is_relative_to(DEMO)]


def test_product_does_not_know_that_simulators_exist() -> None:
    telling = re.compile(r"_sim\b|/_sim|simulat|app\.demo", re.IGNORECASE)
    assert [str(file) for file in product_files() if telling.search(file.read_text())] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_requirement_is_pinned_and_hashed(lock: Path) -> None:
    requirements = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", lock.read_text()).strip())
    careless = [text for text in requirements if "==" not in text or "--hash=sha256:" not in text]
    assert requirements
    assert careless == []


def test_no_file_names_a_package_registry() -> None:
    naming = [str(file) for file in tracked_files() for host in REGISTRY_HOSTS if host.encode() in file.read_bytes()]
    assert naming == []


def test_make_alone_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = {name for line in re.findall(r"(?m)^\.PHONY:(.*)$", text) for name in line.split()}
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in listed.splitlines() if line.startswith("  make ")} == targets


def test_continuous_integration_runs_make_test_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["exec make test"]


def test_importing_the_product_starts_nothing() -> None:
    """Import every module with an audit hook on: no connection, no process, no thread, no file written."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", IMPORT_EVERYTHING], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


IMPORT_EVERYTHING = """
import importlib, pkgutil, sys, threading

FORBIDDEN = {"socket.connect", "socket.bind", "subprocess.Popen", "os.posix_spawn", "os.system"}

def hook(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    # GitPython asks for Git's version when it is imported; that is not ours to change.
    asks_version = event == "subprocess.Popen" and arguments[1] == ["git", "version"]
    if (event in FORBIDDEN and not asks_version) or writes:
        raise RuntimeError(f"{event} at import: {arguments}")

sys.addaudithook(hook)
for package in (importlib.import_module("app"), importlib.import_module("gitops")):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        # Alembic's scripts run by being imported; gunicorn and rq start by importing what is theirs.
        starts = ".migrations" in module.name or module.name in {"app.wsgi", "app.worker"}
        if not starts and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
assert threading.active_count() == 1, threading.enumerate()
"""
