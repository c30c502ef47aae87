"""ResourceQuota: what a namespace uses, and what would be too much.

Sources: k8s.io/kubernetes/pkg/quota/v1/evaluator/core and plugin/pkg/admission/resourcequota.
"""

from collections.abc import Iterable
from fractions import Fraction

from app.demo.kubernetes.apiserver import kinds
from app.demo.kubernetes.apiserver.errors import forbidden
from app.demo.kubernetes.apiserver.kinds import KINDS, POD, RESOURCE_QUOTA, Json, Kind
from app.demo.kubernetes.apiserver.quantity import format_quantity, parse_quantity
from app.demo.kubernetes.apiserver.store import Store

Usage = dict[str, Fraction]
_PLAIN_NAMES = (
    kinds.SERVICE,
    kinds.SECRET,
    kinds.CONFIG_MAP,
    kinds.RESOURCE_QUOTA,
    kinds.PERSISTENT_VOLUME_CLAIM,
)
"""Kinds that a quota may also count by their plural alone."""
_COMPUTE = ("cpu", "memory", "ephemeral-storage")


def check_quotas(store: Store, kind: Kind, body: Json) -> None:
    """Raises 403 when a quota of the namespace does not leave room for a new object."""
    if not kind.is_namespaced:
        return
    for quota in store.all(RESOURCE_QUOTA, body["metadata"]["namespace"]):
        hard = quota.body.get("spec", {}).get("hard", {})
        wanted = _wanted(kind, body, hard)
        if wanted or kind is POD:
            _check_quota(kind, body, quota.name, hard, wanted, _used(store, quota.namespace, wanted))


def quota_status(store: Store, namespace: str, hard: Json) -> Json:
    """What is allowed and what is used, as a quota's status tells it."""
    used = _used(store, namespace, hard)
    return {
        "hard": {name: format_quantity(name, parse_quantity(value)) for name, value in hard.items()},
        "used": {name: format_quantity(name, used.get(name, Fraction(0))) for name in hard},
    }


def _check_quota(kind: Kind, body: Json, quota: str, hard: Json, wanted: Usage, used: Usage) -> None:
    name = body["metadata"]["name"]
    missing = sorted(key for key in hard if kind is POD and _is_compute(key) and not wanted.get(key))
    if missing:
        containers = ",".join(container["name"] for container in body["spec"]["containers"])
        listed = "; ".join(f"{key} for: {containers}" for key in missing)
        raise forbidden(kind, name, f"failed quota: {quota}: must specify {listed}")
    over = sorted(key for key in wanted if used.get(key, Fraction(0)) + wanted[key] > parse_quantity(hard[key]))
    if over:
        requested = ",".join(f"{key}={format_quantity(key, wanted[key])}" for key in over)
        taken = ",".join(f"{key}={format_quantity(key, used.get(key, Fraction(0)))}" for key in over)
        limited = ",".join(f"{key}={format_quantity(key, parse_quantity(hard[key]))}" for key in over)
        why = f"exceeded quota: {quota}, requested: {requested}, used: {taken}, limited: {limited}"
        raise forbidden(kind, name, why)


def _used(store: Store, namespace: str, names: Iterable[str]) -> Usage:
    wanted = set(names)
    used: Usage = {}
    for kind in KINDS:
        if kind.is_namespaced and wanted & _names(kind):
            for record in store.all(kind, namespace):
                for name, amount in _wanted(kind, record.body, wanted).items():
                    used[name] = used.get(name, Fraction(0)) + amount
    return used


def _names(kind: Kind) -> set[str]:
    """The names under which a quota can count a kind."""
    names = {f"count/{kind.qualified}"}
    if kind in _PLAIN_NAMES:
        names.add(kind.plural)
    if kind is POD:
        names |= {"pods", *_COMPUTE, *(f"{side}.{name}" for side in ("requests", "limits") for name in _COMPUTE)}
    if kind is kinds.SERVICE:
        names |= {"services.loadbalancers", "services.nodeports"}
    if kind is kinds.PERSISTENT_VOLUME_CLAIM:
        names.add("requests.storage")
    return names


def _wanted(kind: Kind, body: Json, names: Iterable[str]) -> Usage:
    """What an object takes of what the names count."""
    usage: Usage = {name: Fraction(1) for name in _names(kind) if name.startswith("count/") or name == kind.plural}
    if kind is POD:
        usage = _pod_usage(body) if body["status"].get("phase") not in {"Succeeded", "Failed"} else {}
    if kind is kinds.SERVICE:
        kinds_of_port = {
            "LoadBalancer": ("services.loadbalancers", "services.nodeports"),
            "NodePort": ("services.nodeports",),
        }
        usage |= dict.fromkeys(kinds_of_port.get(body["spec"].get("type", ""), ()), Fraction(1))
    if kind is kinds.PERSISTENT_VOLUME_CLAIM:
        requests = (body.get("spec", {}).get("resources") or {}).get("requests") or {}
        usage["requests.storage"] = parse_quantity(requests.get("storage", 0))
    return {name: amount for name, amount in usage.items() if name in names}


def _pod_usage(body: Json) -> Usage:
    """What a pod takes; init containers, which run before the others, are not counted."""
    usage: Usage = {"pods": Fraction(1), "count/pods": Fraction(1)}
    for container in body["spec"]["containers"]:
        for side in ("requests", "limits"):
            for name, value in (container["resources"].get(side) or {}).items():
                keys = (f"{side}.{name}", name) if side == "requests" else (f"{side}.{name}",)
                for key in keys:
                    usage[key] = usage.get(key, Fraction(0)) + parse_quantity(value)
    return usage


def _is_compute(name: str) -> bool:
    side, _, resource = name.rpartition(".")
    return side in {"", "requests", "limits"} and resource in _COMPUTE
