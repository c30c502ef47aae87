"""P12: the processor time that one commit costs the syncer, counted over the minutes after it."""

import time

from app.demo.github.readings import PullRequest
from app.demo.real.stack import SYNCER_COMPONENTS
from tests.benchmarks.e2e.timeline import Timeline
from tests.e2e.realm import Realm
from tests.scenarios.shop import Shop


def one_commit(realm: Realm, timeline: Timeline, shop: Shop, pull: PullRequest, seconds: float) -> float:
    """Push to one of the environments; the processor seconds of all that the syncer does from then on."""
    parts = SYNCER_COMPONENTS[realm.syncer]
    before, until = realm.stack.cpu_seconds(parts), time.monotonic() + seconds
    pushed = shop.push(pull)
    timeline.await_ready(shop.row(pull).namespace, pushed.head_sha, seconds)
    time.sleep(max(0.0, until - time.monotonic()))
    return realm.stack.cpu_seconds(parts) - before


def settle(realm: Realm, seconds: float = 60.0) -> None:
    """Wait until the syncer has little to do, or for so long."""
    parts, until = SYNCER_COMPONENTS[realm.syncer], time.monotonic() + seconds
    while time.monotonic() < until:
        before = realm.stack.cpu_seconds(parts)
        time.sleep(5)
        if realm.stack.cpu_seconds(parts) - before < 0.2:
            return
