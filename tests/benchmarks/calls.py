"""P9: what one push to a pull request with a ready environment costs in calls to GitHub, by GitHub's own count; and
P15: what it costs more where it is reviewed on the environments repository.

`python -m tests.benchmarks.calls` prints the table. Database, Git, the adapter and the stages are real; GitHub is the
simulated one, whose ledger counts. Tokens, which are one call in fifty minutes, are not counted.
"""

import logging
import subprocess
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from app.demo.postgres import Postgres
from app.domain.review import ALWAYS
from app.github.connect import Account, connect
from app.ports import Ring
from app.stages.changing import Changer
from app.stages.propose import Proposer
from app.stages.review import Reviewer
from app.store import proposing
from app.store.engine import Store
from app.store.migrate import upgrade
from gitops.remote import Remote
from gitops.repository import Repository
from tests.benchmarks.render import Entries, print_table
from tests.moved import DatabaseClock
from tests.stages.house import TEMPLATES, House
from tests.stages.hub import Hub, moved_in, simulated

MOST_WRITES, MOST_READS, MOST_MORE = 6, 4, 4


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
                return {"P9": _entry(hub), "P15": _reviewed_entry(hub, root, key)}
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


def _tell(hub: Hub, number: int, action: str, head_sha: str, *, is_reviewed: bool = False) -> tuple[int, int]:
    """Writes and reads from the event until the pull request says that its commit runs."""
    hub.people.reset_ledger()
    hub.ring(number, action)
    hub.house.settle()
    if is_reviewed:
        hub.wait(120)
        hub.house.sweeper.ring_for_what_is_behind()
        hub.house.settle()
        _merge(hub)
    hub.run(head_sha, number)
    hub.house.observe()
    hub.house.settle()
    calls = hub.spent()
    assert all(call.status < 300 or call.status == 304 for call in calls), calls
    assert hub.people.check_runs(hub.name, head_sha)[-1].conclusion == "success"
    writes = sum(call.is_write for call in calls)
    return writes, len(calls) - writes


def _reviewed_entry(hub: Hub, root: Path, key: str) -> dict[str, object]:
    """The same push directly, and then, on the same GitHub, proposed, merged by a person and taken over."""
    pull = hub.people.open_pull_request(hub.name, title="Sell more", author="ada")
    _tell(hub, pull.number, "opened", pull.head_sha)
    pull = hub.people.push(hub.name, pull.number)
    direct, _ = _tell(hub, pull.number, "synchronize", pull.head_sha)
    _review(hub, root, key)
    opened = hub.people.open_pull_request(hub.name, title="Sell still more", author="ada")
    new, _ = _tell(hub, opened.number, "opened", opened.head_sha, is_reviewed=True)
    opened = hub.people.push(hub.name, opened.number)
    pushed, _ = _tell(hub, opened.number, "synchronize", opened.head_sha, is_reviewed=True)
    return {
        "ours": {"opened": new, "pushed": pushed, "direct": direct},
        "limit": {"more": MOST_MORE},
        "peers": {},
        "ratio": round(pushed / direct, 2),
        "unit": "writes",
        "goal": "a push that is reviewed <= 4 more than a direct one",
    }


def _review(hub: Hub, root: Path, key: str) -> None:
    """From now on every change needs review, on an environments repository on the same GitHub."""
    house, name = hub.house, "audit/environments"
    hub.people.create_git_repository(name)
    hub.people.install("audit")
    house.remote = root / "github" / "git" / f"{name}.git"
    account = Account(hub.people.url, 1, key, environments=name, proposes=True)
    github = connect(account, lambda: datetime.now(UTC) + hub.clock.ahead)
    repository = Repository(Remote(house.remote.as_uri()), root / "reviewed")
    house.publisher = replace(house.publisher, repository=repository, rules=ALWAYS)
    house.proposer = Proposer(house.store, github.proposals, house.bell, limits=None)
    changer = Changer(TEMPLATES, house.destinations)
    house.reviewer = Reviewer(house.store, github.proposals, repository, changer, house.bell, ALWAYS)


def _merge(hub: Hub) -> None:
    """A person merges what is proposed."""
    (number,) = hub.house.values("SELECT number FROM proposals WHERE state = 'open' AND number IS NOT NULL")
    hub.people.merge("audit/environments", int(str(number)), by="grace")
    with hub.house.store.begin() as session:
        proposing.ring(session, int(str(number)))
    hub.house.bell.ring(Ring.REVIEW)
    hub.house.settle()


def _bare(root: Path) -> Path:
    remote = root / "environments.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
    return remote


if __name__ == "__main__":
    print_table(measure())
