"""Requests fail on demand, and every request is in the ledger."""

import json

import pytest
import urllib3

from app.demo.kubernetes.apiserver.faults import Fault
from app.demo.kubernetes.apiserver.kinds import CONFIG_MAP
from app.demo.kubernetes.client import SimulatedKubernetes, SimulatorError
from tests.demo.kubernetes.conftest import TOKEN
from tests.demo.kubernetes.environments import config_map

_PODS = "/api/v1/pods"


def _get(cluster: SimulatedKubernetes, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", cluster.url + path, headers=headers, retries=False, timeout=5.0)


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        (_PODS, {"Authorization": "Bearer wrong"}, 401),
        (_PODS, {"Authorization": "Basic eA=="}, 401),
        ("/version", {"Authorization": "Bearer wrong"}, 401),
        (_PODS, {}, 403),
        ("/apis", {}, 403),
        ("/_sim/ledger", {}, 403),
        ("/version", {}, 200),
        ("/readyz", {}, 200),
        ("/livez", {}, 200),
    ],
)
def test_who_is_let_in(cluster: SimulatedKubernetes, path: str, headers: dict[str, str], code: int) -> None:
    answer = _get(cluster, path, **headers)
    assert answer.status == code
    if code > 400:
        assert json.loads(answer.data)["code"] == code


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api", 200),
        ("/apis", 200),
        ("/api/v1", 200),
        ("/apis/apps", 200),
        ("/apis/argoproj.io/v1alpha1", 200),
        ("/apis/apps/v2", 404),
        ("/apis/apps/v1/controllerrevisions", 404),
        ("/api/v1/pods/x", 404),
        ("/api/v1/namespaces/default/pods/x", 404),
        ("/nothing", 404),
    ],
)
def test_what_is_served(cluster: SimulatedKubernetes, path: str, code: int) -> None:
    assert _get(cluster, path, Authorization=f"Bearer {TOKEN}").status == code


def test_a_client_that_does_not_take_json_gets_nothing(cluster: SimulatedKubernetes) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/vnd.kubernetes.protobuf"}
    assert _get(cluster, _PODS, **headers).status == 406


def test_a_fault_is_used_up(cluster: SimulatedKubernetes) -> None:
    cluster.add_fault(Fault("status", method="GET", path=f"{_PODS}*", times=2, code=429, retry_after=7))
    for _ in range(2):
        answer = _get(cluster, f"{_PODS}?limit=1", Authorization=f"Bearer {TOKEN}")
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
        assert json.loads(answer.data)["reason"] == "TooManyRequests"
    assert _get(cluster, _PODS, Authorization=f"Bearer {TOKEN}").status == 200


@pytest.mark.parametrize("kind", ["half-body", "lost-answer"])
def test_an_answer_breaks_off_though_the_work_was_done(cluster: SimulatedKubernetes, kind: str) -> None:
    cluster.add_fault(Fault("half-body" if kind == "half-body" else "lost-answer", method="POST"))
    with pytest.raises(urllib3.exceptions.HTTPError):
        cluster.create(CONFIG_MAP, "default", config_map("default", "box"))
    assert cluster.find(CONFIG_MAP, "default", "box") is not None


def test_a_stalled_answer_comes_late(cluster: SimulatedKubernetes) -> None:
    cluster.add_fault(Fault("stall", path=_PODS, seconds=30))
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        urllib3.request("GET", cluster.url + _PODS, retries=False, timeout=0.2)


def test_a_resource_is_forbidden_in_the_words_of_rbac(cluster: SimulatedKubernetes) -> None:
    cluster.forbid("deployments.apps", "list")
    with pytest.raises(SimulatorError) as refused:
        cluster.request("GET", "/apis/apps/v1/namespaces/default/deployments")
    status = refused.value.status
    assert status["reason"] == "Forbidden"
    assert status["message"].startswith("deployments.apps is forbidden: User")
    assert status["message"].endswith(
        'cannot list resource "deployments" in API group "apps" in the namespace "default"'
    )
    cluster.clear_faults()
    assert cluster.request("GET", "/apis/apps/v1/deployments")["items"] == []


def test_a_caller_can_ask_what_it_may_do(cluster: SimulatedKubernetes) -> None:
    cluster.forbid("pods", "watch")
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answers = [
        cluster.request("POST", path, {"spec": {"resourceAttributes": {"verb": verb, "resource": "pods"}}})
        for verb in ("watch", "list")
    ]
    assert [answer["status"]["allowed"] for answer in answers] == [False, True]


def test_the_ledger_holds_every_request_but_those_of_the_control_plane(cluster: SimulatedKubernetes) -> None:
    cluster.clear_ledger()
    cluster.request("GET", f"{_PODS}?limit=5")
    cluster.find(CONFIG_MAP, "default", "absent")
    entries = [(entry.method, entry.path, entry.query, entry.code) for entry in cluster.ledger()]
    assert entries == [
        ("GET", _PODS, {"limit": "5"}, 200),
        ("GET", "/api/v1/namespaces/default/configmaps/absent", {}, 404),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "/_sim/faults", {"kind": "earthquake"}, 400),
        ("POST", "/_sim/failures", {"kind": "earthquake"}, 400),
        ("POST", "/_sim/failures", {"sort": "quota"}, 400),
        ("POST", "/_sim/watches", {"action": "shake"}, 400),
        ("POST", "/_sim/nothing", {}, 405),
    ],
)
def test_the_control_plane_refuses_what_it_does_not_know(
    cluster: SimulatedKubernetes, method: str, path: str, body: object, code: int
) -> None:
    with pytest.raises(SimulatorError) as refused:
        cluster.request(method, path, body)
    assert refused.value.code == code
