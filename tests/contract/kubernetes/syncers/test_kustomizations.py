"""Flux: what a Kustomization and its GitRepository say, field by field, of what Ephemera reads."""

import pytest

from tests.contract.kubernetes.api import Json
from tests.contract.kubernetes.place import condition
from tests.contract.kubernetes.syncers import roots
from tests.contract.kubernetes.syncers.repository import folder, ref
from tests.contract.kubernetes.syncers.story import Story

pytestmark = pytest.mark.parametrize("syncer", ["flux"], indirect=True, scope="session")
_LABELS = "kustomize.toolkit.fluxcd.io"


def _source_path(story: Story) -> str:
    return f"/apis/source.toolkit.fluxcd.io/v1/namespaces/{roots.FLUX}/gitrepositories/{story.name}"


def _ready(item: Json) -> tuple[str, str]:
    found = condition(item, "Ready")
    return found["status"], found["reason"]


def test_an_applied_kustomization_names_the_commit_and_what_it_applied(story: Story) -> None:
    commit = story.commit(story.namespace(), story.config_map("box"), story.deployment())
    item = story.await_applied(commit)
    revision = f"{ref(story.name)}@sha1:{commit}"
    status = item["status"]
    assert status["lastAppliedRevision"] == status["lastAttemptedRevision"] == revision
    assert status["observedGeneration"] == item["metadata"]["generation"]
    assert _ready(item) == ("True", "ReconciliationSucceeded")
    assert condition(item, "Ready")["message"] == f"Applied revision: {revision}"
    assert condition(item, "Ready")["observedGeneration"] == item["metadata"]["generation"]
    assert status["inventory"]["entries"] == [
        {"id": f"_{story.name}__Namespace", "v": "v1"},
        {"id": f"{story.name}_box__ConfigMap", "v": "v1"},
        {"id": f"{story.name}_web_apps_Deployment", "v": "v1"},
    ]
    assert item["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]


def test_what_is_applied_bears_the_name_of_its_kustomization(story: Story) -> None:
    item = story.open(story.config_map("box"))
    labels = story.api.get(f"{story.place.maps}/box")["metadata"]["labels"]
    assert labels == {f"{_LABELS}/name": story.name, f"{_LABELS}/namespace": roots.FLUX}
    own = item["metadata"]["labels"]
    assert own == {f"{_LABELS}/name": roots.ROOT, f"{_LABELS}/namespace": roots.FLUX}, "it is applied by the root"


def test_its_source_stores_the_commit_of_its_own_ref(story: Story) -> None:
    commit = story.commit(story.namespace())
    story.await_applied(commit)
    source = story.api.get(_source_path(story))
    assert source["status"]["artifact"]["revision"] == f"{ref(story.name)}@sha1:{commit}"
    assert source["status"]["observedGeneration"] == source["metadata"]["generation"]
    assert _ready(source) == ("True", "Succeeded")
    assert condition(source, "ArtifactInStorage")["status"] == "True"
    stored = f"stored artifact for revision '{ref(story.name)}@sha1:{commit}'"
    assert condition(source, "Ready")["message"] == stored
    assert source["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]


def test_a_poke_is_acknowledged(story: Story) -> None:
    story.open()
    story.follower.poke(story.name)
    asked = story.api.get(_source_path(story))["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"]
    for path in (_source_path(story), story.path):
        story.api.wait_for(path, lambda item: item["status"].get("lastHandledReconcileAt") == asked)


def test_a_ref_that_is_missing_fails_its_source_alone(story: Story) -> None:
    path = _source_path(story)
    story.api.create(path.rpartition("/")[0], roots.environment_source(story.api.target, story.name))
    failed = story.api.wait_for(path, lambda item: bool(condition(item, "FetchFailed")))
    assert _ready(failed) == ("False", "GitOperationFailed")
    assert condition(failed, "FetchFailed")["status"] == "True"
    assert "artifact" not in failed["status"]
    story.api.delete(path)
    story.api.wait_gone(path)


def test_a_refused_object_keeps_back_all_but_the_namespace(story: Story) -> None:
    commit = story.commit(story.namespace(), story.config_map("box"), story.refused())
    failed = story.await_failed(commit)
    assert _ready(failed) == ("False", "ReconciliationFailed")
    place = f"Deployment/{story.name}/web dry-run failed (Invalid): "
    assert condition(failed, "Ready")["message"].startswith(f'{place}Deployment.apps "web" is invalid: spec.template')
    assert condition(failed, "Reconciling")["reason"] == "ProgressingWithRetry"
    assert failed["status"]["lastAttemptedRevision"].endswith(commit)
    assert "lastAppliedRevision" not in failed["status"]
    assert failed["status"]["observedGeneration"] == -1, "what it could not do it has not observed"
    assert story.api.find(story.place.path) is not None
    assert story.api.find(f"{story.place.maps}/box") is None


@pytest.mark.slow
def test_a_failed_commit_is_tried_again_until_it_can_be_applied(story: Story) -> None:
    claim = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "late", "namespace": f"{story.name}-more"}}
    commit = story.commit(story.namespace(), claim)
    failed = story.await_failed(commit)
    assert f"ConfigMap/{story.name}-more/late" in condition(failed, "Ready")["message"]
    story.api.create("/api/v1/namespaces", {"metadata": {"name": f"{story.name}-more"}})
    story.await_applied(commit)
    story.api.delete(f"/api/v1/namespaces/{story.name}-more")


def test_a_later_failure_keeps_what_was_applied_and_its_revision(story: Story) -> None:
    first = story.commit(story.namespace(), story.config_map("box"))
    story.await_applied(first)
    failed = story.await_failed(story.commit(story.namespace(), story.refused()))
    assert failed["status"]["lastAppliedRevision"].endswith(first)
    assert failed["status"]["observedGeneration"] == failed["metadata"]["generation"]
    assert ("ConfigMap", "box") in story.follower.applied_objects(failed)
    assert story.api.find(f"{story.place.maps}/box") is not None


def test_what_cannot_be_parsed_fails_the_build(story: Story) -> None:
    story.open(story.config_map("box"))
    story.repository.write_text(f"{folder(story.name)}/bad.yaml", "a: [")
    commit = story.repository.push(story.name)
    story.follower.poke(story.name)
    failed = story.await_failed(commit)
    assert _ready(failed) == ("False", "BuildFailed")
    assert "bad.yaml" in condition(failed, "Ready")["message"]
    assert story.api.find(f"{story.place.maps}/box") is not None
    story.await_applied(story.commit(story.namespace()))


def test_a_number_for_a_label_loses_all_labels_and_one_for_an_annotation_becomes_a_text(story: Story) -> None:
    numbered = story.unreadable()
    numbered["metadata"]["labels"]["example.org/text"] = "text"
    numbered["metadata"]["annotations"] = {"example.org/sha": 1234567, "example.org/is-it": True}
    story.open(numbered)
    kept = story.api.get(f"{story.place.maps}/numbered")["metadata"]
    assert kept["labels"] == {f"{_LABELS}/name": story.name, f"{_LABELS}/namespace": roots.FLUX}
    texts = {name: value for name, value in kept["annotations"].items() if name.startswith("example.org/")}
    assert texts == {"example.org/sha": "1234567", "example.org/is-it": "true"}


def test_a_kustomization_of_its_own_is_removed_with_its_source(story: Story) -> None:
    story.open(story.config_map("box"))
    story.close()
    story.api.wait_gone(story.path)
    story.api.wait_gone(_source_path(story))
    assert story.api.find(story.place.path) is None
