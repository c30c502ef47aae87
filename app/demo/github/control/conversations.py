"""What people write and press, and everything that was written, for reading back."""

from dataclasses import replace
from typing import Any

from app.demo.github.control.order import ControlRoute, Order, account_named
from app.demo.github.events import emit_check_run, emit_check_suite, emit_comment
from app.demo.github.records import CheckRun, Comment
from app.demo.github.refusals import Refusal
from app.demo.github.shapes.accounts import app
from app.demo.github.shapes.pulls import comment
from app.demo.github.shapes.reports import check_run, deployment, deployment_status, status


def _list_comments(order: Order) -> Any:
    return [comment(order.hub, one) for one in order.hub.state.comments_on(order.repository.id, order.pull.number)]


def _write_comment(order: Order) -> Any:
    author, now = account_named(order.hub, order.payload["author"]), order.hub.clock.now()
    record = Comment(
        id=order.hub.state.next_id("comment"),
        repository_id=order.repository.id,
        number=order.pull.number,
        author_id=author.id,
        body=order.payload["body"],
        is_by_app=False,
        created_at=now,
        updated_at=now,
    )
    order.hub.state.comments[record.id] = record
    emit_comment(order.hub, "created", record, author, order.sending)
    return comment(order.hub, record)


def _edit_comment(order: Order) -> Any:
    before = _comment(order)
    record = replace(before, body=order.payload["body"], updated_at=order.hub.clock.now())
    order.hub.state.comments[record.id] = record
    changes = {"body": {"from": before.body}}
    emit_comment(order.hub, "edited", record, order.actor(record.author_id), order.sending, changes=changes)
    return comment(order.hub, record)


def _delete_comment(order: Order) -> Any:
    record = order.hub.state.comments.pop(_comment(order).id)
    emit_comment(order.hub, "deleted", record, order.actor(record.author_id), order.sending)
    return {}


def _list_statuses(order: Order) -> Any:
    found = order.hub.state.statuses[order.repository.id, order.args["sha"]]
    return [status(order.hub, one) for one in found]


def _list_check_runs(order: Order) -> Any:
    found = order.hub.state.check_runs_of(order.repository.id, order.args["sha"])
    return [check_run(order.hub, one) | {"actions": list(one.actions)} for one in found[::-1]]


def _list_deployments(order: Order) -> Any:
    hub = order.hub
    return [
        deployment(hub, one)
        | {"statuses": [deployment_status(hub, step) for step in hub.state.deployment_statuses[one.id]]}
        for one in hub.state.deployments.values()
        if one.repository_id == order.repository.id
    ]


def _rerequest(order: Order) -> Any:
    record = _check_run(order)
    emit_check_run(order.hub, "rerequested", record, order.actor(order.repository.owner_id), order.sending)
    return {}


def _press(order: Order) -> Any:
    """Press a button; GitHub shows buttons only on a completed check run."""
    record, identifier = _check_run(order), order.payload["identifier"]
    if record.status != "completed" or identifier not in {one["identifier"] for one in record.actions}:
        raise Refusal(422, f"the check run shows no button {identifier!r}")
    sender = order.actor(order.repository.owner_id)
    extra = {"requested_action": {"identifier": identifier}}
    emit_check_run(order.hub, "requested_action", record, sender, order.sending, **extra)
    return {}


def _set_check_suite(order: Order) -> Any:
    """Say that the checks of a commit have ended, those of `app` (another's, such as GitHub Actions), or that somebody
    asked for all of ours again."""
    hub, sha = order.hub, order.args["sha"]
    if not hub.state.has_commit(order.repository, sha):
        raise Refusal(404, f"no commit {sha[:200]}")
    sender, conclusion = order.actor(order.repository.owner_id), order.payload.get("conclusion")
    if conclusion is None:
        emit_check_suite(hub, "rerequested", order.repository, sha, sender, order.sending)
        return {}
    theirs = app(hub) | {"id": 15368, "slug": order.payload["app"], "name": order.payload["app"]}
    ended = {"status": "completed", "conclusion": conclusion, "app": theirs}
    emit_check_suite(hub, "completed", order.repository, sha, sender, order.sending, **ended)
    return {}


def _comment(order: Order) -> Comment:
    found = order.hub.state.comments.get(order.args["comment_id"])
    if found is None:
        raise Refusal(404, f"no comment {order.args['comment_id']}")
    return found


def _check_run(order: Order) -> CheckRun:
    found = order.hub.state.check_runs.get(order.args["check_run_id"])
    if found is None:
        raise Refusal(404, f"no check run {order.args['check_run_id']}")
    return found


_REPOSITORY = "/repos/<owner>/<repo>"
_COMMENTS = f"{_REPOSITORY}/pulls/<int:number>/comments"

ROUTES = (
    ControlRoute("GET", _COMMENTS, _list_comments),
    ControlRoute("POST", _COMMENTS, _write_comment),
    ControlRoute("PATCH", f"{_REPOSITORY}/comments/<int:comment_id>", _edit_comment),
    ControlRoute("DELETE", f"{_REPOSITORY}/comments/<int:comment_id>", _delete_comment),
    ControlRoute("GET", f"{_REPOSITORY}/commits/<sha>/statuses", _list_statuses),
    ControlRoute("GET", f"{_REPOSITORY}/commits/<sha>/check-runs", _list_check_runs),
    ControlRoute("POST", f"{_REPOSITORY}/commits/<sha>/check-suite", _set_check_suite),
    ControlRoute("GET", f"{_REPOSITORY}/deployments", _list_deployments),
    ControlRoute("POST", f"{_REPOSITORY}/check-runs/<int:check_run_id>/rerequest", _rerequest),
    ControlRoute("POST", f"{_REPOSITORY}/check-runs/<int:check_run_id>/press", _press),
)
