"""`python -m tests.benchmarks.e2e`: measure P11 and P12 with each syncer, print a table, write `build/bench-e2e.json`.

In one run for each syncer, on one stack: beside an environment that can never become ready and one that the API
server refuses, pull requests one after the other (P11), the peer, then one commit among 10 environments, 200 opened at
once, one commit among all of them (P12), and as many opened at once for the peer. A goal that is missed is a line in
the table, not a failure.
"""

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from app.demo.real import tools
from app.demo.real.stack import Syncer
from tests.benchmarks.e2e import cost, peer, ready
from tests.benchmarks.e2e.figures import Figures, document, table
from tests.benchmarks.e2e.peer import Peer
from tests.benchmarks.e2e.ready import Waits, p50, p95
from tests.benchmarks.e2e.timeline import Timeline
from tests.e2e.options import SYNCERS
from tests.e2e.realm import Realm
from tests.scenarios.shop import Shop

WRITTEN = Path(__file__).parents[3] / "build" / "bench-e2e.json"
FEW = 10
DEDICATED = {"timeout.reconciliation": "1h"}
_PEOPLE = 8
_READY_SECONDS = 600.0
_REFUSAL = {
    "matchConstraints": {
        "resourceRules": [
            {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}
        ]
    },
    "matchConditions": [{"name": "is-it", "expression": 'object.metadata.namespace.endsWith("-refused")'}],
    "validations": [{"expression": "false", "message": "nothing runs here"}],
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    many: int
    seconds: float
    """How long a commit's cost is counted."""
    is_dedicated: bool
    """Argo CD is set up as `ephemera bootstrap argocd --dedicated` has it."""


@click.command()
@click.option("--syncer", type=click.Choice(SYNCERS), help="this one alone  [default: one after the other]")
@click.option("--rounds", default=12, show_default=True, help="pull requests for P11")
@click.option("--many", default=200, show_default=True, help="environments opened at once")
@click.option("--minutes", default=4.0, show_default=True, help="how long a commit's cost is counted")
@click.option(
    "--shared", is_flag=True, help="with an Argo CD that looks at every Application by itself every two minutes"
)
def main(syncer: Syncer | None, rounds: int, many: int, minutes: float, *, shared: bool) -> None:
    """Measure, print, write."""
    try:
        tools.find()
    except tools.ToolsMissing as error:
        click.echo(f"ephemera: {error}", err=True)
        sys.exit(1)
    plan = Plan(rounds, many, minutes * 60, not shared)
    figures: dict[str, Figures] = {name: _measure(name, plan) for name in ([syncer] if syncer else SYNCERS)}
    print(table(figures))
    WRITTEN.parent.mkdir(exist_ok=True)
    WRITTEN.write_text(json.dumps(document(figures), indent=2) + "\n")


def _measure(syncer: Syncer, plan: Plan) -> Figures:
    with (
        tempfile.TemporaryDirectory(prefix="bench-e2e-") as folder,
        Realm.running(Path(folder), syncer, DEDICATED if plan.is_dedicated else None) as realm,
    ):
        timeline = Timeline(realm.api)
        timeline.start()
        generator = peer.running(realm, timeline) if syncer == "argocd" else nullcontext()
        try:
            with generator as other:
                return _figures(realm, timeline, plan, other)
        finally:
            timeline.stop()


def _figures(realm: Realm, timeline: Timeline, plan: Plan, other: Peer | None) -> Figures:
    _open_the_broken(realm)
    shop = Shop.create(realm.world, "acme/one")
    _say(realm, "warming up")
    ready.measure(realm, timeline, shop, 2)
    _say(realm, f"{plan.rounds} pull requests, one after the other")
    ours = ready.measure(realm, timeline, shop, plan.rounds)
    _say(realm, f"opened {p50(ours.opened)} s, pushed {p50(ours.pushed)} s, applied p95 {p95(ours.applied)} s")
    theirs = _peer(realm, other, plan) if other else None
    _say(realm, "one that nobody wakes the syncer for")
    unpoked = ready.unpoked(realm, timeline, Shop.create(realm.world, "acme/unpoked"))
    _say(realm, f"one commit among {FEW}")
    few = Shop.create(realm.world, "acme/few")
    pulls = [few.open() for _ in range(FEW)]
    ready.many(timeline, few, pulls, time.time(), _READY_SECONDS)
    cost.settle(realm)
    among_few = cost.one_commit(realm, timeline, few, pulls[0], plan.seconds)
    _say(realm, f"{plan.many} opened at once")
    crowd = Shop.create(realm.world, "acme/many")
    began = time.time()
    with ThreadPoolExecutor(_PEOPLE) as people:
        opened = list(people.map(lambda _: crowd.open(), range(plan.many)))
    together = ready.many(timeline, crowd, opened, began, _READY_SECONDS)
    _say(realm, f"all of them run after {together:.0f} s")
    _say(realm, f"one commit among {FEW + plan.many}")
    cost.settle(realm)
    among_many = cost.one_commit(realm, timeline, few, pulls[1], plan.seconds)
    peer_together = _peer_at_once(realm, other, plan) if other else None
    return Figures(ours, theirs, unpoked, together, plan.many, peer_together, among_few, among_many)


def _peer_at_once(realm: Realm, other: Peer, plan: Plan) -> float:
    _say(realm, f"{plan.many} opened at once for its own generator")
    seconds = other.many(plan.many, _READY_SECONDS)
    _say(realm, f"all of them run after {seconds:.0f} s")
    return seconds


def _peer(realm: Realm, other: Peer, plan: Plan) -> Waits:
    _say(realm, "Argo CD's own generator")
    waits = Waits()
    for number in range(plan.rounds + 2):
        pull, opened = other.opened()
        time.sleep(1)
        pushed = other.pushed(pull)
        other.closed(pull)
        if number >= 2:
            waits.opened.append(opened)
            waits.pushed.append(pushed)
    _say(realm, f"its own generator: opened {p50(waits.opened)} s, pushed {p50(waits.pushed)} s")
    return waits


def _open_the_broken(realm: Realm) -> None:
    """One whose image does not exist, and one whose Deployment the API server refuses."""
    policy: dict[str, Any] = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "refused"}}
    realm.api.apply(
        [
            {**policy, "kind": "ValidatingAdmissionPolicy", "spec": _REFUSAL},
            {
                **policy,
                "kind": "ValidatingAdmissionPolicyBinding",
                "spec": {"policyName": "refused", "validationActions": ["Deny"]},
            },
        ]
    )
    for name in ("acme/image-not-found", "acme/refused"):
        shop = Shop.create(realm.world, name)
        shop.await_status(shop.open(), "failed")


def _say(realm: Realm, what: str) -> None:
    print(f"{realm.syncer}: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
