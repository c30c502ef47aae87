"""The arithmetic of a Deployment's rollout: how far the new ReplicaSet may grow and the old ones shrink.

Source: k8s.io/kubernetes/pkg/controller/deployment/rolling.go and util/deployment_util.go.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.kinds import Json


@dataclass(frozen=True, slots=True)
class Scale:
    """One ReplicaSet in numbers."""

    wanted: int
    available: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How many pods there may be above, and missing below, the wanted number."""

    surge: int
    unavailable: int


def rollout_limits(spec: Json) -> Limits:
    """The limits of a Deployment's spec; percentages round up for the surge and down for what may be missing."""
    if spec["strategy"]["type"] == "Recreate":
        return Limits(0, spec["replicas"])
    update = spec["strategy"].get("rollingUpdate") or {}
    surge = _share(update.get("maxSurge", "25%"), spec["replicas"], rounds_up=True)
    unavailable = _share(update.get("maxUnavailable", "25%"), spec["replicas"], rounds_up=False)
    return Limits(surge, 1 if surge == unavailable == 0 else unavailable)


def new_scale(replicas: int, new: Scale, old: Sequence[Scale], limits: Limits) -> int:
    """How many replicas the newest ReplicaSet may have now."""
    total = new.wanted + sum(scale.wanted for scale in old)
    room = replicas + limits.surge - total
    return min(replicas, new.wanted + max(0, room)) if new.wanted < replicas else replicas


def old_scales(replicas: int, new: Scale, old: Sequence[Scale], limits: Limits) -> list[int]:
    """How many replicas each older ReplicaSet keeps, oldest first: the broken ones go first."""
    total = new.wanted + sum(scale.wanted for scale in old)
    spare = total - (replicas - limits.unavailable) - (new.wanted - new.available)
    kept = [scale.wanted for scale in old]
    for index, scale in enumerate(old):
        gone = max(0, min(scale.wanted - scale.available, spare))
        kept[index] -= gone
        spare -= gone
    available = new.available + sum(scale.available for scale in old)
    spare = min(spare, available - (replicas - limits.unavailable))
    for index, count in enumerate(kept):
        gone = max(0, min(count, spare))
        kept[index] -= gone
        spare -= gone
    return kept


def _share(value: int | str, replicas: int, *, rounds_up: bool) -> int:
    if isinstance(value, int):
        return value
    exact = int(value.rstrip("%")) * replicas / 100
    return math.ceil(exact) if rounds_up else math.floor(exact)
