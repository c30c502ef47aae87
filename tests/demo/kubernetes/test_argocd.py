"""Argo CD in small follows a real repository: sync, update, prune, removal, pokes, failures."""

from app.demo.git_host import GitHost
from app.demo.kubernetes.apiserver.kinds import (
    APPLICATION,
    APPLICATION_SET,
    CONFIG_MAP,
    DEPLOYMENT,
    JOB,
    NAMESPACE,
    Json,
)
from app.demo.kubernetes.client import SimulatedKubernetes
from tests.demo.kubernetes.conftest import StartCluster
from tests.demo.kubernetes.environments import Environments, config_map, deployment, folder, job, namespace
from tests.demo.kubernetes.judge import condition, has_rolled_out

_REFRESH_SET = "argocd.argoproj.io/application-set-refresh"
_REFRESH = "argocd.argoproj.io/refresh"


def _start(start_cluster: StartCluster, environments: Environments, **options: object) -> SimulatedKubernetes:
    return start_cluster(syncer="argocd", repository=environments.url, **options)


def _poke_set(cluster: SimulatedKubernetes) -> None:
    cluster.patch(APPLICATION_SET, "argocd", "ephemera", {"metadata": {"annotations": {_REFRESH_SET: "true"}}})


def _poke(cluster: SimulatedKubernetes, name: str) -> None:
    cluster.patch(APPLICATION, "argocd", name, {"metadata": {"annotations": {_REFRESH: "normal"}}})


def _await_synced(cluster: SimulatedKubernetes, name: str, revision: str) -> Json:
    def is_synced(item: Json) -> bool:
        sync = (item.get("status") or {}).get("sync") or {}
        return bool(sync.get("status") == "Synced" and sync.get("revision") == revision)

    return cluster.await_object(APPLICATION, "argocd", name, is_synced)


