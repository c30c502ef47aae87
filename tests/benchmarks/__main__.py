"""`python -m tests.benchmarks [P1 P5 ...]`: measure all or those named, print a table, write `build/bench.json`.

A goal that is missed is a line in the table, not a failure: this machine may be busy.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks import audit, calls, publish, render, watch, webhook
from tests.benchmarks.goals import GOALS, Entry, document, table

WRITTEN = Path(__file__).parents[2] / "build" / "bench.json"
_MEASURES = {
    ("P1", "P2", "P3"): publish.measure,
    ("P4",): render.measure,
    ("P5",): webhook.measure,
    ("P9", "P15"): calls.measure,
    ("P13",): watch.measure,
    ("P14",): audit.measure,
}


def main(arguments: list[str]) -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure all, or those named.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(GOALS))
    names = parser.parse_args(arguments).names or list(GOALS)
    if unknown := set(names) - set(GOALS):
        parser.error(f"there is no {min(unknown)}; use {', '.join(GOALS)}")
    entries = _measure(set(names))
    print(table(entries))
    WRITTEN.parent.mkdir(exist_ok=True)
    WRITTEN.write_text(document(entries))


def _measure(names: set[str]) -> Mapping[str, Entry]:
    entries: dict[str, Entry] = {}
    for together, measure in _MEASURES.items():
        if names.intersection(together):
            print(f"measuring {', '.join(together)}", file=sys.stderr, flush=True)
            entries |= measure()
    return {name: entry for name, entry in entries.items() if name in names}


if __name__ == "__main__":
    main(sys.argv[1:])
