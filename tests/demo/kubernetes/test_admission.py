"""Pods are refused, or completed, as the namespace's own rules say."""

from fractions import Fraction
from typing import Any

import pytest

from app.demo.kubernetes.apiserver.kinds import (
    DEPLOYMENT,
    LIMIT_RANGE,
    NAMESPACE,
    RESOURCE_QUOTA,
    SERVICE_ACCOUNT,
)
from app.demo.kubernetes.apiserver.quantity import format_quantity, parse_quantity
from app.demo.kubernetes.client import SimulatedKubernetes
from tests.demo.kubernetes.environments import deployment, namespace
from tests.demo.kubernetes.judge import condition, has_rolled_out


@pytest.fixture
def guarded(cluster: SimulatedKubernetes) -> SimulatedKubernetes:
    """Give a cluster with an empty namespace `pr-1`."""
    cluster.create(NAMESPACE, "", namespace("pr-1"))
    cluster.await_object(SERVICE_ACCOUNT, "pr-1", "default", lambda _: True)
    return cluster


def _refusal(cluster: SimulatedKubernetes, body: dict[str, Any]) -> str:
    cluster.create(DEPLOYMENT, "pr-1", body)
    failing = cluster.await_object(DEPLOYMENT, "pr-1", "web", lambda item: bool(condition(item, "ReplicaFailure")))
    message: str = condition(failing, "ReplicaFailure")["message"]
    return message


def _with_resources(**resources: object) -> dict[str, Any]:
    body = deployment("pr-1", "aaa", replicas=2)
    body["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    return body


def _limit(cluster: SimulatedKubernetes, **hard: str) -> None:
    names = {name.replace("_", "."): value for name, value in hard.items()}
    cluster.create(RESOURCE_QUOTA, "pr-1", {"metadata": {"name": "environment"}, "spec": {"hard": names}})


def test_a_quota_counts_what_runs(guarded: SimulatedKubernetes) -> None:
    _limit(guarded, limits_cpu="1500m")
    message = _refusal(guarded, _with_resources(limits={"cpu": "1"}))
    assert (
        "exceeded quota: environment, requested: limits.cpu=1, used: limits.cpu=1, limited: limits.cpu=1500m" in message
    )
    assert len(guarded.pods("pr-1")) == 1


def test_a_quota_wants_to_be_told_what_it_counts(guarded: SimulatedKubernetes) -> None:
    _limit(guarded, limits_memory="1Gi")
    message = _refusal(guarded, deployment("pr-1", "aaa"))
    assert message.endswith("failed quota: environment: must specify limits.memory for: app")


def test_a_limit_range_says_what_the_pod_does_not(guarded: SimulatedKubernetes) -> None:
    limits = {"type": "Container", "default": {"memory": "64Mi"}, "defaultRequest": {"memory": "32Mi"}}
    guarded.create(LIMIT_RANGE, "pr-1", {"metadata": {"name": "containers"}, "spec": {"limits": [limits]}})
    _limit(guarded, limits_memory="128Mi")
    guarded.create(DEPLOYMENT, "pr-1", deployment("pr-1", "aaa", replicas=2))
    guarded.await_object(DEPLOYMENT, "pr-1", "web", has_rolled_out)
    for pod in guarded.pods("pr-1"):
        resources = pod["spec"]["containers"][0]["resources"]
        assert resources == {"limits": {"memory": "64Mi"}, "requests": {"memory": "32Mi"}}


def test_an_account_must_exist(guarded: SimulatedKubernetes) -> None:
    body = deployment("pr-1", "aaa")
    body["spec"]["template"]["spec"]["serviceAccountName"] = "absent"
    assert 'serviceaccount "absent" not found' in _refusal(guarded, body)


def test_a_restricted_namespace_refuses_a_careless_pod(guarded: SimulatedKubernetes) -> None:
    label = {"pod-security.kubernetes.io/enforce": "restricted"}
    guarded.patch(NAMESPACE, "", "pr-1", {"metadata": {"labels": label}})
    message = _refusal(guarded, deployment("pr-1", "aaa"))
    assert (
        'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "app" must' in message
    )
    for reason in ("unrestricted capabilities", "runAsNonRoot != true", "seccompProfile"):
        assert reason in message


@pytest.mark.parametrize(
    ("text", "amount"),
    [("2", 2), ("500m", Fraction(1, 2)), ("1.5", Fraction(3, 2)), ("1Ki", 1024), ("2Gi", 2 * 2**30), ("1k", 1000)],
)
def test_quantities_are_exact(text: str, amount: Fraction) -> None:
    assert parse_quantity(text) == amount


@pytest.mark.parametrize("text", ["", "one", "1 Gi", "1GB"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="reading quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("name", "amount", "text"),
    [("limits.cpu", Fraction(3, 2), "1500m"), ("limits.memory", Fraction(2**30), "1Gi"), ("pods", Fraction(3), "3")],
)
def test_amounts_are_shown_in_their_unit(name: str, amount: Fraction, text: str) -> None:
    assert format_quantity(name, amount) == text