def test_a_folder_becomes_an_application_and_runs(start_cluster: StartCluster, environments: Environments) -> None:
    environments.put("pr-1", namespace("pr-1"), deployment("pr-1", "aaa"))
    head = environments.commit()
    cluster = _start(start_cluster, environments)
    application = _await_synced(cluster, "pr-1", head)
    assert application["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    assert application["spec"]["source"]["path"] == folder("pr-1")
    assert application["spec"]["destination"]["namespace"] == "pr-1"
    state = application["status"]["operationState"]
    assert (state["phase"], state["syncResult"]["revision"]) == ("Succeeded", head)
    cluster.await_object(DEPLOYMENT, "pr-1", "web", has_rolled_out)
    healthy = cluster.await_object(
        APPLICATION, "argocd", "pr-1", lambda item: item["status"]["health"]["status"] == "Healthy"
    )
    assert [item["kind"] for item in healthy["status"]["resources"]] == ["Namespace", "Deployment"]


def test_poking_the_set_brings_new_folders_at_once(start_cluster: StartCluster, environments: Environments) -> None:
    cluster = _start(start_cluster, environments)
    cluster.await_object(APPLICATION_SET, "argocd", "ephemera", lambda item: bool(item.get("status")))
    environments.put("pr-1", namespace("pr-1"))
    head = environments.commit()
    _poke_set(cluster)
    _await_synced(cluster, "pr-1", head)
    handled = cluster.find(APPLICATION_SET, "argocd", "ephemera")
    assert handled is not None
    assert "annotations" not in handled["metadata"]
    assert condition(handled, "ErrorOccurred")["status"] == "False"


def test_poking_an_application_updates_and_prunes_it(start_cluster: StartCluster, environments: Environments) -> None:
    environments.put("pr-1", namespace("pr-1"), deployment("pr-1", "aaa"), config_map("pr-1", "old", a="1"))
    head = environments.commit()
    cluster = _start(start_cluster, environments)
    _await_synced(cluster, "pr-1", head)
    environments.put("pr-1", namespace("pr-1"), deployment("pr-1", "bbb"), config_map("pr-1", "new"))
    head = environments.commit()
    _poke(cluster, "pr-1")
    application = _await_synced(cluster, "pr-1", head)
    assert _REFRESH not in application["metadata"].get("annotations", {})
    cluster.await_object(DEPLOYMENT, "pr-1", "web", lambda item: has_rolled_out(item, "bbb"))
    assert cluster.find(CONFIG_MAP, "pr-1", "old") is None
    assert cluster.find(CONFIG_MAP, "pr-1", "new") is not None
    assert "old" not in {item["name"] for item in application["status"]["resources"]}


def test_what_left_the_manifest_leaves_the_object_and_what_others_wrote_stays(
    start_cluster: StartCluster, environments: Environments
) -> None:
    environments.put("pr-1", namespace("pr-1"), config_map("pr-1", "box", a="1", b="2"))
    head = environments.commit()
    cluster = _start(start_cluster, environments)
    _await_synced(cluster, "pr-1", head)
    cluster.patch(CONFIG_MAP, "pr-1", "box", {"data": {"theirs": "3"}})
    environments.put("pr-1", namespace("pr-1"), config_map("pr-1", "box", b="2"))
    head = environments.commit()
    _poke(cluster, "pr-1")
    _await_synced(cluster, "pr-1", head)
    box = cluster.find(CONFIG_MAP, "pr-1", "box")
    assert box is not None
    assert box["data"] == {"b": "2", "theirs": "3"}


def test_a_commit_is_not_seen_before_a_poke_or_the_next_poll(
    start_cluster: StartCluster, environments: Environments
) -> None:
    environments.put("pr-1", namespace("pr-1"))
    environments.put("pr-2", namespace("pr-2"))
    first = environments.commit()
    cluster = _start(start_cluster, environments)
    _await_synced(cluster, "pr-2", first)
    _await_synced(cluster, "pr-1", first)
    second = environments.commit()
    _poke(cluster, "pr-1")
    _await_synced(cluster, "pr-1", second)
    other = cluster.application("pr-2")
    assert other is not None
    assert other["status"]["sync"]["revision"] == first


def test_polling_alone_finds_a_commit(start_cluster: StartCluster, environments: Environments) -> None:
    environments.put("pr-1", namespace("pr-1"))
    environments.commit()
    cluster = _start(start_cluster, environments, poll_seconds=0.1)
    environments.put("pr-1", namespace("pr-1"), config_map("pr-1", "box"))
    _await_synced(cluster, "pr-1", environments.commit())
    assert cluster.find(CONFIG_MAP, "pr-1", "box") is not None


def test_a_removed_folder_takes_application_and_namespace_with_it(
    start_cluster: StartCluster, environments: Environments
) -> None:
    environments.put("pr-1", namespace("pr-1"), deployment("pr-1", "aaa"))
    environments.put("pr-2", namespace("pr-2"))
    head = environments.commit()
    cluster = _start(start_cluster, environments)
    _await_synced(cluster, "pr-1", head)
    _await_synced(cluster, "pr-2", head)
    environments.remove("pr-1")
    environments.commit()
    _poke_set(cluster)
    cluster.await_gone(APPLICATION, "argocd", "pr-1")
    assert "pr-1" not in cluster.namespaces()
    assert "pr-2" in cluster.namespaces()


def test_an_unreadable_repository_deletes_nothing(start_cluster: StartCluster, environments: Environments) -> None:
    environments.put("pr-1", namespace("pr-1"))
    head = environments.commit()
    cluster = _start(start_cluster, environments)
    _await_synced(cluster, "pr-1", head)
    hidden = environments.directory.rename(environments.directory.with_suffix(".hidden"))
    _poke_set(cluster)
    cluster.await_object(
        APPLICATION_SET, "argocd", "ephemera", lambda item: condition(item, "ErrorOccurred").get("status") == "True"
    )
    assert cluster.application("pr-1") is not None
    hidden.rename(environments.directory)
    cluster.await_object(
        APPLICATION_SET, "argocd", "ephemera", lambda item: condition(item, "ErrorOccurred").get("status") == "False"
    )


def test_a_repository_behind_http_is_read_with_its_credentials(
    start_cluster: StartCluster, environments: Environments, environments_repository: str, git_server: GitHost
) -> None:
    environments.put("pr-1", namespace("pr-1"))
    head = environments.commit()
    environments.push(environments_repository, git_server.client_environment())
    cluster = start_cluster(
        syncer="argocd", repository=environments_repository, git_environment=git_server.client_environment()
    )
    _await_synced(cluster, "pr-1", head)


def test_an_account_that_the_cluster_makes_as_well_is_no_conflict(
    start_cluster: StartCluster, environments: Environments
) -> None:
    """Looking and writing were two steps once: now and then the cluster's own account came between them."""
    names = [f"pr-{number}" for number in range(30)]
    for name in names:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
        environments.put(name, namespace(name), {**account, "automountServiceAccountToken": False})
    head = environments.commit()
    cluster = _start(start_cluster, environments)
    for name in names:
        _await_synced(cluster, name, head)


def _await_failed(cluster: SimulatedKubernetes, name: str) -> Json:
    return cluster.await_object(
        APPLICATION,
        "argocd",
        name,
        lambda item: (item.get("status") or {}).get("operationState", {}).get("phase") == "Failed",
    )


def test_a_refused_manifest_fails_the_sync_of_its_application_alone(
    start_cluster: StartCluster, environments: Environments
) -> None:
    bad = config_map("pr-1", "box")
    bad["metadata"]["labels"] = {"sha": 1234567}
    environments.put("pr-1", namespace("pr-1"), bad)
    environments.put("pr-2", namespace("pr-2"))
    head = environments.commit()
    cluster = _start(start_cluster, environments)
    failed = _await_failed(cluster, "pr-1")["status"]
    assert failed["sync"]["status"] == "OutOfSync"
    assert failed["operationState"]["message"] == "one or more objects failed to apply (dry run)"
    (result,) = failed["operationState"]["syncResult"]["resources"]
    assert (result["name"], result["status"]) == ("box", "SyncFailed")
    assert result["message"].startswith("ConfigMap in")
    assert failed["conditions"][0]["type"] == "SyncError"
    _await_synced(cluster, "pr-2", head)


def test_a_failed_commit_is_not_tried_again_but_the_next_one_is(
    start_cluster: StartCluster, environments: Environments
) -> None:
    cluster = _start(start_cluster, environments)
    cluster.fail("pr-1", "refused-manifest", message="no such thing here")
    environments.put("pr-1", namespace("pr-1"), deployment("pr-1", "aaa"))
    environments.commit()
    _poke_set(cluster)
    first = _await_failed(cluster, "pr-1")["status"]["operationState"]
    assert "no such thing here" in first["message"]
    cluster.heal()
    _poke(cluster, "pr-1")
    handled = cluster.await_object(
        APPLICATION, "argocd", "pr-1", lambda item: _REFRESH not in item["metadata"].get("annotations", {})
    )
    assert handled["status"]["operationState"] == first
    head = environments.commit()
    _poke(cluster, "pr-1")
    _await_synced(cluster, "pr-1", head)


def test_a_file_that_is_no_manifest_is_a_comparison_error(
    start_cluster: StartCluster, environments: Environments
) -> None:
    environments.write(f"{folder('pr-1')}/bad.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: [")
    environments.commit()
    cluster = _start(start_cluster, environments)
    broken = cluster.await_object(
        APPLICATION, "argocd", "pr-1", lambda item: bool((item.get("status") or {}).get("conditions"))
    )
    assert broken["status"]["conditions"][0]["type"] == "ComparisonError"
    assert broken["status"]["sync"]["status"] == "Unknown"


def test_a_wave_waits_until_the_one_before_is_healthy(start_cluster: StartCluster, environments: Environments) -> None:
    environments.put("pr-1", namespace("pr-1"), job("pr-1", "migrate", wave=-10), deployment("pr-1", "aaa"))
    environments.commit()
    cluster = _start(start_cluster, environments)
    cluster.await_object(DEPLOYMENT, "pr-1", "web", lambda _: True)
    finished = cluster.find(JOB, "pr-1", "migrate")
    assert finished is not None
    assert condition(finished, "Complete")


def test_a_failed_migration_keeps_the_workload_back(start_cluster: StartCluster, environments: Environments) -> None:
    environments.put(
        "pr-1", namespace("pr-1"), job("pr-1", "migrate", wave=-10, backoff_limit=0), deployment("pr-1", "aaa")
    )
    cluster = _start(start_cluster, environments)
    cluster.fail("pr-1", "crash-loop")
    environments.commit()
    _poke_set(cluster)
    failed = _await_failed(cluster, "pr-1")
    message = failed["status"]["operationState"]["message"]
    assert message == "one or more synchronization tasks completed unsuccessfully"
    assert cluster.deployment("pr-1", "web") is None


def test_a_paused_syncer_stands_still(start_cluster: StartCluster, environments: Environments) -> None:
    environments.put("pr-1", namespace("pr-1"))
    head = environments.commit()
    cluster = _start(start_cluster, environments)
    _await_synced(cluster, "pr-1", head)
    cluster.pause_syncer()
    environments.remove("pr-1")
    environments.commit()
    _poke_set(cluster)
    cluster.create(NAMESPACE, "", {"metadata": {"name": "time-passes"}})
    cluster.await_object(CONFIG_MAP, "time-passes", "kube-root-ca.crt", lambda _: True)
    assert cluster.application("pr-1") is not None
    cluster.resume_syncer()
    cluster.await_gone(APPLICATION, "argocd", "pr-1")
