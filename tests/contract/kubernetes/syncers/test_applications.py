"""Argo CD: what an Application says, field by field, of what Ephemera reads."""

import pytest

from tests.contract.kubernetes.api import Json
from tests.contract.kubernetes.syncers import roots
from tests.contract.kubernetes.syncers.repository import folder, ref
from tests.contract.kubernetes.syncers.story import Story

pytestmark = pytest.mark.parametrize("syncer", ["argocd"], indirect=True, scope="session")
_REFRESH = "argocd.argoproj.io/refresh"
_REFUSAL = 'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}:'


def _ingress(story: Story) -> Json:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    rules = [{"host": host, "http": {"paths": paths}} for host in ("a.example.org", "b.example.org")]
    metadata = {"name": "web", "namespace": story.name}
    spec = {"tls": [{"hosts": ["a.example.org"]}], "rules": rules}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}


def _state(item: Json) -> Json:
    state: Json = (item.get("status") or {}).get("operationState") or {}
    return state


def test_an_application_is_what_the_template_makes_of_its_folder(story: Story) -> None:
    item = story.open()
    assert item["metadata"]["finalizers"] == [roots.FINALIZER]
    assert item["metadata"]["labels"] == {"ephemera.dev/environment": story.name, "ephemera.dev/owner": "acme"}
    assert item["metadata"]["ownerReferences"][0]["kind"] == "ApplicationSet"
    source = item["spec"]["source"]
    assert (source["path"], source["targetRevision"]) == (folder(story.name), ref(story.name))
    assert item["spec"]["destination"]["namespace"] == story.name
    assert item["spec"]["info"] == [{"name": "Folder", "value": folder(story.name)}]


def test_a_synced_application_names_the_commit_everywhere(story: Story) -> None:
    commit = story.commit(story.namespace(), story.config_map("box"))
    status = story.await_applied(commit)["status"]
    assert status["sync"]["comparedTo"]["source"]["targetRevision"] == ref(story.name)
    state = status["operationState"]
    assert (state["phase"], state["message"]) == ("Succeeded", "successfully synced (all tasks run)")
    assert state["syncResult"]["revision"] == state["operation"]["sync"]["revision"] == commit
    assert state["operation"]["initiatedBy"] == {"automated": True}
    assert state["startedAt"] <= state["finishedAt"]
    assert "retryCount" not in state
    assert not status.get("conditions")
    results = {(item["kind"], item["name"], item["status"]) for item in state["syncResult"]["resources"]}
    # Of what healed itself meanwhile the result tells no more than that.
    assert results
    assert results <= {("Namespace", story.name, "Synced"), ("ConfigMap", "box", "Synced")}


def test_an_application_lists_its_resources_and_is_healthy_once_they_are(story: Story) -> None:
    story.open(story.config_map("box"), story.deployment())
    item = story.api.wait_for(
        story.path,
        lambda item: (
            item["status"].get("health", {}).get("status") == "Healthy"
            and item["status"]["summary"].get("images") is not None
        ),
    )
    listed = [
        (entry.get("group"), entry["kind"], entry["name"], entry["status"]) for entry in item["status"]["resources"]
    ]
    assert sorted(listed, key=str) == sorted(
        [
            (None, "ConfigMap", "box", "Synced"),
            (None, "Namespace", story.name, "Synced"),
            ("apps", "Deployment", "web", "Synced"),
        ],
        key=str,
    )
    assert not any("health" in entry for entry in item["status"]["resources"]), "it is kept elsewhere"
    assert item["status"]["summary"] == {"images": ["registry.example/app:1"]}


def test_an_ingress_with_an_address_gives_external_urls(story: Story) -> None:
    story.open(_ingress(story))
    path = f"/apis/networking.k8s.io/v1/namespaces/{story.name}/ingresses/web/status"
    story.api.patch(path, {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}})
    item = story.api.wait_for(story.path, lambda item: "externalURLs" in item["status"]["summary"])
    assert item["status"]["summary"]["externalURLs"] == ["http://b.example.org/", "https://a.example.org/"]


def test_an_ingress_without_an_address_keeps_the_application_progressing(story: Story) -> None:
    story.open(_ingress(story))
    story.api.wait_for(story.path, lambda item: item["status"]["health"]["status"] == "Progressing")


def test_a_failed_sync_is_tried_again_and_then_given_up(story: Story) -> None:
    commit = story.commit(story.namespace(), story.config_map("box"), story.refused())
    waiting = story.api.wait_for(story.path, lambda item: "Retrying attempt #1 at" in _state(item).get("message", ""))
    state = _state(waiting)
    assert (state["phase"], state["retryCount"], bool(state["finishedAt"])) == ("Running", 1, True)
    assert state["message"].startswith(
        f"one or more synchronization tasks completed unsuccessfully, reason: {_REFUSAL}"
    )
    failed = story.api.wait_for(
        story.path, lambda item: _state(item).get("phase") == "Failed" and bool(item["status"].get("conditions"))
    )
    message = _state(failed)["message"]
    assert message.endswith(f"`selector` does not match template `labels` (retried {roots.RETRIES} times).")
    (condition,) = failed["status"]["conditions"]
    assert condition["type"] == "SyncError"
    assert condition["message"] == f"Failed last sync attempt to [{commit}]: {message}"
    assert failed["status"]["sync"]["status"] == "OutOfSync"
    assert failed["status"]["sync"]["revision"] == commit
    results = {item["name"]: item["status"] for item in _state(failed)["syncResult"]["resources"]}
    assert results == {story.name: "Synced", "box": "Synced", "web": "SyncFailed"}
    assert story.api.find(f"{story.place.maps}/box") is not None, "what is not refused is applied"


def test_a_commit_that_was_given_up_is_not_tried_again(story: Story) -> None:
    failed = story.await_failed(story.commit(story.namespace(), story.refused()))
    story.follower.poke(story.name)
    later = story.api.wait_for(story.path, lambda item: _REFRESH not in item["metadata"].get("annotations", {}))
    assert _state(later)["startedAt"] == _state(failed)["startedAt"]
    assert _state(later)["phase"] == "Failed"


def test_an_object_that_cannot_be_decoded_keeps_everything_back(story: Story) -> None:
    story.open()
    failed = story.await_failed(story.commit(story.namespace(), story.config_map("box"), story.unreadable()))
    assert _state(failed)["message"].startswith("one or more objects failed to apply (dry run)")
    results = {item["name"]: item["message"] for item in _state(failed)["syncResult"]["resources"]}
    assert "labels" in results["numbered"]
    assert story.api.find(f"{story.place.maps}/box") is None


def test_a_manifest_that_cannot_be_parsed_is_a_comparison_error(story: Story) -> None:
    story.open(story.config_map("box"))
    story.repository.write_text(f"{folder(story.name)}/bad.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: [")
    story.repository.push(story.name)
    story.follower.poke(story.name)
    broken = story.api.wait_for(story.path, lambda item: bool(item["status"].get("conditions")))
    assert broken["status"]["conditions"][0]["type"] == "ComparisonError"
    assert broken["status"]["sync"]["status"] == "Unknown"
    assert story.api.find(f"{story.place.maps}/box") is not None
    story.await_applied(story.commit(story.namespace()))


def test_a_file_that_does_not_look_like_a_manifest_is_no_matter(story: Story) -> None:
    story.open()
    story.repository.write_text(f"{folder(story.name)}/bad.yaml", "a: [")
    commit = story.repository.push(story.name)
    story.follower.poke(story.name)
    story.await_applied(commit)
