"""What is measured, what is hoped for, and how both are shown."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Entry = Mapping[str, Any]
"""One measurement: `ours`, `limit`, `peers` (by name), `ratio` (ours to the limit) and `unit`."""

KEYS = ("ours", "limit", "peers", "ratio", "unit")
_HEAD = ("", "what", "ours", "limit", "peers", "ratio", "unit", "goal", "met")


@dataclass(frozen=True, slots=True)
class Goal:
    """What a measurement is of, the figure hoped for in words, and whether an entry reaches it."""

    what: str
    hope: str
    is_met: Callable[[Entry], bool]


INFORMER = "kubernetes informer"
INFORMER_MEMORY = "kubernetes informer, MiB"
OUR_MEMORY = "ours, MiB"


def _is_ahead(entry: Entry) -> bool:
    return all(entry["ours"] > peer for peer in entry["peers"].values())


GOALS = {
    "P1": Goal(
        "publish one environment among 10,000, beside a bare push of the same commit",
        "ratio <= 1.15, 40 times faster than a clone per job",
        lambda entry: entry["ratio"] <= 1.15 and entry["ours"] * 40 <= entry["peers"]["a clone per job"],
    ),
    "P2": Goal(
        "publish 200 environments at once, beside one fast-import and one push",
        "ratio <= 1.1",
        lambda entry: entry["ratio"] <= 1.1,
    ),
    "P3": Goal(
        "publish one environment among 10,000, beside one among 100",
        "ratio <= 1.1",
        lambda entry: entry["ratio"] <= 1.1,
    ),
    "P4": Goal(
        "render and check 8 objects, beside parsing them",
        ">= 100",
        lambda entry: entry["ours"] >= 100,
    ),
    "P5": Goal(
        "receive a webhook of 24 KB for good, beside the same gunicorn answering a constant",
        "ratio >= 0.25, ahead of the peer",
        lambda entry: entry["ratio"] >= 0.25 and _is_ahead(entry),
    ),
    "P9": Goal(
        "tell a push until it is ready, and its event coming again, by GitHub's count of calls",
        "<= 6 writes, <= 4 reads, 0 when it comes again",
        lambda entry: (
            all(entry["ours"][call] <= entry["limit"][call] for call in ("writes", "reads"))
            and entry["ours"]["redelivery_writes"] == 0
        ),
    ),
    "P13": Goal(
        "follow 10,000 Argo CD Applications, beside cutting the stream into lines",
        "6 times the informer's events a second, in a 20th of its memory",
        lambda entry: (
            entry["ours"] >= 6 * entry["peers"][INFORMER]
            and 20 * entry["peers"][OUR_MEMORY] <= entry["peers"][INFORMER_MEMORY]
        ),
    ),
    "P15": Goal(
        "tell a push that is reviewed until it is ready, beside one that is not, by GitHub's count of writes",
        "<= 4 more",
        lambda entry: entry["ours"]["pushed"] - entry["ours"]["direct"] <= entry["limit"]["more"],
    ),
    "P14": Goal(
        "prove a history of 10,000 commits, beside git log --raw -t of it",
        "<= 60 s",
        lambda entry: entry["ours"] <= 60,
    ),
}


def table(entries: Mapping[str, Entry]) -> str:
    """The measurements as a Markdown table, each beside its goal."""
    rows = [_HEAD, ("---",) * len(_HEAD), *(_row(name, entry) for name, entry in entries.items())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def document(entries: Mapping[str, Entry]) -> str:
    """The measurements as JSON: `{id: {ours, limit, peers, ratio, unit}}`."""
    return json.dumps({name: {key: entry[key] for key in KEYS} for name, entry in entries.items()}, indent=2) + "\n"


def _row(name: str, entry: Entry) -> tuple[str, ...]:
    goal = GOALS[name]
    peers = ", ".join(f"{peer}: {figure}" for peer, figure in entry["peers"].items())
    figures = (str(entry["ours"]), str(entry["limit"]), peers, str(entry["ratio"]), str(entry["unit"]))
    return name, goal.what, *figures, goal.hope, "yes" if goal.is_met(entry) else "no"
