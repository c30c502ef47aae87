"""The official Python client finds what it finds at a real API server."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from kubernetes import client, watch
from kubernetes.client.exceptions import ApiException

from app.demo.kubernetes.client import SimulatedKubernetes
from tests.demo.kubernetes.conftest import TOKEN
from tests.demo.kubernetes.environments import config_map, deployment


@pytest.fixture
def api(cluster: SimulatedKubernetes) -> Iterator[Any]:
    """Give an ApiClient of the official library."""
    configuration = client.Configuration(host=cluster.url)
    configuration.api_key = {"authorization": f"Bearer {TOKEN}"}
    with client.ApiClient(configuration) as api:
        yield api


@pytest.fixture
def core(api: Any) -> Any:
    """Give its core API; untyped, for it takes plain objects where its types name models."""
    return client.CoreV1Api(api)


@pytest.fixture
def apps(api: Any) -> Any:
    """Give its API of workloads, untyped as well."""
    return client.AppsV1Api(api)


def _stream(read: Any, *arguments: Any, **options: Any) -> Iterator[Any]:
    events: Iterator[Any] = watch.Watch().stream(read, *arguments, **options)  # type: ignore[no-untyped-call]
    return events


def test_it_reads_the_version_and_finds_the_resources(api: Any, apps: Any) -> None:
    assert client.VersionApi(api).get_code().git_version.startswith("v1.")
    assert "deployments" in {item.name for item in apps.get_api_resources().resources}


def test_it_lists_in_pages(core: Any) -> None:
    first = core.list_namespace(limit=3)
    second = core.list_namespace(limit=3, _continue=first.metadata._continue)
    names = [item.metadata.name for page in (first, second) for item in page.items]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
    assert first.metadata.remaining_item_count == 1


def test_it_watches_from_a_list(core: Any) -> None:
    revision = core.list_namespaced_config_map("default").metadata.resource_version
    core.create_namespaced_config_map("default", config_map("default", "box"))
    core.patch_namespaced_config_map("box", "default", {"data": {"a": "1"}})
    core.delete_namespaced_config_map("box", "default")
    options = {"field_selector": "metadata.name=box", "resource_version": revision, "timeout_seconds": 20}
    events = islice(_stream(core.list_namespaced_config_map, "default", **options), 3)
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]


def test_its_watch_sees_a_rollout_end(core: Any, apps: Any) -> None:
    apps.create_namespaced_deployment("default", deployment("default", "aaa"))
    for event in _stream(apps.list_deployment_for_all_namespaces, timeout_seconds=20):
        if event["object"].status.available_replicas == 1:
            break
    pods = core.list_namespaced_pod("default", label_selector="app.kubernetes.io/name=web")
    assert [pod.status.phase for pod in pods.items] == ["Running"]


def test_its_watch_raises_410_for_a_forgotten_revision(core: Any, cluster: SimulatedKubernetes) -> None:
    cluster.compact()
    with pytest.raises(ApiException) as gone:
        list(_stream(core.list_namespace, resource_version="1", timeout_seconds=5))
    assert gone.value.status == 410


def test_a_conflict_reaches_it(core: Any) -> None:
    first = core.create_namespaced_config_map("default", config_map("default", "box"))
    core.patch_namespaced_config_map("box", "default", {"data": {"a": "1"}})
    with pytest.raises(ApiException) as conflict:
        core.replace_namespaced_config_map("box", "default", first)
    assert conflict.value.status == 409


def test_it_patches_custom_resources(api: Any) -> None:
    custom: Any = client.CustomObjectsApi(api)
    place = {"group": "argoproj.io", "version": "v1alpha1", "namespace": "default", "plural": "applications"}
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "one"}, "spec": {}}
    custom.create_namespaced_custom_object(**place, body=body)
    patch = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
    patched = custom.patch_namespaced_custom_object(**place, name="one", body=patch)
    assert patched["metadata"]["annotations"] == patch["metadata"]["annotations"]
