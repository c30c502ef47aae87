"""What is decided about a pod before it exists: its account, LimitRange defaults, Pod Security, ResourceQuota.

Sources: k8s.io/kubernetes/plugin/pkg/admission/{limitranger,serviceaccount,resourcequota} and
k8s.io/pod-security-admission/policy, shortened to what manifests of an environment meet.
"""

from fractions import Fraction

from app.demo.kubernetes.apiserver.errors import forbidden
from app.demo.kubernetes.apiserver.kinds import (
    LIMIT_RANGE,
    NAMESPACE,
    POD,
    RESOURCE_QUOTA,
    SERVICE_ACCOUNT,
    Json,
)
from app.demo.kubernetes.apiserver.podsecurity import violations
from app.demo.kubernetes.apiserver.quantity import format_quantity, parse_quantity
from app.demo.kubernetes.apiserver.store import Store

_ENFORCE = "pod-security.kubernetes.io/enforce"


def admit_pod(store: Store, body: Json) -> None:
    """Fills in what the namespace's LimitRanges say, in place. Raises 403 when the pod may not be."""
    namespace, name = body["metadata"]["namespace"], body["metadata"]["name"]
    account = body["spec"].setdefault("serviceAccountName", "default")
    if store.find(SERVICE_ACCOUNT, namespace, account) is None:
        why = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise forbidden(POD, name, why)
    _fill_limits(store, body)
    record = store.find(NAMESPACE, "", namespace)
    labels = (record.body["metadata"].get("labels") or {}) if record else {}
    if labels.get(_ENFORCE) == "restricted" and (found := violations(body["spec"])):
        raise forbidden(POD, name, f'violates PodSecurity "restricted:latest": {", ".join(found)}')
    _check_quotas(store, body)


def _fill_limits(store: Store, body: Json) -> None:
    for record in store.all(LIMIT_RANGE, body["metadata"]["namespace"]):
        for item in record.body.get("spec", {}).get("limits", ()):
            if item.get("type") == "Container":
                for container in body["spec"]["containers"]:
                    _fill_container(container["resources"], item)


def _fill_container(resources: Json, limits: Json) -> None:
    before = dict(resources.get("limits") or {})
    resources["limits"] = {**(limits.get("default") or {}), **before}
    # A limit without a request is the request as well; only what is still missing comes from the LimitRange.
    resources["requests"] = {**(limits.get("defaultRequest") or {}), **before, **(resources.get("requests") or {})}


def _check_quotas(store: Store, body: Json) -> None:
    namespace = body["metadata"]["namespace"]
    wanted = _usage(body)
    pods = [pod.body for pod in store.all(POD, namespace) if _counts(pod.body)]
    for quota in store.all(RESOURCE_QUOTA, namespace):
        hard = quota.body.get("spec", {}).get("hard", {})
        used = {name: sum((_usage(pod).get(name, Fraction(0)) for pod in pods), Fraction(0)) for name in hard}
        _check_quota(body, quota.name, hard, wanted, used)


def _check_quota(body: Json, quota: str, hard: Json, wanted: dict[str, Fraction], used: dict[str, Fraction]) -> None:
    name = body["metadata"]["name"]
    missing = sorted(key for key in hard if _is_compute(key) and not wanted.get(key))
    if missing:
        containers = ",".join(container["name"] for container in body["spec"]["containers"])
        listed = "; ".join(f"{key} for: {containers}" for key in missing)
        raise forbidden(POD, name, f"failed quota: {quota}: must specify {listed}")
    over = sorted(key for key in wanted if key in hard and used[key] + wanted[key] > parse_quantity(hard[key]))
    if over:
        requested = ",".join(f"{key}={format_quantity(key, wanted[key])}" for key in over)
        taken = ",".join(f"{key}={format_quantity(key, used[key])}" for key in over)
        limited = ",".join(f"{key}={hard[key]}" for key in over)
        raise forbidden(
            POD, name, f"exceeded quota: {quota}, requested: {requested}, used: {taken}, limited: {limited}"
        )


def _usage(body: Json) -> dict[str, Fraction]:
    """What a pod takes from a quota; init containers, which run before the others, are not counted."""
    usage: dict[str, Fraction] = {"pods": Fraction(1)}
    for container in body["spec"]["containers"]:
        for kind in ("requests", "limits"):
            for name, value in (container["resources"].get(kind) or {}).items():
                key = f"{kind}.{name}"
                usage[key] = usage.get(key, Fraction(0)) + parse_quantity(value)
    return usage


def _is_compute(name: str) -> bool:
    kind, _, resource = name.partition(".")
    return kind in {"requests", "limits"} and resource in {"cpu", "memory", "ephemeral-storage"}


def _counts(body: Json) -> bool:
    return body["status"].get("phase") not in {"Succeeded", "Failed"}
