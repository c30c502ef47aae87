"""Flux in small follows a real repository: one tree, or an object pair for each environment."""

from typing import Any

import pytest
import yaml

from app.demo.kubernetes.apiserver.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    GIT_REPOSITORY,
    KUSTOMIZATION,
    NAMESPACE,
    Json,
    Kind,
)
from app.demo.kubernetes.client import SimulatedKubernetes
from app.demo.kubernetes.syncers.intervals import parse_interval
from tests.demo.kubernetes.conftest import StartCluster
from tests.demo.kubernetes.environments import Environments, config_map, deployment, folder, namespace
from tests.demo.kubernetes.judge import condition, has_rolled_out

_ROOT = "flux-system"
_REQUESTED_AT = "reconcile.fluxcd.io/requestedAt"


def _poke(cluster: SimulatedKubernetes, kind: Kind, name: str, when: str) -> None:
    cluster.patch(kind, _ROOT, name, {"metadata": {"annotations": {_REQUESTED_AT: when}}})


def _await_applied(cluster: SimulatedKubernetes, name: str, commit: str) -> Json:
    def is_applied(item: Json) -> bool:
        status = item.get("status") or {}
        ready = condition({"status": status}, "Ready").get("status")
        return ready == "True" and status.get("lastAppliedRevision", "").endswith(commit)

    return cluster.await_object(KUSTOMIZATION, _ROOT, name, is_applied)


