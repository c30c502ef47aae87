"""The import contracts hold, and each of them breaks when somebody offends it."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# {contract: the imports that offend it, as (file, module it would import)}
OFFENCES = {
    "layers": [
        ("app/errors.py", "app.domain"),
        ("app/domain/offender.py", "app.ports"),
        ("app/ports.py", "app.store"),
        ("app/texts/offender.py", "app.ports"),
        ("app/store/offender.py", "app.stages"),
        ("app/store/offender.py", "app.github"),
        ("app/stages/offender.py", "app.web"),
        ("app/web/offender.py", "app.stages"),
        ("app/stages/offender.py", "app.wiring"),
        ("app/wiring.py", "app.jobs"),
    ],
    "gitops": [("gitops/offender.py", "app.errors")],
    "domain": [
        ("app/domain/offender.py", "sqlalchemy"),
        ("app/domain/offender.py", "time"),
        ("app/domain/offender.py", "gitops.render"),
    ],
    "web": [
        ("app/web/offender.py", "app.stages"),
        ("app/web/offender.py", "app.github"),
        ("app/web/offender.py", "redis"),
    ],
    "stages": [("app/stages/offender.py", "app.cluster"), ("app/stages/offender.py", "sqlalchemy")],
    "wiring": [("app/jobs.py", "app.github"), ("app/cli.py", "app.cluster"), ("app/factory.py", "app.bell")],
    "demo": [("app/cli.py", "app.demo"), ("app/wiring.py", "app.demo.git_host")],
}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the two packages and the project file, to be offended."""
    copy = tmp_path_factory.mktemp("contracts")
    for package in ("app", "gitops"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def test_every_contract_holds() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("contract", OFFENCES)
def test_contract_breaks_on_each_offence(copied: Path, contract: str) -> None:
    with ExitStack() as taken_back:
        for file, imported in OFFENCES[contract]:
            taken_back.enter_context(offence(copied / file, f"import {imported}"))
        done = lint_imports(copied, "--contract", contract)
    assert done.returncode == 1, done.stdout
    expected = [
        f"{file.removesuffix('.py').replace('/', '.')} -> {imported} (l." for file, imported in OFFENCES[contract]
    ]
    assert [words for words in expected if words not in done.stdout] == [], done.stdout


def test_every_contract_is_offended_here() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["id"] for contract in contracts} == set(OFFENCES)


def test_module_without_a_place_is_noticed(copied: Path) -> None:
    with offence(copied / "app" / "somewhere_new.py", ""):
        done = lint_imports(copied, "--contract", "layers")
    assert done.returncode == 1
    assert "app.somewhere_new" in done.stdout


@contextmanager
def offence(file: Path, line: str) -> Iterator[None]:
    """Have the file say the line as well, and take it back."""
    before = file.read_text() if file.exists() else None
    file.write_text(f"{before or ''}\n{line}\n")
    yield
    if before is None:
        file.unlink()
    else:
        file.write_text(before)


def lint_imports(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages of a folder."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache", *arguments]
    environment = os.environ | {"PYTHONPATH": str(root), "COLUMNS": "200"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
