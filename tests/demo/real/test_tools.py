"""Where the programs are looked for, and what is said when they are not there."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.demo.real.recipe import Program, Recipes
from app.demo.real.tools import ToolsMissing, cache_directory, find
from tests.demo.real.conftest import Fake


@pytest.fixture(autouse=True)
def nothing_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine have none of the programs: an empty cache, no assets, a PATH with the shell's own."""
    monkeypatch.setenv("EPHEMERA_TOOLS", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")


@pytest.fixture
def only_etcd(recipes: Recipes, etcd: Program) -> Recipes:
    """Give recipes of one program."""
    return replace(recipes, programs=(etcd,))


def test_what_is_missing_is_named_with_how_to_get_it(recipes: Recipes) -> None:
    with pytest.raises(ToolsMissing, match=r"lacks etcd, kwok, files of kwok; .*make e2e-tools"):
        find(recipes)


def test_a_program_built_into_the_cache_is_found(only_etcd: Recipes, etcd: Program, fake: Fake) -> None:
    built = fake(cache_directory() / etcd.key / "bin", "etcd", "built")
    assert find(only_etcd).binaries == {"etcd": built}


def test_one_built_for_another_version_is_not(only_etcd: Recipes, etcd: Program, fake: Fake) -> None:
    fake(cache_directory() / replace(etcd, version="v3.7.2").key / "bin", "etcd", "built")
    with pytest.raises(ToolsMissing):
        find(only_etcd)


def test_files_of_a_module_are_found_beside_its_program(recipes: Recipes, fake: Fake) -> None:
    for program in recipes.programs:
        for name in program.binaries:
            fake(cache_directory() / program.key / "bin", name, "built")
    kwok = recipes.programs[1]
    assert find(recipes).files["kwok"] == cache_directory() / kwok.key / "files"


def test_an_asset_of_envtest_is_taken_whatever_its_version(
    only_etcd: Recipes, fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = fake(tmp_path / "assets", "etcd", "etcd Version: 3.5.0")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    assert find(only_etcd).binaries == {"etcd": asset}


def test_a_program_on_the_path_is_taken_at_the_same_minor_version(
    only_etcd: Recipes, fake: Fake, tmp_path: Path
) -> None:
    on_path = fake(tmp_path / "path", "etcd", "etcd Version: 3.7.9")
    assert find(only_etcd).binaries == {"etcd": on_path}


@pytest.mark.parametrize("said", ["etcd Version: 3.4.30", "etcd Version: 3.70.1", "no idea"])
def test_a_program_on_the_path_of_another_minor_version_is_refused(
    only_etcd: Recipes, fake: Fake, tmp_path: Path, said: str
) -> None:
    fake(tmp_path / "path", "etcd", said)
    with pytest.raises(ToolsMissing, match=r"lacks etcd \(.*/path/etcd is not 3.7\)"):
        find(only_etcd)


def test_a_program_on_the_path_that_cannot_be_run_is_refused(only_etcd: Recipes, fake: Fake, tmp_path: Path) -> None:
    fake(tmp_path / "path", "etcd", "x").write_text("#!/nowhere/interpreter\n")
    with pytest.raises(ToolsMissing, match="etcd"):
        find(only_etcd)


def test_the_cache_lies_with_the_users_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EPHEMERA_TOOLS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "ephemera" / "tools"