def _pair(name: str, url: str, **spec: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """The GitRepository and Kustomization of one environment, which follow the environment's own ref."""
    metadata = {"name": name, "namespace": _ROOT}
    source = {"interval": "10m", "url": url, "ref": {"name": f"refs/environments/{name}"}}
    reference = {"kind": "GitRepository", "name": name}
    own = {"interval": "10m", "path": f"./{folder(name)}", "prune": True, "sourceRef": reference, **spec}
    return (
        {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata, "spec": source},
        {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": metadata, "spec": own},
    )


def test_the_root_applies_updates_and_prunes_the_tree(start_cluster: StartCluster, environments: Environments) -> None:
    environments.put("pr-1", namespace("pr-1"), deployment("pr-1", "aaa"))
    environments.put("pr-2", namespace("pr-2"), config_map("pr-2", "box"))
    first = environments.commit()
    cluster = start_cluster(syncer="flux", repository=environments.url)
    applied = _await_applied(cluster, _ROOT, first)
    assert applied["status"]["observedGeneration"] == applied["metadata"]["generation"]
    assert {"id": "pr-1_web_apps_Deployment", "v": "v1"} in applied["status"]["inventory"]["entries"]
    cluster.await_object(DEPLOYMENT, "pr-1", "web", has_rolled_out)
    environments.put("pr-1", namespace("pr-1"), deployment("pr-1", "bbb"))
    environments.remove("pr-2")
    second = environments.commit()
    _poke(cluster, GIT_REPOSITORY, _ROOT, "now")
    _await_applied(cluster, _ROOT, second)
    cluster.await_object(DEPLOYMENT, "pr-1", "web", lambda item: has_rolled_out(item, "bbb"))
    cluster.await_gone(NAMESPACE, "", "pr-2")
    source = cluster.find(GIT_REPOSITORY, _ROOT, _ROOT)
    assert source is not None
    assert source["status"]["lastHandledReconcileAt"] == "now"
    assert source["status"]["artifact"]["revision"] == f"main@sha1:{second}"


def test_each_environment_follows_its_own_ref(start_cluster: StartCluster, environments: Environments) -> None:
    cluster = start_cluster(syncer="flux", repository=environments.url, path="./syncs/local")
    for kind, body in zip((GIT_REPOSITORY, KUSTOMIZATION), _pair("pr-1", environments.url), strict=True):
        cluster.create(kind, _ROOT, body)
    environments.put("pr-1", namespace("pr-1"), config_map("pr-1", "box"))
    head = environments.commit(ref="refs/environments/pr-1")
    _poke(cluster, GIT_REPOSITORY, "pr-1", "1")
    applied = _await_applied(cluster, "pr-1", head)
    assert applied["status"]["lastAppliedRevision"] == f"refs/environments/pr-1@sha1:{head}"
    environments.commit()
    _poke(cluster, GIT_REPOSITORY, "pr-1", "2")
    cluster.await_object(
        GIT_REPOSITORY, _ROOT, "pr-1", lambda item: item["status"].get("lastHandledReconcileAt") == "2"
    )
    unmoved = cluster.find(KUSTOMIZATION, _ROOT, "pr-1")
    assert unmoved is not None
    assert unmoved["status"]["lastAppliedRevision"].endswith(head)


def test_an_environment_of_its_own_goes_when_its_file_does(
    start_cluster: StartCluster, environments: Environments
) -> None:
    environments.put("pr-1", namespace("pr-1"), config_map("pr-1", "box"))
    for item in _pair("pr-1", environments.url):
        environments.write(f"syncs/local/pr-1-{item['kind']}.yaml", _yaml(item))
    environments.write("syncs/local/other.yaml", _yaml(config_map("default", "other")))
    head = environments.commit(ref="refs/environments/pr-1")
    cluster = start_cluster(syncer="flux", repository=environments.url, path="./syncs/local")
    _await_applied(cluster, _ROOT, head)
    cluster.await_object(CONFIG_MAP, "pr-1", "box", lambda _: True)
    for kind in ("GitRepository", "Kustomization"):
        (environments.directory / f"syncs/local/pr-1-{kind}.yaml").unlink()
    environments.commit()
    _poke(cluster, GIT_REPOSITORY, _ROOT, "2")
    cluster.await_gone(KUSTOMIZATION, _ROOT, "pr-1")
    assert "pr-1" not in cluster.namespaces()
    assert cluster.find(GIT_REPOSITORY, _ROOT, "pr-1") is None


def test_a_refused_object_is_told_by_the_kustomization(start_cluster: StartCluster, environments: Environments) -> None:
    environments.put("pr-1", config_map("pr-absent", "box"))
    environments.commit()
    cluster = start_cluster(syncer="flux", repository=environments.url)
    failed = cluster.await_object(
        KUSTOMIZATION, _ROOT, _ROOT, lambda item: condition(item, "Ready").get("reason") == "ReconciliationFailed"
    )
    ready = condition(failed, "Ready")
    assert ready["status"] == "False"
    assert ready["message"].startswith("ConfigMap/pr-absent/box dry-run failed (NotFound)")


def test_an_unreadable_source_keeps_its_artifact(start_cluster: StartCluster, environments: Environments) -> None:
    environments.put("pr-1", namespace("pr-1"))
    head = environments.commit()
    cluster = start_cluster(syncer="flux", repository=environments.url)
    _await_applied(cluster, _ROOT, head)
    environments.directory.rename(environments.directory.with_suffix(".hidden"))
    _poke(cluster, GIT_REPOSITORY, _ROOT, "2")
    failed = cluster.await_object(
        GIT_REPOSITORY, _ROOT, _ROOT, lambda item: condition(item, "Ready").get("status") == "False"
    )
    assert condition(failed, "Ready")["reason"] == "GitOperationFailed"
    assert failed["status"]["artifact"]["revision"].endswith(head)
    assert "pr-1" in cluster.namespaces()


def test_with_wait_it_is_ready_only_when_what_it_applied_is(
    start_cluster: StartCluster, environments: Environments
) -> None:
    environments.put("pr-1", namespace("pr-1"), deployment("pr-1", "aaa"))
    head = environments.commit(ref="refs/environments/pr-1")
    cluster = start_cluster(syncer="flux", repository=environments.url, path="./syncs/local", rollout_seconds=0.2)
    cluster.fail("pr-1", "never-ready")
    for kind, body in zip((GIT_REPOSITORY, KUSTOMIZATION), _pair("pr-1", environments.url, wait=True), strict=True):
        cluster.create(kind, _ROOT, body)
    cluster.await_object(
        KUSTOMIZATION, _ROOT, "pr-1", lambda item: condition(item, "Reconciling").get("reason") == "Progressing"
    )
    cluster.heal()
    _await_applied(cluster, "pr-1", head)


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("1h30m", 5400), ("10m0s", 600), ("500ms", 0.5)])
def test_durations_are_those_of_go(text: str, seconds: float) -> None:
    assert parse_interval(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5 m", "1d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="reading duration"):
        parse_interval(text)


def _yaml(body: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(body)
    return text
