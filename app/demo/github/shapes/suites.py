"""Check suites: all check runs of one App on one commit.

https://docs.github.com/rest/checks/suites
"""

from typing import Any

from app.demo.github.clock import stamp
from app.demo.github.hub import Hub
from app.demo.github.records import CheckRun, Repository, Signature
from app.demo.github.shapes.accounts import app
from app.demo.github.shapes.nodes import node_id
from app.demo.github.shapes.reports import pull_minimal, pulls_at
from app.demo.github.shapes.repositories import url_of
from app.demo.github.shapes.signatures import signatures

# A suite's conclusion is the first of these that one of its runs has.
CONCLUSIONS = ("failure", "timed_out", "cancelled", "action_required", "stale", "success", "neutral", "skipped")


def check_suite(hub: Hub, owner: Repository, sha: str, suite_id: int) -> dict[str, Any]:
    """Return the suite of a commit as check webhooks carry it; one pushed to a fork has no branch and no pull request
    (https://docs.github.com/rest/checks/suites)."""
    commit = hub.state.commit(owner, sha)
    status, conclusion = suite_state(hub.state.check_runs_of(owner.id, sha))
    branches = hub.state.branches_at(owner, sha)
    return {
        "id": suite_id,
        "node_id": node_id("CS", suite_id),
        "head_branch": branches[0] if branches else None,
        "head_sha": sha,
        "status": status,
        "conclusion": conclusion,
        "url": f"{url_of(hub, owner)}/check-suites/{suite_id}",
        "before": commit.parent,
        "after": sha,
        "pull_requests": [pull_minimal(hub, one) for one in pulls_at(hub, owner, sha)],
        "app": app(hub),
        "created_at": stamp(commit.at),
        "updated_at": stamp(commit.at),
    }


def suite_links(hub: Hub, owner: Repository, sha: str, suite_id: int) -> dict[str, Any]:
    """Return what a `check_suite` webhook adds to the suite."""
    commit = hub.state.commit(owner, sha)
    author, committer = signatures(hub, commit)
    shown = {"id": sha, "tree_id": commit.tree or sha, "message": commit.message, "timestamp": stamp(commit.at)}
    people = {"author": _person(author), "committer": _person(committer)}
    return {
        "latest_check_runs_count": len(hub.state.check_runs_of(owner.id, sha)),
        "check_runs_url": f"{url_of(hub, owner)}/check-suites/{suite_id}/check-runs",
        "rerequestable": True,
        "runs_rerequestable": True,
        "head_commit": shown | people,
    }


def suite_state(runs: list[CheckRun]) -> tuple[str, str | None]:
    """Return the status and the conclusion of a suite with these runs, the newest of each name first."""
    newest = list({run.name: run for run in reversed(runs)}.values())
    if not newest:
        return "queued", None
    if any(run.status != "completed" for run in newest):
        return "in_progress", None
    return "completed", min((str(run.conclusion) for run in newest), key=CONCLUSIONS.index)


def _person(signature: Signature) -> dict[str, str]:
    return {"name": signature.name, "email": signature.email}
