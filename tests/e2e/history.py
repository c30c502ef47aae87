"""In which order it was said that commits are ready: to PostgreSQL's history, and to GitHub."""

import json
from collections.abc import Iterator, Sequence

from app.demo.github.readings import PullRequest
from tests.scenarios.shop import Shop

_EVENTS = """SELECT split_part(message, ';', 1), events.commit_sha
    FROM events JOIN environments ON environments.id = environment_id
    WHERE repository_id = %s AND number = %s AND kind = 'status' ORDER BY events.id"""


_OVER = {("completed", "success"), ("completed", "cancelled")}
_CREATED = 201


def statuses(shop: Shop, pull: PullRequest) -> list[tuple[str, str]]:
    """Every status that the environment went through with the head that it was about, oldest first."""
    return [(status, sha) for status, sha in shop.world.query(_EVENTS, shop.id, pull.number)]


def assert_only_forward(shop: Shop, pull: PullRequest, pushed: Sequence[str]) -> None:
    """No commit was called ready after a newer one was; `pushed` are the pull request's heads, oldest first."""
    kept = [sha for status, sha in statuses(shop, pull) if status == "ready"]
    told = [sha for sha in _told_ready(shop) if sha in pushed]
    for where, shas in (("history", kept), ("GitHub", told)):
        order = [pushed.index(sha) for sha in shas]
        assert order == sorted(order), f"{where} has commits ready in the order {order}"


def assert_superseded(shop: Shop, pushed: Sequence[str]) -> None:
    """The check runs of all commits but the last are over: they were ready once, or another took their place."""
    for sha in pushed[:-1]:
        runs = shop.world.github.check_runs(shop.name, sha)
        assert {(run.status, run.conclusion) for run in runs} <= _OVER, runs


def _told_ready(shop: Shop) -> Iterator[str]:
    """The commits that GitHub was told are ready, in the order in which it was told."""
    prefix = f"/repos/{shop.name}/statuses/"
    for entry in shop.world.github.ledger():
        is_status = entry.method == "POST" and entry.target.startswith(prefix) and entry.status == _CREATED
        if is_status and json.loads(entry.body or "{}").get("description") == "Ready":
            yield entry.target.removeprefix(prefix)
