"""What `tools.toml` says, and that nothing else says it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from app.demo.real.recipe import Program, Recipes

ROOT = Path(__file__).parents[3]
RECIPES = Recipes.load()


def test_the_recipes_name_every_program_of_the_stack() -> None:
    binaries = {name for program in RECIPES.programs for name in program.binaries}
    assert binaries == {
        *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok"),
        *("argocd", "source-controller", "kustomize-controller"),
    }


@pytest.mark.parametrize("program", RECIPES.programs, ids=lambda program: program.name)
def test_a_program_is_pinned_to_a_version_and_its_hash(program: Program) -> None:
    assert re.fullmatch(r"v\d+\.\d+\.\d+", program.version)
    assert re.fullmatch(r"h1:[A-Za-z0-9+/]{43}=", program.sum)


def test_the_compiler_is_pinned_to_its_wheels() -> None:
    assert RECIPES.go.sha256
    assert all(re.fullmatch(r"[0-9a-f]{64}", sha) for sha in RECIPES.go.sha256)


@pytest.mark.parametrize("program", RECIPES.programs, ids=lambda program: program.name)
def test_a_version_stands_in_one_place(program: Program) -> None:
    code = [*(ROOT / "app" / "demo" / "real").rglob("*.py"), ROOT / "Makefile"]
    used = re.compile(rf"""["'=@-]{re.escape(program.version)}""")
    assert [path for path in code if used.search(path.read_text())] == []


def test_the_folder_in_the_cache_is_another_for_another_version_or_another_way_to_build(etcd: Program) -> None:
    others = [
        replace(etcd, version="v3.7.4"),
        replace(etcd, sum="h1:z"),
        replace(etcd, replaces={"example.com/a": "v1.0.0"}),
        replace(etcd, files=("README.md",)),
    ]
    assert len({program.key for program in [etcd, *others]}) == 5
    assert etcd.key == replace(etcd).key


def test_a_minor_version_is_what_may_differ_in_its_last_part_only(etcd: Program) -> None:
    assert etcd.minor_version == "3.7"
