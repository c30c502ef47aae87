"""A namespace ends in steps: marked, emptied, finalized, gone."""

import pytest

from app.demo.kubernetes.apiserver.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, SERVICE_ACCOUNT
from app.demo.kubernetes.client import SimulatedKubernetes, SimulatorError
from tests.demo.kubernetes.environments import config_map, deployment, namespace
from tests.demo.kubernetes.judge import condition, has_rolled_out


def test_a_namespace_gets_its_label_and_its_default_objects(cluster: SimulatedKubernetes) -> None:
    created = cluster.create(NAMESPACE, "", namespace("pr-1"))
    assert created["metadata"]["labels"]["kubernetes.io/metadata.name"] == "pr-1"
    assert created["status"] == {"phase": "Active"}
    cluster.await_object(SERVICE_ACCOUNT, "pr-1", "default", lambda _: True)
    cluster.await_object(CONFIG_MAP, "pr-1", "kube-root-ca.crt", lambda _: True)


def test_everything_in_a_deleted_namespace_goes_with_it(cluster: SimulatedKubernetes) -> None:
    cluster.create(NAMESPACE, "", namespace("pr-1"))
    cluster.create(DEPLOYMENT, "pr-1", deployment("pr-1", "aaa", replicas=2))
    cluster.await_object(DEPLOYMENT, "pr-1", "web", has_rolled_out)
    answer = cluster.delete(NAMESPACE, "", "pr-1")
    assert answer["status"]["phase"] == "Terminating"
    assert answer["spec"] == {"finalizers": ["kubernetes"]}
    cluster.await_gone(NAMESPACE, "", "pr-1")
    assert [cluster.objects(kind, "pr-1") for kind in (DEPLOYMENT, POD, CONFIG_MAP)] == [[], [], []]


def test_nothing_new_enters_a_namespace_that_is_going_away(cluster: SimulatedKubernetes) -> None:
    cluster.set_pace(termination_seconds=60)
    cluster.create(NAMESPACE, "", namespace("pr-1"))
    cluster.delete(NAMESPACE, "", "pr-1")
    with pytest.raises(SimulatorError) as refused:
        cluster.create(CONFIG_MAP, "pr-1", config_map("pr-1", "late"))
    status = refused.value.status
    assert (status["code"], status["reason"]) == (403, "Forbidden")
    assert status["details"]["causes"][0]["reason"] == "NamespaceTerminating"


def test_a_finalizer_inside_holds_the_namespace_and_the_reason_is_told(cluster: SimulatedKubernetes) -> None:
    cluster.create(NAMESPACE, "", namespace("pr-1"))
    held = config_map("pr-1", "held")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    cluster.create(CONFIG_MAP, "pr-1", held)
    cluster.delete(NAMESPACE, "", "pr-1")
    stuck = cluster.await_object(
        NAMESPACE,
        "",
        "pr-1",
        lambda item: "in 1 resource" in condition(item, "NamespaceFinalizersRemaining").get("message", ""),
    )
    assert "configmaps. has 1 resource" in condition(stuck, "NamespaceContentRemaining")["message"]
    cluster.patch(CONFIG_MAP, "pr-1", "held", {"metadata": {"finalizers": None}})
    cluster.await_gone(NAMESPACE, "", "pr-1")


def test_a_namespace_may_have_a_finalizer_of_its_own(cluster: SimulatedKubernetes) -> None:
    body = namespace("pr-1")
    body["metadata"]["finalizers"] = ["example.org/hold"]
    cluster.create(NAMESPACE, "", body)
    cluster.delete(NAMESPACE, "", "pr-1")
    cluster.await_object(NAMESPACE, "", "pr-1", lambda item: not item["spec"].get("finalizers"))
    cluster.patch(NAMESPACE, "", "pr-1", {"metadata": {"finalizers": []}})
    assert "pr-1" not in cluster.namespaces()


def test_a_namespace_of_the_same_name_is_another_one(cluster: SimulatedKubernetes) -> None:
    first = cluster.create(NAMESPACE, "", namespace("pr-1"))
    cluster.delete(NAMESPACE, "", "pr-1")
    cluster.await_gone(NAMESPACE, "", "pr-1")
    second = cluster.create(NAMESPACE, "", namespace("pr-1"))
    assert first["metadata"]["uid"] != second["metadata"]["uid"]
