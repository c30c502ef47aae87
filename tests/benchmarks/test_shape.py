"""What `make bench` prints and writes, from made-up measurements."""

import json
from typing import Any

import pytest

from tests.benchmarks.goals import GOALS, INFORMER, INFORMER_MEMORY, OUR_MEMORY, document, table


def measured(ours: float, limit: float, **peers: float) -> dict[str, Any]:
    """An entry as the measurements give it, with more than the file is to hold."""
    return {"ours": ours, "limit": limit, "peers": peers, "ratio": round(ours / limit, 3), "unit": "x/s", "note": "-"}


def cells(markdown: str) -> list[list[str]]:
    """The rows of a Markdown table."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in markdown.splitlines()]


def test_table_has_a_row_for_each_measurement_under_one_head() -> None:
    head, rule, *rows = cells(table({"P2": measured(105, 100), "P5": measured(300, 1000, other=200.5)}))
    assert head == ["", "what", "ours", "limit", "peers", "ratio", "unit", "goal", "met"]
    assert set(rule) == {"---"}
    assert [row[0] for row in rows] == ["P2", "P5"]
    assert rows[1][2:7] == ["300", "1000", "other: 200.5", "0.3", "x/s"]
    assert {len(row) for row in (head, rule, *rows)} == {9}


def test_file_holds_five_figures_of_each_measurement_and_nothing_else() -> None:
    written = json.loads(document({"P5": measured(300, 1000, other=200.5)}))
    assert written == {
        "P5": {"ours": 300, "limit": 1000, "peers": {"other": 200.5}, "ratio": 0.3, "unit": "x/s"},
    }


CLONE = "a clone per job"


def followed(ours: float, informer: float, informer_memory: float, our_memory: float) -> dict[str, Any]:
    """An entry of P13."""
    return measured(ours, 1000, **{INFORMER: informer, INFORMER_MEMORY: informer_memory, OUR_MEMORY: our_memory})


def counted(writes: int, reads: int, again: int) -> dict[str, Any]:
    """An entry of P9."""
    names = ("writes", "reads", "redelivery_writes")
    ours, limit = dict(zip(names, (writes, reads, again), strict=True)), dict(zip(names, (6, 4, 0), strict=True))
    return {"ours": ours, "limit": limit, "peers": {}, "ratio": 1.0, "unit": "calls"}


def reviewed(pushed: int) -> dict[str, Any]:
    """An entry of P15."""
    ours = {"opened": 9, "pushed": pushed, "direct": 6}
    return {"ours": ours, "limit": {"more": 4}, "peers": {}, "ratio": 1.0, "unit": "writes"}


@pytest.mark.parametrize(
    ("name", "entry", "met"),
    [
        ("P1", measured(115, 100, **{CLONE: 4600}), True),
        ("P1", measured(116, 100, **{CLONE: 9000}), False),
        ("P1", measured(115, 100, **{CLONE: 4599}), False),
        ("P2", measured(110, 100), True),
        ("P2", measured(111, 100), False),
        ("P3", measured(110, 100), True),
        ("P3", measured(111, 100), False),
        ("P4", measured(100, 300), True),
        ("P4", measured(99, 300), False),
        ("P5", measured(250, 1000, other=249), True),
        ("P5", measured(249, 1000, other=10), False),
        ("P5", measured(250, 1000, other=250), False),
        ("P9", counted(6, 4, 0), True),
        ("P9", counted(7, 4, 0), False),
        ("P9", counted(6, 5, 0), False),
        ("P9", counted(6, 4, 1), False),
        ("P13", followed(600, 100, 20, 1), True),
        ("P13", followed(599, 100, 20, 1), False),
        ("P13", followed(600, 100, 20, 1.1), False),
        ("P15", reviewed(10), True),
        ("P15", reviewed(11), False),
        ("P14", measured(60, 0.3), True),
        ("P14", measured(60.1, 0.3), False),
    ],
)
def test_goal_is_met_at_its_boundary_and_not_beyond(name: str, entry: dict[str, Any], met: bool) -> None:
    assert GOALS[name].is_met(entry) is met
    assert cells(table({name: entry}))[2][-1] == ("yes" if met else "no")
