"""What an environment's manifests amount to: how large it is, what it runs, what it may use, what a change alters.

Manifests are `{file name: bytes}` that `gitops.check` has passed. That check does not look at every number in them, so
what cannot be read here counts as more than any rule allows, and nothing raises.
"""

import contextlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.domain.blacked import blacked, lines
from app.domain.lines import changed_lines
from gitops.dig import Object, list_at, mapping_at, value_at
from gitops.parse import NotPlainError, parse_object
from gitops.text import single_line

Files = Mapping[str, bytes]

UNKNOWN_REPLICAS = 2**31 - 1
"""What an odd number of pods counts as: the most that Kubernetes takes."""
UNKNOWN_MEMORY = 2**63 - 1
"""What an odd amount, or none, counts as: the most that Kubernetes takes."""

_QUANTITY = re.compile(r"(\+?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30}))(?:([eE][+-]?[0-9]{1,2})|([a-zA-Z]{0,2}))")
_SHOWN = 600
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")
_UNITS = {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1)}
_UNITS |= {unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)}
_UNITS |= {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)}
_POD_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_COUNTS: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("spec", "replicas"),
    "StatefulSet": ("spec", "replicas"),
    "Job": ("spec", "parallelism"),
    "CronJob": ("spec", "jobTemplate", "spec", "parallelism"),
}
_REPLICATED = frozenset({"Deployment", "StatefulSet"})


class Change(StrEnum):
    """What becomes of an object."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that is not as it was."""

    name: str
    """`Deployment/web`."""
    change: Change
    diff: str
    """Unified diff of its manifest as it is in Git, without the two lines that name files; what may be secret is
    blacked out."""


@dataclass(frozen=True, slots=True)
class Image:
    """What one container runs."""

    object: str
    """`Deployment/web`."""
    container: str
    reference: str
    """As it is written."""
    digest: str | None
    """`sha256:...` where the reference pins one; None: which image it is, is decided when it is pulled."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What the namespace may use at most of one resource."""

    resource: str
    """`limits.memory`, `pods` ..."""
    amount: str
    """As it is written: `4Gi`."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large an environment may get."""

    replicas: int
    """Pods of its Deployments and StatefulSets."""
    memory: int
    """Bytes that all of its pods may use together."""


def changes(before: Files, after: Files) -> tuple[ObjectChange, ...]:
    """What differs, object by object, sorted by name."""
    old, new = _contents(before), _contents(after)
    told = []
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        change = Change.ADDED if was is None else Change.REMOVED if now is None else Change.CHANGED
        told.append(ObjectChange(_text(name), change, changed_lines(was or b"", now or b"")))
    return tuple(told)


def images(files: Files) -> tuple[Image, ...]:
    """What every container runs, init containers first, in the order of the objects' names."""
    told = []
    for name, manifest in _objects(files).items():
        pod = mapping_at(manifest, *_POD_TEMPLATES.get(_kind(manifest), ("-",)))
        for container in (*list_at(pod, "initContainers"), *list_at(pod, "containers")):
            reference = _text(value_at(container, "image"))
            digest = _DIGEST.search(reference)
            told.append(Image(_text(name), _text(value_at(container, "name")), reference, digest and digest[1]))
    return tuple(told)


def quotas(files: Files) -> tuple[Quota, ...]:
    """What its ResourceQuotas allow, sorted; a resource that several of them limit is there several times."""
    return tuple(
        sorted(
            (
                Quota(_text(resource), _text(amount))
                for manifest in _objects(files).values()
                if _kind(manifest) == "ResourceQuota"
                for resource, amount in mapping_at(manifest, "spec", "hard").items()
            ),
            key=lambda quota: (quota.resource, quota.amount),
        )
    )


def secretive(files: Files) -> tuple[str, ...]:
    """The objects, sorted, in which something stands that looks like a secret."""
    return tuple(
        sorted(_text(name) for name, content in _contents(files).items() if blacked(content) != lines(content))
    )


