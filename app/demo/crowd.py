"""Many pull requests side by side: all opened, pushed to and closed at once; ends with a table of what it took."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from typing import TypeVar

from app.demo.evidence import Evidence
from app.demo.github.readings import PullRequest
from app.demo.narrator import Narrator, duration
from app.demo.outside import Outside

T = TypeVar("T")
R = TypeVar("R")

REPOSITORY = "acme/shop"
_PEOPLE = 8
"""Pull requests that are opened at the same moment."""
_SECONDS = 600.0

# The time between two kinds of entries in an environment's history, first occurrence each.
_BETWEEN = """
SELECT extract(epoch FROM min(b.at) - a.at) FROM
    (SELECT environment_id, min(at) AS at FROM events WHERE kind = %s AND message LIKE %s GROUP BY 1) a
    JOIN events b ON b.environment_id = a.environment_id AND b.kind = %s AND b.message LIKE %s AND b.at >= a.at
GROUP BY a.environment_id, a.at
"""
_ROWS: Sequence[tuple[str, tuple[str, str, str, str]]] = (
    ("webhook to commit", ("asked", "pull_request.opened", "published", "tree %%")),
    ("commit to ready", ("published", "tree %%", "status", "ready%%")),
    ("webhook to ready", ("asked", "pull_request.opened", "status", "ready%%")),
    ("close to gone", ("asked", "pull_request.closed", "status", "destroyed%%")),
)


def gather(outside: Outside, narrator: Narrator, count: int) -> None:
    """Play `count` pull requests at once. Raises StepFailedError when one of them does not end as it should."""
    evidence = Evidence(outside)
    outside.github.create_repository(REPOSITORY)
    pulls = _everybody(range(count), lambda n: outside.github.open_pull_request(REPOSITORY, title=f"Change {n}"))
    narrator.say(f"\n{count} pull requests are opened on {REPOSITORY}.")
    _all_run(evidence, narrator, pulls)

    narrator.say("\nEach gets another commit.")
    pulls = _everybody(pulls, lambda pull: outside.github.push(REPOSITORY, pull.number))
    _all_run(evidence, narrator, pulls)

    narrator.say("\nAll are closed.")
    _everybody(pulls, lambda pull: outside.github.close_pull_request(REPOSITORY, pull.number))
    narrator.step("the environments repository is empty again", lambda: not evidence.heads(), _SECONDS)
    narrator.step("no namespace of theirs is left in the cluster", lambda: _none_left(outside), _SECONDS)
    narrator.step("PostgreSQL: all are destroyed", lambda: _are(evidence, "destroyed", count), _SECONDS)
    narrator.step("every pull request says that it is gone", lambda: _say(evidence, pulls, "gone"), _SECONDS)
    _print_table(evidence, narrator, count)


def _all_run(evidence: Evidence, narrator: Narrator, pulls: Sequence[PullRequest]) -> None:
    wanted = sorted(pull.head_sha for pull in pulls)
    narrator.step("the environments repository holds them all", lambda: _heads(evidence) == wanted, _SECONDS)
    narrator.step("PostgreSQL: all are ready", lambda: _are(evidence, "ready", len(pulls)), _SECONDS)
    narrator.step("the cluster runs the commit of each", lambda: _run(evidence) == wanted, _SECONDS)
    narrator.step("every commit status says success", lambda: _succeeded(evidence, pulls), _SECONDS)
    narrator.step(
        "every pull request has one comment that says ready", lambda: _say(evidence, pulls, "ready"), _SECONDS
    )


def _heads(evidence: Evidence) -> list[str]:
    return sorted(evidence.heads().values())


def _run(evidence: Evidence) -> list[str]:
    return sorted(evidence.running(namespace) or "" for namespace in evidence.heads())


def _are(evidence: Evidence, status: str, count: int) -> bool:
    return evidence.query("SELECT count(*) FROM environments WHERE status = %s", status) == [(count,)]


def _succeeded(evidence: Evidence, pulls: Sequence[PullRequest]) -> bool:
    return all(evidence.commit_status(REPOSITORY, pull) == "success" for pull in pulls)


def _say(evidence: Evidence, pulls: Sequence[PullRequest], word: str) -> bool:
    return all(f"environment: {word}" in (evidence.comment(REPOSITORY, pull.number) or "") for pull in pulls)


def _none_left(outside: Outside) -> bool:
    return not any(name.startswith("pr-") for name in outside.cluster.namespaces())


def _everybody(items: Sequence[T], act: Callable[[T], R]) -> list[R]:
    with ThreadPoolExecutor(_PEOPLE) as people:
        return list(people.map(act, items))


def _print_table(evidence: Evidence, narrator: Narrator, count: int) -> None:
    narrator.say(f"\n{count} pull requests, opened, pushed to and closed\n")
    narrator.say(f"  {'':<20} {'median':>10} {'p95':>10}")
    for name, between in _ROWS:
        times = [float(row[0]) for row in evidence.query(_BETWEEN, *between)]
        p95 = quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
        narrator.say(f"  {name:<20} {duration(median(times)):>10} {duration(p95):>10}")
    evidence.fetch()
    calls = evidence.github_calls()
    writes = sum(number for method, number in calls.items() if method != "GET")
    narrator.say(f"\n  {'commits':<20} {evidence.commits() - 1:>10}")
    narrator.say(f"  {'pushes':<20} {evidence.pushes():>10}")
    narrator.say(f"  {'GitHub calls':<20} {sum(calls.values()):>10}   ({writes} writes, {calls.get('GET', 0)} reads)")
