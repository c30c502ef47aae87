"""Drift in the cluster: told when it begins and when it ends, and never mistaken for a rollout."""

from dataclasses import replace

import pytest

from app.domain.desired import Absent
from app.domain.drift import observed
from app.domain.environment import Environment
from app.domain.health import Health, Phase, Sync, Workload
from tests.domain.builders import OLD_SHA, environment, web

COMMIT = "c" * 40
WEB, SERVICE = "Deployment/web", "Service/web"
NOTHING: tuple[Workload, ...] = ()


def seen(*workloads: Workload, drift: tuple[str, ...] = (), applied: str | None = COMMIT, exact: bool = True) -> Health:
    """A namespace whose syncer says that it has applied the commit."""
    sync = Sync("Kustomization/pr-42-shop", applied, is_exact=exact, drift=drift)
    return Health(Phase.ACTIVE, workloads, sync=sync)


RAN = environment(health=seen(web()))
LOST = environment(health=seen(drift=(WEB,)))


@pytest.mark.parametrize(
    ("row", "health", "drift"),
    [
        (RAN, seen(web()), ()),
        (RAN, seen(web(ready=False)), ()),
        (RAN, seen(web(), drift=(SERVICE,)), (SERVICE,)),
        (RAN, seen(drift=(SERVICE,)), (WEB, SERVICE)),
        (RAN, seen(), (WEB,)),
        (RAN, seen(web(sha=OLD_SHA)), (WEB,)),
        (RAN, replace(seen(), phase=Phase.PARTIAL), (WEB,)),
        (RAN, seen(applied="e" * 40, exact=False), (WEB,)),
        (RAN, seen(applied="e" * 40), ()),
        (RAN, seen(applied=None), ()),
        (RAN, replace(seen(), sync=None), ()),
        (RAN, replace(seen(drift=(WEB,)), phase=Phase.TERMINATING), ()),
        (LOST, seen(), (WEB,)),
        (LOST, seen(web()), ()),
        (environment(health=None), seen(), ()),
        (environment(health=seen(web(sha=OLD_SHA))), seen(web(sha=OLD_SHA)), ()),
        (environment(health=seen(web()), desired=Absent("closed")), seen(drift=(WEB,)), ()),
        (replace(RAN, desired_generation=4, decided_generation=4), seen(drift=(WEB,)), ()),
    ],
)
def test_drift(row: Environment, health: Health, drift: tuple[str, ...]) -> None:
    kept = observed(row, health).health
    assert (kept.sync.drift if kept.sync else ()) == drift


def test_beginning_and_end_are_told_once_each() -> None:
    began = observed(RAN, seen())
    assert began.events == (f"began: {WEB} changed in the cluster; the syncer puts back what is in Git",)
    drifting = replace(RAN, health=began.health)
    assert observed(drifting, seen()).events == ()
    ended = observed(drifting, seen(web()))
    assert ended.events == (f"ended: {WEB}",)
    assert observed(replace(RAN, health=ended.health), seen(web())).events == ()


def test_much_drift_is_counted_and_not_listed() -> None:
    many = tuple(f"ConfigMap/{number:02}" for number in range(30))
    [event] = observed(RAN, seen(web(), drift=many)).events
    assert "ConfigMap/09 and 20 more" in event
