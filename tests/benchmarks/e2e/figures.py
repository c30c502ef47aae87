"""What was measured on the real stack, beside the goals, for people and as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.e2e.ready import UNPOKED_SECONDS, Waits, p50, p95

PEER = "Argo CD's pull request generator"


@dataclass(frozen=True, slots=True)
class Figures:
    """One run with one syncer."""

    ours: Waits
    peer: Waits | None
    """None where the syncer has no such thing."""
    unpoked: float
    """Seconds from webhook to ready of a push that nobody told the syncer of."""
    together: float
    """Seconds until all that were opened at once ran."""
    many: int
    """How many that were."""
    peer_together: float | None
    """The same of as many that the peer was told of."""
    among_few: float
    """Processor seconds of the syncer."""
    among_many: float


def table(figures: Mapping[str, Figures]) -> str:
    """Everything as a Markdown table, each beside its goal."""
    head = ("syncer", "what", "figure", "goal", "met")
    rows = [head, ("---",) * len(head)]
    rows += [(syncer, *row) for syncer, found in figures.items() for row in _rows(found, _peer(figures))]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def document(figures: Mapping[str, Figures]) -> dict[str, Any]:
    """P11 and P12 as `build/bench.json` has the others: ours, limit, peers, ratio, unit; by syncer."""
    peer = _peer(figures)
    return {
        "P11": {
            "ours": {name: _waits(found) for name, found in figures.items()},
            "limit": peer and {"opened": p50(peer.opened), "pushed": p50(peer.pushed)},
            "peers": {
                **({PEER: _peer_waits(figures, peer)} if peer else {}),
                **{f"{name} without pokes": found.unpoked for name, found in figures.items()},
            },
            "ratio": peer
            and {
                name: max(
                    _ratio(p50(found.ours.opened), p50(peer.opened)), _ratio(p50(found.ours.pushed), p50(peer.pushed))
                )
                for name, found in figures.items()
            },
            "unit": "s",
        },
        "P12": {
            "ours": {name: round(found.among_many, 2) for name, found in figures.items()},
            "limit": {name: round(found.among_few, 2) for name, found in figures.items()},
            "peers": {},
            "ratio": {name: _ratio(found.among_many, found.among_few) for name, found in figures.items()},
            "unit": "CPU s",
        },
    }


def _peer(figures: Mapping[str, Figures]) -> Waits | None:
    return next((found.peer for found in figures.values() if found.peer), None)


def _peer_waits(figures: Mapping[str, Figures], peer: Waits) -> dict[str, float]:
    together = {
        f"{found.many} at once": round(found.peer_together, 1) for found in figures.values() if found.peer_together
    }
    return {"opened": p50(peer.opened), "pushed": p50(peer.pushed), **together}


def _waits(found: Figures) -> dict[str, float]:
    return {
        "opened": p50(found.ours.opened),
        "opened p95": p95(found.ours.opened),
        "pushed": p50(found.ours.pushed),
        "pushed p95": p95(found.ours.pushed),
        "push to applied p95": p95(found.ours.applied),
        f"{found.many} at once": round(found.together, 1),
    }


def _rows(found: Figures, peer: Waits | None) -> Iterator[tuple[str, str, str, str]]:
    for what, ours, theirs in (
        ("opened", found.ours.opened, peer.opened if peer else []),
        ("pushed", found.ours.pushed, peer.pushed if peer else []),
    ):
        times = f", {_ratio(p50(ours), p50(theirs))} times the peer's {p50(theirs)} s" if theirs else ""
        is_met = p50(ours) <= 1 and (not theirs or p50(ours) <= 2 * p50(theirs))
        figure = f"p50 {p50(ours)} s, p95 {p95(ours)} s{times}"
        yield f"P11 webhook to ready, {what}", figure, "p50 <= 1 s, <= 2 times the peer's", _yes(is_met)
    applied = p95(found.ours.applied)
    yield "push in Git to applied", f"p95 {applied} s", "p95 < 1 s", _yes(applied < 1)
    unpoked = f"{found.unpoked:.0f} s" if found.unpoked < UNPOKED_SECONDS else f"more than {UNPOKED_SECONDS:.0f} s"
    yield "the same, nobody woken", unpoked, "", ""
    beside = f"; the peer's {found.peer_together:.1f} s" if found.peer_together else ""
    figure = f"{found.together:.1f} s{beside}"
    yield f"{found.many} opened at once, all ready", figure, "<= 60 s", _yes(found.together <= 60)
    ratio = _ratio(found.among_many, found.among_few)
    figure = f"{found.among_many:.2f} CPU s among {found.many + 10}, {found.among_few:.2f} among 10: {ratio} times"
    yield "P12 one commit, the syncer's CPU", figure, "<= 2 times", _yes(ratio <= 2)


def _ratio(ours: float, other: float) -> float:
    return round(ours / other, 2) if other else 0.0


def _yes(is_met: bool) -> str:
    return "yes" if is_met else "no"
