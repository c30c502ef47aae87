"""Environments that do not become ready, and those beside them: a broken neighbour holds nobody up."""

import time
from collections.abc import Iterator, Sequence

import pytest

from app.demo.github.readings import PullRequest
from app.demo.ports import wait_until
from app.demo.real.kube_api import ApiError
from app.demo.real.manifests import Json, namespace
from tests.e2e.realm import Realm
from tests.scenarios.oracle import assert_converged
from tests.scenarios.shop import Shop

PROMPT_SECONDS = 30.0
"""Well below what a broken neighbour is waited for: Flux's timeout is a minute, Argo CD tries again for one."""


@pytest.fixture(scope="module")
def refusing(realm: Realm) -> Iterator[None]:
    """Have the cluster refuse every Deployment in namespaces of that name."""
    realm.world.github.install("neighbours")
    with realm.holding(*_refusal()):
        wait_until(lambda: _is_refused(realm), 30, "the policy to be in force")
        yield


@pytest.mark.usefixtures("refusing")
def test_one_that_never_runs_and_one_that_is_refused_delay_no_other(realm: Realm, shop: Shop) -> None:
    broken = Shop.create(realm.world, "neighbours/image-not-found")
    refused = Shop.create(realm.world, "neighbours/refused")
    bad = [(broken, broken.open()), (refused, refused.open())]
    for their, pull in bad:
        their.await_status(pull, "failed")
    pulls = [_promptly(shop, shop.open()) for _ in range(3)]
    bad = [(their, their.push(pull)) for their, pull in bad]
    for pull in pulls:
        _promptly(shop, shop.push(pull))
    for their, pull in bad:
        their.await_status(pull, "failed")
    for pull in pulls:
        _promptly(shop, shop.push(pull))
    assert_converged(shop)
    for their, pull in bad:
        assert their.row(pull).status == "failed"
        assert their.says(pull) == ("failure", "failure")


@pytest.mark.usefixtures("refusing")
def test_what_was_never_wholly_applied_goes_wholly(realm: Realm) -> None:
    refused = Shop.create(realm.world, "neighbours/also-refused")
    pull = refused.open()
    refused.await_status(pull, "failed")
    assert realm.api.get("v1", "Namespace", refused.row(pull).namespace)
    refused.close(pull)
    refused.await_status(pull, "destroyed")
    assert "Receipt" in refused.comment(pull)


def _promptly(shop: Shop, pull: PullRequest) -> PullRequest:
    began = time.monotonic()
    shop.await_status(pull, "ready")
    assert time.monotonic() - began < PROMPT_SECONDS
    return pull


def _refusal() -> Sequence[Json]:
    """A policy of the cluster that refuses every Deployment of some namespaces."""
    version, name = "admissionregistration.k8s.io/v1", "refuses"
    rule = {"apiGroups": ["apps"], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["deployments"]}
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "!request.namespace.contains('refused')", "message": "not in this cluster"}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    return (
        namespace("refused-probe"),
        {"apiVersion": version, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": policy},
        {
            "apiVersion": version,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": binding,
        },
    )


def _is_refused(realm: Realm) -> bool:
    labels = {"app": "probe"}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "example.com/web"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": pods}
    document = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "probe"}, "spec": spec}
    try:
        path = "/apis/apps/v1/namespaces/refused-probe/deployments"
        realm.api.request("POST", path, document, params={"dryRun": "All"})
    except ApiError as error:
        return "not in this cluster" in error.text
    return False
