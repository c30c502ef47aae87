"""P11: from the webhook until the commit runs, and from the push in Git until it is applied."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from app.demo.github.readings import PullRequest
from app.demo.outside import ENVIRONMENTS
from tests.benchmarks.e2e.timeline import Timeline, pushed_at
from tests.e2e.realm import Realm
from tests.scenarios.shop import Shop

PATIENCE_SECONDS = 120.0
UNPOKED_SECONDS = 60.0
"""How long is waited for what nobody woke the syncer for."""
_PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class Waits:
    """Seconds, one for each pull request."""

    opened: list[float] = field(default_factory=list)
    """From the webhook until the opened pull request's commit runs."""
    pushed: list[float] = field(default_factory=list)
    """From the webhook until the pushed commit runs."""
    applied: list[float] = field(default_factory=list)
    """From the push to the environments repository until the cluster holds the pushed commit."""


def measure(realm: Realm, timeline: Timeline, shop: Shop, count: int) -> Waits:
    """Open pull requests, push to each and close it, one after the other."""
    waits = Waits()
    for _ in range(count):
        began = time.time()
        pull = shop.open()
        namespace = f"pr-{pull.number}-{shop.name.partition('/')[2]}"
        waits.opened.append(timeline.await_ready(namespace, pull.head_sha, PATIENCE_SECONDS) - began)
        shop.await_status(pull, "ready")
        time.sleep(_PAUSE_SECONDS)
        began = time.time()
        pull = shop.push(pull)
        waits.pushed.append(timeline.await_ready(namespace, pull.head_sha, PATIENCE_SECONDS) - began)
        shop.await_status(pull, "ready")
        applied = timeline.await_applied(namespace, pull.head_sha, PATIENCE_SECONDS)
        waits.applied.append(applied - pushed_at(_bare(realm), f"refs/environments/{namespace}"))
        shop.close(pull)
        shop.await_status(pull, "destroyed")
    return waits


def unpoked(realm: Realm, timeline: Timeline, shop: Shop) -> float:
    """The wait of one push whose syncer Ephemera may not wake; UNPOKED_SECONDS when it was longer."""
    pull = shop.open_until_ready()
    namespace = shop.row(pull).namespace
    role, namespaced = ("rbac.authorization.k8s.io/v1", "Role", "ephemera"), realm.cluster.inside.syncer_namespace
    held = realm.api.get(*role, namespaced)
    assert held is not None
    without = [{**rule, "verbs": [verb for verb in rule["verbs"] if verb != "patch"]} for rule in held["rules"]]
    realm.api.patch(*role, {"rules": without}, namespaced)
    try:
        began = time.time()
        pull = shop.push(pull)
        return timeline.await_ready(namespace, pull.head_sha, UNPOKED_SECONDS) - began
    except TimeoutError:
        return UNPOKED_SECONDS
    finally:
        realm.api.patch(*role, {"rules": held["rules"]}, namespaced)


def many(timeline: Timeline, shop: Shop, pulls: Sequence[PullRequest], began: float, seconds: float) -> float:
    """How long it took from `began` until all of them run."""
    name = shop.name.partition("/")[2]
    times = [timeline.await_ready(f"pr-{pull.number}-{name}", pull.head_sha, seconds) for pull in pulls]
    return max(times) - began


def p50(values: Sequence[float]) -> float:
    """Their median, rounded for a table."""
    return round(median(values), 2)


def p95(values: Sequence[float]) -> float:
    """Their 95th percentile, rounded for a table."""
    return round(quantiles(values, n=20, method="inclusive")[-1] if len(values) > 1 else values[0], 2)


def _bare(realm: Realm) -> Path:
    return realm.world.outside.directory / "git" / f"{ENVIRONMENTS}.git"
