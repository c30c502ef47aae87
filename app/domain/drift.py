"""Drift: what somebody changed in the cluster, past Git. Told, and left to the syncer, which puts it back."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from app.domain.desired import Present
from app.domain.environment import Environment
from app.domain.health import Health, Phase, Sync

_NAMED = 10
"""How many objects a line of history names."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What is kept of something seen."""

    health: Health
    """Its `sync.drift` holds all that has drifted."""
    events: tuple[str, ...] = ()
    """Lines of history: drift that began, and drift that ended."""


def observed(environment: Environment, health: Health) -> Observed:
    """The health with what has drifted since the environment was seen last.

    Argo CD names what differs. Flux does not: there it is a workload that ran the wanted commit and does so no more,
    although that commit is still the one that is applied. Asking for "ran" keeps a rollout from looking like drift:
    that the commit is applied is often seen before what it made.
    """
    before = drift_of(environment.health)
    after = _drifted(environment, health, before)
    if health.sync is not None:
        health = replace(health, sync=replace(health.sync, drift=tuple(sorted(after))))
    return Observed(health, (*_began(after - before), *_ended(before - after)))


def drift_of(health: Health | None) -> frozenset[str]:
    """The objects (`Deployment/web`) that differ in the cluster from the commit that is applied."""
    return frozenset(health.sync.drift) if health is not None and health.sync is not None else frozenset()


def _drifted(environment: Environment, health: Health, before: Collection[str]) -> frozenset[str]:
    sync = health.sync
    if sync is None or not _is_steady(environment, health, sync):
        return frozenset()
    was_right = _right(environment, environment.health)
    is_right = _right(environment, health)
    lost = {
        name
        for name in environment.published.workloads
        if name not in is_right and (name in was_right or name in before)
    }
    return frozenset(lost.union(sync.drift))


def _is_steady(environment: Environment, health: Health, sync: Sync) -> bool:
    """The wanted commit is published and applied, so that nothing but a hand can make a difference."""
    if not isinstance(environment.desired, Present) or not environment.is_published or sync.applied is None:
        return False
    is_wanted = not sync.is_exact or sync.applied == environment.published.commit
    return is_wanted and health.phase in (Phase.ACTIVE, Phase.PARTIAL)


def _right(environment: Environment, health: Health | None) -> frozenset[str]:
    """The workloads that are of the wanted commit, ready or not."""
    if health is None or not isinstance(environment.desired, Present):
        return frozenset()
    spec = environment.desired.spec
    wanted = (spec.head_sha, spec.generation)
    return frozenset(each.name for each in health.workloads if (each.head_sha, each.generation) == wanted)


def _began(names: Collection[str]) -> tuple[str, ...]:
    if not names:
        return ()
    return (f"began: {_listed(names)} changed in the cluster; the syncer puts back what is in Git",)


def _ended(names: Collection[str]) -> tuple[str, ...]:
    return (f"ended: {_listed(names)}",) if names else ()


def _listed(names: Collection[str]) -> str:
    first = sorted(names)[:_NAMED]
    rest = len(names) - len(first)
    return ", ".join(first) + (f" and {rest} more" if rest else "")
