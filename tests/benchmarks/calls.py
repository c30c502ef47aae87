"""P9: what one push to a pull request with a ready environment costs in calls to GitHub, by GitHub's own count.

`python -m tests.benchmarks.calls` prints the table. Database, Git, the adapter and the stages are real; GitHub is the
simulated one, whose ledger counts. Tokens, which are one call in fifty minutes, are not counted.
"""

import logging
import subprocess
import tempfile
from pathlib import Path

import structlog

from app.demo.postgres import Postgres
from app.store.engine import Store
from app.store.migrate import upgrade
from tests.benchmarks.render import Entries, print_table
from tests.moved import DatabaseClock
from tests.stages.house import House
from tests.stages.hub import Hub, moved_in, simulated

MOST_WRITES, MOST_READS = 6, 4


def measure() -> Entries:
    """The writes and reads of a push until it is told to be ready, and the writes when its event comes again."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="ephemera-bench-") as directory:
        root = Path(directory)
        server = Postgres.start(root / "postgres", durable=False)
        try:
            with simulated(root) as (people, key):
                url = server.create_database("calls")
                upgrade(url)
                store = Store(url)
                clock = DatabaseClock.install(store)
                hub = moved_in(House(store, _bare(root), root / "cache"), people, key, clock)
                return {"P9": _entry(hub)}
        finally:
            server.stop()


def _entry(hub: Hub) -> dict[str, object]:
    hub.use(limits=None)
    pull = hub.people.open_pull_request(hub.name, title="Sell more", author="ada")
    _tell(hub, pull.number, "opened", pull.head_sha)
    pull = hub.people.push(hub.name, pull.number)
    writes, reads = _tell(hub, pull.number, "synchronize", pull.head_sha)
    again, _ = _tell(hub, pull.number, "synchronize", pull.head_sha)
    return {
        "ours": {"writes": writes, "reads": reads, "redelivery_writes": again},
        "limit": {"writes": MOST_WRITES, "reads": MOST_READS, "redelivery_writes": 0},
        "peers": {},
        "ratio": round(writes / MOST_WRITES, 2),
        "unit": "calls",
        "goal": "<= 6 writes, <= 4 reads, 0 when it comes again",
    }


def _tell(hub: Hub, number: int, action: str, head_sha: str) -> tuple[int, int]:
    """Writes and reads from the event until the pull request says that its commit runs."""
    hub.people.reset_ledger()
    hub.ring(number, action)
    hub.house.settle()
    hub.run(head_sha, number)
    hub.house.observe()
    hub.house.settle()
    calls = hub.spent()
    assert all(call.status < 300 or call.status == 304 for call in calls), calls
    assert hub.people.check_runs(hub.name, head_sha)[-1].conclusion == "success"
    writes = sum(call.is_write for call in calls)
    return writes, len(calls) - writes


def _bare(root: Path) -> Path:
    remote = root / "environments.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
    return remote


if __name__ == "__main__":
    print_table(measure())
