"""Programs that are not there: scripts which say what they are told to, in the folders where the real ones would be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.demo.real.recipe import Go, Program, Recipes

Fake = Callable[[Path, str, str], Path]


@pytest.fixture
def fake() -> Fake:
    """Give a function that writes an executable `name` which prints a line, whatever its arguments."""

    def write(folder: Path, name: str, line: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(f"#!/bin/sh\necho '{line}'\n")
        path.chmod(0o755)
        return path

    return write


@pytest.fixture
def etcd() -> Program:
    """Give a program of one binary, without files of its module."""
    return Program("etcd", "example.com/etcd", "v3.7.3", "h1:x", {"etcd": "."}, version_flags=("--version",))


@pytest.fixture
def recipes(etcd: Program) -> Recipes:
    """Give recipes of a program without, and of one with files."""
    kwok = Program("kwok", "example.com/kwok", "v0.8.0", "h1:y", {"kwok": "cmd/kwok"}, files=("kustomize",))
    return Recipes(Go("1.0", ()), (etcd, kwok))