def size(files: Files) -> Size:
    """How large it may get, by its limits and with every autoscaler at its maximum."""
    objects = _objects(files)
    default = _default_memory(objects)
    most = _autoscaled(objects)
    replicas = memory = 0
    for name, manifest in objects.items():
        kind = _kind(manifest)
        if kind not in _POD_TEMPLATES:
            continue
        pods = max(_count(value_at(manifest, *_COUNTS[kind])), most.get(name, 0))
        replicas += pods if kind in _REPLICATED else 0
        memory += pods * _pod_memory(mapping_at(manifest, *_POD_TEMPLATES[kind]), default)
    return Size(min(replicas, UNKNOWN_REPLICAS), min(memory, UNKNOWN_MEMORY))


def _contents(files: Files) -> dict[str, bytes]:
    return {name: content for name, _, content in _read(files)}


def _objects(files: Files) -> dict[str, Object]:
    return {name: manifest for name, manifest, _ in sorted(_read(files), key=lambda each: each[0])}


def _read(files: Files) -> Iterator[tuple[str, Object, bytes]]:
    """Each as `Kind/name`; what cannot be parsed bears its file's name."""
    for file, content in files.items():
        manifest: Object = {}
        with contextlib.suppress(NotPlainError):
            manifest = parse_object(content)
        kind, name = _kind(manifest), value_at(manifest, "metadata", "name")
        yield (f"{kind}/{name}" if kind and name else file), manifest, content


def _text(value: object) -> str:
    """As it is written, but for what no name has and PostgreSQL cannot keep."""
    return "" if value is None else single_line(str(value), _SHOWN)


def _kind(manifest: Object) -> str:
    kind = manifest.get("kind")
    return kind if isinstance(kind, str) else ""


def _autoscaled(objects: Mapping[str, Object]) -> dict[str, int]:
    """The most pods that an autoscaler makes: `{"Deployment/web": 4}`."""
    most: dict[str, int] = {}
    for manifest in objects.values():
        if _kind(manifest) == "HorizontalPodAutoscaler":
            target = mapping_at(manifest, "spec", "scaleTargetRef")
            name = f"{target.get('kind')}/{target.get('name')}"
            most[name] = max(most.get(name, 0), _count(value_at(manifest, "spec", "maxReplicas")))
    return most


def _count(value: Any) -> int:
    if value is None:
        return 1
    return value if type(value) is int and 0 <= value <= UNKNOWN_REPLICAS else UNKNOWN_REPLICAS


def _pod_memory(pod: Object, default: int) -> int:
    """Containers and sidecars run together; other init containers one at a time, before them
    (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers)."""
    highest = sidecars = 0
    for container in list_at(pod, "initContainers"):
        limit = _limit(container, default)
        if value_at(container, "restartPolicy") == "Always":
            sidecars += limit
        else:
            highest = max(highest, sidecars + limit)
    return max(highest, sidecars + sum(_limit(container, default) for container in list_at(pod, "containers")))


def _limit(container: object, default: int) -> int:
    limit = value_at(container, "resources", "limits", "memory")
    return default if limit is None else _bytes(limit)


def _default_memory(objects: Mapping[str, Object]) -> int:
    """What a container without a limit gets of a LimitRange; unlimited where there is none."""
    defaults = [
        _bytes(amount)
        for manifest in objects.values()
        if _kind(manifest) == "LimitRange"
        for limit in list_at(manifest, "spec", "limits")
        if value_at(limit, "type") == "Container" and (amount := value_at(limit, "default", "memory")) is not None
    ]
    return max(defaults, default=UNKNOWN_MEMORY)


def _bytes(quantity: object) -> int:
    """A quantity in bytes, rounded up
    (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/)."""
    if isinstance(quantity, bool) or not isinstance(quantity, str | int | float):
        return UNKNOWN_MEMORY
    found = _QUANTITY.fullmatch(str(quantity))
    if found is None or (found[3] or "") not in _UNITS:
        return UNKNOWN_MEMORY
    number, exponent, unit = found.groups()
    return min(math.ceil(Decimal(number + (exponent or "")) * _UNITS[unit or ""]), UNKNOWN_MEMORY)
