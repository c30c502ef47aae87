"""The import contracts hold, and each of them breaks when somebody offends it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# (contract, file that offends, the import it would write)
OFFENCES = [
    ("layers", "app/errors.py", "import app.domain"),
    ("layers", "app/domain/offender.py", "import app.ports"),
    ("layers", "app/ports.py", "import app.store"),
    ("layers", "app/store/offender.py", "import app.stages"),
    ("layers", "app/store/offender.py", "import app.github"),
    ("layers", "app/stages/offender.py", "import app.web"),
    ("layers", "app/web/offender.py", "import app.stages"),
    ("layers", "app/stages/offender.py", "import app.wiring"),
    ("layers", "app/wiring.py", "import app.jobs"),
    ("gitops", "gitops/offender.py", "import app.errors"),
    ("domain", "app/domain/offender.py", "import sqlalchemy"),
    ("domain", "app/domain/offender.py", "import time"),
    ("domain", "app/domain/offender.py", "import gitops.render"),
    ("web", "app/web/offender.py", "import app.stages"),
    ("web", "app/web/offender.py", "import app.github"),
    ("web", "app/web/offender.py", "import redis"),
    ("stages", "app/stages/offender.py", "import app.cluster"),
    ("stages", "app/stages/offender.py", "import sqlalchemy"),
    ("wiring", "app/jobs.py", "import app.github"),
    ("wiring", "app/cli.py", "import app.cluster"),
    ("wiring", "app/factory.py", "import app.bell"),
    ("demo", "app/cli.py", "import app.demo"),
    ("demo", "app/wiring.py", "import app.demo.git_host"),
]


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


@pytest.mark.parametrize(("contract", "file", "line"), OFFENCES)
def test_contract_breaks_on_an_offence(copied: Path, contract: str, file: str, line: str) -> None:
    with offence(copied / file, line):
        done = lint_imports(copied, "--contract", contract)
    assert done.returncode == 1, done.stdout
    importer = file.removesuffix(".py").replace("/", ".")
    imported = line.removeprefix("import ")
    assert f"{importer} -> {imported} (l." in done.stdout, done.stdout


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
