"""Lists are consistent pages of one revision."""

import pytest

from app.demo.kubernetes.apiserver.kinds import CONFIG_MAP, NAMESPACE, Json
from app.demo.kubernetes.client import SimulatedKubernetes, SimulatorError

_PATH = "/api/v1/namespaces/default/configmaps?labelSelector=" + "paged"


def _fill(cluster: SimulatedKubernetes, count: int) -> None:
    for number in range(count):
        body = {"metadata": {"name": f"item-{number:02}", "labels": {"paged": "yes", "parity": str(number % 2)}}}
        cluster.create(CONFIG_MAP, "default", body)


def _names(page: Json) -> list[str]:
    return [item["metadata"]["name"] for item in page["items"]]


def _page(cluster: SimulatedKubernetes, query: str) -> Json:
    return cluster.request("GET", f"/api/v1/configmaps?{query}")


def test_pages_show_the_revision_of_the_first_page_whatever_happens_in_between(cluster: SimulatedKubernetes) -> None:
    _fill(cluster, 5)
    first = cluster.request("GET", f"{_PATH}&limit=2")
    cluster.delete(CONFIG_MAP, "default", "item-03")
    cluster.create(CONFIG_MAP, "default", {"metadata": {"name": "item-99", "labels": {"paged": "yes"}}})
    cluster.patch(CONFIG_MAP, "default", "item-04", {"data": {"changed": "yes"}})
    second = cluster.request("GET", f"{_PATH}&limit=2&continue={first['metadata']['continue']}")
    third = cluster.request("GET", f"{_PATH}&limit=2&continue={second['metadata']['continue']}")
    assert [_names(page) for page in (first, second, third)] == [
        ["item-00", "item-01"],
        ["item-02", "item-03"],
        ["item-04"],
    ]
    assert len({page["metadata"]["resourceVersion"] for page in (first, second, third)}) == 1
    assert "data" not in third["items"][0]
    assert "continue" not in third["metadata"]


def test_remaining_items_are_counted_only_without_a_selector(cluster: SimulatedKubernetes) -> None:
    _fill(cluster, 4)
    total = len(_page(cluster, "")["items"])
    assert _page(cluster, "limit=3")["metadata"]["remainingItemCount"] == total - 3
    assert "remainingItemCount" not in _page(cluster, "limit=1&labelSelector=paged")["metadata"]


def test_a_page_token_older_than_the_history_is_gone_with_a_token_to_go_on(cluster: SimulatedKubernetes) -> None:
    _fill(cluster, 3)
    first = cluster.request("GET", f"{_PATH}&limit=1")
    cluster.delete(CONFIG_MAP, "default", "item-02")
    cluster.compact()
    with pytest.raises(SimulatorError) as gone:
        cluster.request("GET", f"{_PATH}&limit=1&continue={first['metadata']['continue']}")
    status = gone.value.status
    assert (status["code"], status["reason"]) == (410, "Expired")
    rest = cluster.request("GET", f"{_PATH}&continue={status['metadata']['continue']}")
    assert _names(rest) == ["item-01"]


def test_revision_zero_is_answered_from_the_cache_which_ignores_the_limit(cluster: SimulatedKubernetes) -> None:
    _fill(cluster, 3)
    page = cluster.request("GET", f"{_PATH}&limit=1&resourceVersion=0")
    assert len(page["items"]) == 3
    assert "continue" not in page["metadata"]


def test_an_exact_revision_shows_the_past(cluster: SimulatedKubernetes) -> None:
    _fill(cluster, 2)
    then = cluster.request("GET", _PATH)["metadata"]["resourceVersion"]
    cluster.delete(CONFIG_MAP, "default", "item-00")
    past = cluster.request("GET", f"{_PATH}&resourceVersion={then}&resourceVersionMatch=Exact")
    assert _names(past) == ["item-00", "item-01"]
    assert past["metadata"]["resourceVersion"] == then


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("continue=nonsense", 400),
        ("limit=many", 400),
        ("resourceVersion=abc", 400),
        ("resourceVersion=99999999", 504),
        ("resourceVersion=1&resourceVersionMatch=Exact", 410),
        ("resourceVersionMatch=Exact", 422),
        ("sendInitialEvents=true", 422),
        ("watch=1&sendInitialEvents=true", 422),
        ("watch=1&resourceVersionMatch=NotOlderThan", 422),
        ("fieldSelector=spec.nodeName=x", 400),
        ("labelSelector=a(b", 400),
    ],
)
def test_options_that_make_no_sense_are_refused(cluster: SimulatedKubernetes, query: str, code: int) -> None:
    with pytest.raises(SimulatorError) as refused:
        _page(cluster, query)
    assert refused.value.code == refused.value.status["code"] == code


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("parity=0", ["item-00", "item-02"]),
        ("parity==1", ["item-01", "item-03"]),
        ("paged,parity!=1", ["item-00", "item-02"]),
        ("parity in (0, 1),paged=yes", ["item-00", "item-01", "item-02", "item-03"]),
        ("parity notin (0),paged", ["item-01", "item-03"]),
        ("paged,!parity", []),
        ("!paged", ["kube-root-ca.crt"]),
        ("parity", ["item-00", "item-01", "item-02", "item-03"]),
    ],
)
def test_labels_select(cluster: SimulatedKubernetes, selector: str, expected: list[str]) -> None:
    cluster.await_object(CONFIG_MAP, "default", "kube-root-ca.crt", lambda _: True)
    _fill(cluster, 4)
    assert _names({"items": cluster.objects(CONFIG_MAP, "default", labelSelector=selector)}) == expected


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("metadata.name=default", ["default"]),
        ("metadata.name!=default,status.phase=Active", ["kube-node-lease", "kube-public", "kube-system"]),
        ("metadata.name=absent", []),
    ],
)
def test_fields_select(cluster: SimulatedKubernetes, selector: str, expected: list[str]) -> None:
    assert _names({"items": cluster.objects(NAMESPACE, fieldSelector=selector)}) == expected
