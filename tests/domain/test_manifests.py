"""What manifests amount to. What cannot be read counts as more than any rule allows."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.domain.manifests import (
    UNKNOWN_MEMORY,
    UNKNOWN_REPLICAS,
    Change,
    Image,
    Quota,
    Size,
    changes,
    images,
    quotas,
    secretive,
    size,
)

MIB = 2**20


def written(*objects: dict[str, Any]) -> dict[str, bytes]:
    """The objects as files."""
    return {f"{index}.yaml": yaml.safe_dump(each).encode() for index, each in enumerate(objects)}


def container(memory: Any = None, **more: Any) -> dict[str, Any]:
    """A container, with a limit where one is given."""
    limits = {} if memory is None else {"resources": {"limits": {"memory": memory}}}
    return {"name": "web", "image": "shop"} | limits | more


def workload(
    *containers: Any, kind: str = "Deployment", init: tuple[Any, ...] = (), name: str = "web", **spec: Any
) -> dict[str, Any]:
    """Something that makes pods."""
    pod = {"containers": list(containers), "initContainers": list(init)}
    return {"kind": kind, "metadata": {"name": name}, "spec": {"template": {"spec": pod}, **spec}}


def autoscaler(most: Any, target: str = "web") -> dict[str, Any]:
    """An autoscaler of a Deployment."""
    spec = {"maxReplicas": most, "scaleTargetRef": {"kind": "Deployment", "name": target}}
    return {"kind": "HorizontalPodAutoscaler", "metadata": {"name": target}, "spec": spec}


LIMIT_RANGE = {
    "kind": "LimitRange",
    "metadata": {"name": "containers"},
    "spec": {
        "limits": [{"type": "Pod", "max": {"memory": "9Gi"}}, {"type": "Container", "default": {"memory": "7Mi"}}]
    },
}
CRON = {"jobTemplate": {"spec": {"parallelism": 2, "template": {"spec": {"containers": [container("3Mi")]}}}}}


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ([], Size(0, 0)),
        ([workload(container("1Mi"))], Size(1, MIB)),
        ([workload(container("1Mi"), container("2Mi"), replicas=3)], Size(3, 9 * MIB)),
        ([workload(container("1Mi"), replicas=0)], Size(0, 0)),
        ([workload(container("1Mi"), replicas=2), workload(container("4Mi"), kind="StatefulSet")], Size(3, 6 * MIB)),
        ([workload(container("1Mi"), kind="Job", parallelism=5)], Size(0, 5 * MIB)),
        ([{"kind": "CronJob", "metadata": {"name": "nightly"}, "spec": CRON}], Size(0, 6 * MIB)),
        ([workload(container("1Mi"), replicas=2), autoscaler(5)], Size(5, 5 * MIB)),
        ([workload(container("1Mi"), replicas=9), autoscaler(5)], Size(9, 9 * MIB)),
        ([workload(container("1Mi"), replicas=2), autoscaler(5, "other")], Size(2, 2 * MIB)),
        ([workload(container("1Mi"), init=(container("5Mi"),))], Size(1, 5 * MIB)),
        ([workload(container("1Mi"), init=(container("5Mi", restartPolicy="Always"),))], Size(1, 6 * MIB)),
        ([workload(container()), LIMIT_RANGE], Size(1, 7 * MIB)),
        ([workload(container())], Size(1, UNKNOWN_MEMORY)),
        ([workload(container("1Mi"), replicas="2")], Size(UNKNOWN_REPLICAS, UNKNOWN_REPLICAS * MIB)),
        ([workload(container("1Mi"), replicas=True)], Size(UNKNOWN_REPLICAS, UNKNOWN_REPLICAS * MIB)),
        ([workload(container("1Mi"), replicas=-1)], Size(UNKNOWN_REPLICAS, UNKNOWN_REPLICAS * MIB)),
    ],
)
def test_size_is_the_most_that_can_run(objects: list[dict[str, Any]], expected: Size) -> None:
    assert size(written(*objects)) == expected


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ("1", 1),
        (1024, 1024),
        ("1k", 1000),
        ("1Ki", 1024),
        ("1.5Gi", 1536 * MIB),
        (".5Mi", MIB // 2),
        ("+1M", 10**6),
        ("1e3", 1000),
        ("12E2", 1200),
        ("2E", 2 * 10**18),
        ("1500m", 2),
        ("1n", 1),
        (1e3, 1000),
        ("8Ei", UNKNOWN_MEMORY),
        ("-1", UNKNOWN_MEMORY),
        ("1e999999999", UNKNOWN_MEMORY),
        ("1K", UNKNOWN_MEMORY),
        ("1 Gi", UNKNOWN_MEMORY),
        ("lots", UNKNOWN_MEMORY),
        ("", UNKNOWN_MEMORY),
        (float("inf"), UNKNOWN_MEMORY),
        (True, UNKNOWN_MEMORY),
        (["1Gi"], UNKNOWN_MEMORY),
    ],
)
def test_quantities_are_read_as_kubernetes_reads_them(quantity: Any, expected: int) -> None:
    assert size(written(workload(container(quantity)))).memory == expected


def test_changes_name_each_object_once() -> None:
    before = written(workload(container("1Mi")), workload(container("1Mi"), name="old"))
    after = written(workload(container("2Mi")), workload(container("1Mi"), name="new"))
    told = changes(before, after)
    assert [(each.name, each.change) for each in told] == [
        ("Deployment/new", Change.ADDED),
        ("Deployment/old", Change.REMOVED),
        ("Deployment/web", Change.CHANGED),
    ]
    assert [line for line in told[2].diff.split("\n") if line[0] in "+-"] == [
        "-            memory: 1Mi",
        "+            memory: 2Mi",
    ]


def test_an_object_may_move_to_another_file() -> None:
    files = written(LIMIT_RANGE)
    assert changes(files, {"elsewhere.yaml": files["0.yaml"]}) == ()


def test_names_that_postgresql_cannot_keep_are_made_fit() -> None:
    (told,) = changes({}, {"odd.yaml": b'{kind: Service, metadata: {name: "a\\0b"}}'})
    assert told.name == "Service/a b"


def test_changed_secret_shows_as_changed_and_not_at_all() -> None:
    before, after = (
        written({"kind": "ConfigMap", "metadata": {"name": "it"}, "data": {"API_KEY": value, "COLOUR": "red"}})
        for value in ("first", "second")
    )
    (told,) = changes(before, after)
    assert [line for line in told.diff.split("\n") if line[0] in "+-"] == ["-  API_KEY: ***", "+  API_KEY: ***"]
    assert secretive(after) == ("ConfigMap/it",)


def test_images_are_told_as_they_are_written() -> None:
    pinned = f"ghcr.io/acme/shop:1@sha256:{'a' * 64}"
    files = written(workload(container(name="web", image=pinned), init=(container(name="setup", image="busybox"),)))
    assert images(files) == (
        Image("Deployment/web", "setup", "busybox", None),
        Image("Deployment/web", "web", pinned, f"sha256:{'a' * 64}"),
    )


def test_quotas_are_told_as_they_are_written() -> None:
    hard = {"pods": "20", "limits.memory": "8Gi"}
    quota = {"kind": "ResourceQuota", "metadata": {"name": "it"}, "spec": {"hard": hard}}
    assert quotas(written(LIMIT_RANGE, quota)) == (Quota("limits.memory", "8Gi"), Quota("pods", "20"))


KEYS = st.sampled_from(
    ["kind", "metadata", "name", "spec", "template", "containers", "limits", "memory", "data", "env", "value", "hard"]
)
KINDS = st.sampled_from(["Deployment", "Job", "CronJob", "ConfigMap", "ResourceQuota", "LimitRange"])
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, ODD, max_size=4), KINDS, st.binary(max_size=40))
def test_nothing_odd_raises(odd: dict[str, Any], kind: str, noise: bytes) -> None:
    files = {**written(odd | {"kind": kind}), "noise.yaml": noise}
    assert len(changes({}, files)) >= 1
    assert size(files).memory >= 0
    images(files)
    quotas(files)
