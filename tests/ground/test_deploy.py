"""The manifests that connect a cluster: usable, and no more than Ephemera needs."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from app.cluster.resources import WATCHED

DEPLOY = Path(__file__).parents[2] / "deploy"


def documents(name: str) -> list[dict[str, Any]]:
    """The objects of one file."""
    return list(yaml.safe_load_all((DEPLOY / name).read_text()))


@pytest.mark.parametrize("manifest", documents("rbac.yaml"), ids=lambda manifest: manifest["kind"])
def test_kubernetes_takes_the_rights(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, "1.37", strict=True)


def test_rights_are_to_read_what_is_watched_and_to_wake_the_syncer() -> None:
    rules = next(each["rules"] for each in documents("rbac.yaml") if each["kind"] == "ClusterRole")
    granted = {
        f"{resource}.{group}".rstrip("."): set(rule["verbs"])
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    watched = {resource.name for resource in WATCHED}
    assert {name for name, verbs in granted.items() if "watch" in verbs} == watched
    assert all(verbs <= {"get", "list", "watch"} for name, verbs in granted.items() if name in watched)
    assert all(verbs == {"get", "list", "patch"} for name, verbs in granted.items() if name not in watched)


def test_each_syncer_names_one_repository_throughout() -> None:
    for name, count in (("argocd.yaml", 3), ("flux.yaml", 1)):
        assert (DEPLOY / name).read_text().count("https://github.com/your-organization/environments") == count
