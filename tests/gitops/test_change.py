"""A change names one environment's folder and plain files in it, and nothing else."""

import pytest

from gitops.change import Change, Person
from tests.gitops.upstream import FOLDER, change, followed


@pytest.mark.parametrize(
    "folder",
    [
        "apps/prod",
        "environments/main/acme/shop",
        "environments/main/acme/../../apps",
        "environments/main/acme/.git/hooks",
        "environments/main/acme/.GIT/hooks",
        "environments/main/acme/shop/a\nb",
        'environments/main/acme/shop/"a"',
        "environments/main/acme//pr-7",
        "environments/Main/acme/shop/pr-7",
        "environments/main/acme/shop/pr.7",
        "environments/main/acme/shop/pr-7.lock",
        "bootstrap",
        "bootstrap/",
        "bootstrap/..",
        "bootstrap/main/deep",
        "syncs/main",
        "/environments/main/acme/shop/pr-7",
    ],
)
def test_folder_that_is_no_environments_folder_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="folder"):
        change("one", folder)


@pytest.mark.parametrize("name", ["", ".", "..", ".git", "a/b", "a\nb", '"a"', "a b"])
def test_file_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="file name"):
        Change(FOLDER, {name: b""}, "Update", (), Person("Ada", "ada@example.com"))


def test_folder_that_connects_a_cluster_has_neither_ref_nor_file_beside_it() -> None:
    assert change("one", "bootstrap/main").sync_path is None
    with pytest.raises(ValueError, match="no environment"):
        followed("one", "bootstrap/main")
    with pytest.raises(ValueError, match="no environment"):
        followed("one", "bootstrap/main", sync="s", follows_ref=False)
