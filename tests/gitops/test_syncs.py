"""The file by which Flux follows an environment: what is in it, and that it comes and goes with the folder."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gitops.change import Change
from gitops.errors import SpecError
from gitops.publish import publish
from gitops.repository import Repository
from gitops.syncs import Sync, divided, sync_path
from tests.gitops.upstream import FOLDER, Upstream, change, followed, unguarded

GOLDEN = Path(__file__).parent / "golden" / "syncs" / "pr-7-shop.yaml"
SYNC = Sync(
    folder=FOLDER,
    number=7,
    url="https://git.example.com/acme/environments.git",
    ref="refs/environments/pr-7-shop",
    secret="environments",
)
NAMESPACE = b'apiVersion: v1\nkind: Namespace\nmetadata: {name: "pr-7-shop"}\n'
PATH = "syncs/main/pr-7-shop.yaml"
OTHER = "environments/main/acme/shop/pr-8-shop"


def put(repository: Repository, *changes: Change) -> list[tuple[str | None, bool, bool]]:
    """Publish, and return (commit, changed, moved) of each."""
    return [(each.commit, each.changed, each.moved) for each in publish(repository, lambda: changes, unguarded)]


def test_file_is_the_reviewed_one(updates_goldens: bool) -> None:
    if updates_goldens:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_bytes(SYNC.render(NAMESPACE))
    assert SYNC.render(NAMESPACE) == GOLDEN.read_bytes()


def test_namespace_lies_beside_the_folder_not_in_it() -> None:
    service = b"apiVersion: v1\nkind: Service\n"
    assert divided({"a.yaml": service, "b.yaml": NAMESPACE}) == (NAMESPACE, {"a.yaml": service})
    *_, last = yaml.safe_load_all(SYNC.render(NAMESPACE))
    assert last == {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pr-7-shop"}}


def test_same_value_gives_the_same_bytes() -> None:
    assert SYNC.render(NAMESPACE) == replace(SYNC).render(NAMESPACE)


def test_source_without_a_secret_names_none() -> None:
    source, _, _ = yaml.safe_load_all(replace(SYNC, secret=None).render(NAMESPACE))
    assert "secretRef" not in source["spec"]


def test_every_string_is_one_whatever_it_looks_like() -> None:
    hostile = replace(SYNC, url='https://x/"\n: {{ é 😀', ref="refs/environments/00e1", secret="0123456")
    source, kustomization, _ = yaml.safe_load_all(hostile.render(NAMESPACE))
    assert source["spec"]["url"] == hostile.url
    assert (source["spec"]["ref"]["name"], source["spec"]["secretRef"]["name"]) == (hostile.ref, hostile.secret)
    assert kustomization["spec"]["sourceRef"] == {"kind": "GitRepository", "name": source["metadata"]["name"]}


@pytest.mark.parametrize(
    "wrong",
    [
        *[{"folder": "environments/main/acme/shop/PR-7"}, {"folder": "environments/../acme/shop/pr-7"}],
        *[{"folder": "bootstrap/main"}, {"number": 0}, {"secret": "a/b"}, {"secret": ""}, {"flux_namespace": "a b"}],
        *[{"interval": "10"}, {"interval": "1h"}],
    ],
)
def test_value_that_no_file_can_be_made_of_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SpecError, match=next(iter(wrong))):
        replace(SYNC, **wrong)  # type: ignore[arg-type]


def test_file_lies_by_cluster_and_name() -> None:
    assert sync_path(FOLDER) == PATH


def test_folder_and_file_come_and_go_in_one_commit(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one", sync="s"))
    assert upstream.git("show", "--format=", "--name-only", "main").splitlines() == [f"{FOLDER}/app.yaml", PATH]
    put(repository, followed(None))
    assert upstream.git("show", "--format=", "--name-only", "main").splitlines() == [f"{FOLDER}/app.yaml", PATH]
    assert list(upstream.files()) == ["README.md"]
    assert upstream.own_refs() == {}


def test_folder_alone_changes_and_the_file_is_left_as_it_is(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one", sync="s"))
    put(repository, followed("two", sync="s"))
    assert upstream.git("show", "--format=", "--name-only", "main") == f"{FOLDER}/app.yaml"


def test_unchanged_means_folder_and_file(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one", sync="s"))
    ((commit, *_),) = put(repository, followed("one", sync="t"))
    assert upstream.git("show", "--format=", "--name-only", "main") == PATH
    put(repository, followed("one", OTHER, sync="o"))
    assert put(repository, followed("one", sync="t")) == [(commit, False, False)]
    assert upstream.own_refs()["pr-7-shop"] == commit


def test_file_taken_away_by_hand_is_put_back(repository: Repository, upstream: Upstream) -> None:
    put(repository, followed("one", sync="s"))
    upstream.human_removes(PATH)
    assert put(repository, followed("one", sync="s")) == [(upstream.head(), True, True)]
    assert upstream.files("syncs") == {PATH: "s"}


@pytest.mark.parametrize("content", ["one", None], ids=["kept", "removed"])
def test_file_and_ref_of_another_syncer_go_once_the_environment_follows_the_branch(
    repository: Repository, upstream: Upstream, content: str | None
) -> None:
    put(repository, followed("one", sync="s"), followed("two", OTHER, sync="o"))
    ((commit, changed, moved),) = put(repository, change(content))
    assert (commit, changed, moved) == (upstream.head(), True, True)
    assert list(upstream.files("syncs")) == ["syncs/main/pr-8-shop.yaml"]
    assert list(upstream.own_refs()) == ["pr-8-shop"]
    assert put(repository, change(content)) == [(commit, False, False)]


@pytest.mark.parametrize("there", [f"{PATH}/x", "syncs/main", "syncs"])
def test_whatever_lies_in_the_way_of_the_file_makes_room(
    repository: Repository, upstream: Upstream, there: str
) -> None:
    upstream.human_pushes(there, "in the way")
    put(repository, followed("one", sync="s"))
    assert upstream.files("syncs") == {PATH: "s"}


def test_link_in_place_of_the_folder_is_replaced(repository: Repository, upstream: Upstream) -> None:
    upstream.human_links(FOLDER, "README.md")
    put(repository, followed("one", sync="s"))
    assert upstream.files(FOLDER) == {f"{FOLDER}/app.yaml": "one"}


def test_file_that_follows_no_environment_is_refused() -> None:
    with pytest.raises(ValueError, match="where there is no environment"):
        followed(None, sync="s")
