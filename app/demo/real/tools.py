"""Where the programs of the real stack are: given by the machine, or built into a cache outside the checkout."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.demo.real.build import Compiler, Progress
from app.demo.real.recipe import Program, Recipes

HOW_TO_BUILD = "build them once, in about 20 minutes on two cores: make e2e-tools"
_ASSETS = "KUBEBUILDER_ASSETS"
_SECONDS_BETWEEN_LINES = 15.0


class ToolsMissing(RuntimeError):
    """Programs of the real stack are not on this machine: which, and how to get them."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The programs and what belongs to them."""

    binaries: Mapping[str, Path]
    """{name: executable}."""
    files: Mapping[str, Path]
    """{program: the folder that holds its module's files}."""


def cache_directory() -> Path:
    """`EPHEMERA_TOOLS`, else a folder of the user's cache."""
    given = os.environ.get("EPHEMERA_TOOLS")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(given).expanduser() if given else base / "ephemera" / "tools"


def find(recipes: Recipes | None = None) -> Tools:
    """The tools as they are on this machine. Raises ToolsMissing."""
    recipes = recipes or Recipes.load()
    cache = cache_directory()
    binaries = {name: path for program in recipes.programs for name, path in _present(program, cache).items()}
    wanted = [name for program in recipes.programs for name in program.binaries]
    folderless = [program.name for program in recipes.programs if program.files and not (cache / program.key).exists()]
    if missing := [*(name for name in wanted if name not in binaries), *(f"files of {name}" for name in folderless)]:
        refused = [
            f"{path} is not {program.minor_version}"
            for program in recipes.programs
            for name in program.binaries
            if name in missing and (path := shutil.which(name)) is not None
        ]
        why = f" ({', '.join(refused)})" if refused else ""
        raise ToolsMissing(f"the real stack lacks {', '.join(missing)}{why}; {HOW_TO_BUILD}")
    return Tools(binaries, {program.name: cache / program.key / "files" for program in recipes.programs})


def make(say: Callable[[str], None] = print) -> Tools:
    """Build what is missing and return everything; says how far it is. Raises BuildError."""
    recipes = Recipes.load()
    cache = cache_directory()
    missing = [program for program in recipes.programs if _is_to_build(program, cache)]
    if missing:
        cache.mkdir(parents=True, exist_ok=True)
        compiler = Compiler.install(recipes.go, cache)
        for number, program in enumerate(missing, start=1):
            what = f"{program.name} {program.version} ({number} of {len(missing)})"
            say(f"building {what}")
            only = [name for name in program.binaries if name not in _given(program)]
            compiler.build(program, cache / program.key, only, _told(what, say))
        compiler.forget()
    tools = find(recipes)
    for name, path in tools.binaries.items():
        say(f"{name:<24} {path}")
    return tools


def _is_to_build(program: Program, cache: Path) -> bool:
    is_lacking = _present(program, cache).keys() != program.binaries.keys()
    return is_lacking or (bool(program.files) and not (cache / program.key).exists())


def _present(program: Program, cache: Path) -> dict[str, Path]:
    built = {name: cache / program.key / "bin" / name for name in program.binaries}
    return {name: path for name, path in built.items() if path.exists()} | _given(program)


def _given(program: Program) -> dict[str, Path]:
    """What the machine itself has: in the folder that envtest uses, whatever its version; on PATH, of our minor one."""
    assets = os.environ.get(_ASSETS)
    found = {}
    for name in program.binaries:
        asset = Path(assets) / name if assets else None
        on_path = shutil.which(name)
        if asset is not None and asset.exists():
            found[name] = asset
        elif on_path is not None and _is_ours(program, on_path):
            found[name] = Path(on_path)
    return found


def _is_ours(program: Program, path: str) -> bool:
    if not program.version_flags:
        return True
    try:
        done = subprocess.run([path, *program.version_flags], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return re.search(rf"\bv?{re.escape(program.minor_version)}\.", done.stdout + done.stderr) is not None


def _told(what: str, say: Callable[[str], None]) -> Progress:
    """Tells how far a build is: in place on a terminal, a line now and then elsewhere."""
    started = said = time.monotonic()

    def tell(compiled: int, total: int) -> None:
        nonlocal said
        now = time.monotonic()
        if sys.stderr.isatty():
            print(f"\r  {compiled} of {total} packages, {now - started:.0f} s ", end="", file=sys.stderr, flush=True)
        elif now - said >= _SECONDS_BETWEEN_LINES:
            said = now
            say(f"  {what}: {compiled} of {total} packages, {now - started:.0f} s")

    return tell
