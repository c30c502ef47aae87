"""Our own stages say which pods fail, and the page beside them says the same."""

import re
from pathlib import Path

import pytest

from app.demo.real import kwok
from app.demo.real.manifests import Json, read_folder
from app.demo.real.tools import Tools

FOLDER = Path(kwok.__file__).with_name("stages")
STAGES = read_folder(FOLDER)


def names_of_faults() -> set[str]:
    values = [
        value
        for stage in STAGES
        for expression in stage["spec"]["selector"]["matchExpressions"]
        if "splits" in expression["key"]
        for value in expression["values"]
    ]
    return set(values)


def test_every_fault_is_on_the_page_and_nothing_else_is() -> None:
    assert set(re.findall(r"^\| `([a-z-]+)` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)) == names_of_faults()


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage["metadata"]["name"])
def test_a_stage_of_ours_is_for_living_pods_and_outweighs_the_fast_ones(stage: Json) -> None:
    spec = stage["spec"]
    assert spec["resourceRef"] == {"apiGroup": "v1", "kind": "Pod"}
    assert {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"} in spec["selector"]["matchExpressions"]
    assert spec["weight"] == 1


def test_stages_have_names_of_their_own() -> None:
    names = [stage["metadata"]["name"] for stage in STAGES]
    assert len(set(names)) == len(names)


def test_the_stages_of_the_module_come_before_ours_without_what_is_no_stage(tmp_path: Path) -> None:
    folder = tmp_path / "kustomize" / "stage" / "volume" / "fast"
    folder.mkdir(parents=True)
    (folder / "bind.yaml").write_text("kind: Stage\nmetadata: {name: theirs}\n")
    (folder / "class.yaml").write_text("kind: StorageClass\nmetadata: {name: volumes}\n")
    (folder / "kustomization.yaml").write_text("kind: Kustomization\nresources: []\n")
    tools = Tools({}, {"kwok": tmp_path})
    assert [stage["metadata"]["name"] for stage in kwok.stages(tools)][:2] == ["theirs", STAGES[0]["metadata"]["name"]]
    assert kwok.storage_class(tools)["metadata"]["name"] == "volumes"


def test_nodes_have_room_for_what_environments_ask_for() -> None:
    # Without ephemeral storage among it, no pod that requests some is ever placed.
    assert all("ephemeral-storage" in node["status"]["allocatable"] for node in kwok.nodes())
