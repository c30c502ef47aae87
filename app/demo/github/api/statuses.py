"""Commit statuses.

https://docs.github.com/rest/commits/statuses
"""

from app.demo.github.call import Answer, Call, Route
from app.demo.github.events import emit_status
from app.demo.github.pagination import paged
from app.demo.github.records import Status
from app.demo.github.refusals import Refusal, invalid
from app.demo.github.shapes.accounts import bot
from app.demo.github.shapes.reports import combined_status, latest_statuses, status

STATES = ("error", "failure", "pending", "success")
LONGEST_DESCRIPTION = 140
MOST_OF_A_CONTEXT = 1_000


def _create_status(call: Call) -> Answer:
    sha = call.args["sha"]
    if not call.hub.state.has_commit(call.repository, sha):
        raise Refusal(422, f"No commit found for SHA: {sha[:200]}", errors=[])
    _check(call)
    statuses = call.hub.state.statuses[call.repository.id, sha]
    context = str(call.payload.get("context") or "default")
    if sum(one.context == context for one in statuses) >= MOST_OF_A_CONTEXT:
        message = "This SHA and context has reached the maximum number of statuses."
        raise invalid("Status", "context", "custom", message)
    record = Status(
        id=call.hub.state.next_id("status"),
        repository_id=call.repository.id,
        sha=sha,
        state=call.payload["state"],
        context=context,
        description=call.payload.get("description"),
        target_url=call.payload.get("target_url") or None,
        creator_id=bot(call.hub).id,
        created_at=call.hub.clock.now(),
    )
    statuses.append(record)
    shape = status(call.hub, record)
    emit_status(call.hub, call.repository, shape, sha, bot(call.hub))
    return Answer(shape, 201, {"Location": shape["url"]})


def _list_statuses(call: Call) -> Answer:
    found = call.hub.state.statuses[call.repository.id, _sha(call)]
    return paged(call, found[::-1], lambda one: status(call.hub, one))


def _show_combined(call: Call) -> Answer:
    sha = _sha(call)
    latest = latest_statuses(call.hub, call.repository, sha)
    page = paged(call, latest, lambda one: one)
    return Answer(combined_status(call.hub, call.repository, sha, page.body), headers=page.headers)


def _check(call: Call) -> None:
    state, description = call.payload.get("state"), call.payload.get("description")
    if state not in STATES:
        raise invalid("Status", "state", "invalid" if state else "missing_field")
    if description and len(description) > LONGEST_DESCRIPTION:
        message = f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)"
        raise invalid("Status", "description", "custom", message)
    target = call.payload.get("target_url")
    if target and not str(target).startswith(("http://", "https://")):
        raise invalid("Status", "target_url", "custom", "target_url must use http(s) scheme")


def _sha(call: Call) -> str:
    sha = call.hub.state.resolve(call.repository, call.args["ref"])
    if sha is None:
        raise Refusal(404, f"No commit found for the ref {call.args['ref'][:200]}")
    return sha


_READ = ("statuses:read",)
_COMMIT = "/repos/<owner>/<repo>/commits/<path:ref>"

ROUTES = (
    Route("POST", "/repos/<owner>/<repo>/statuses/<sha>", _create_status, permissions=("statuses:write",)),
    Route("GET", f"{_COMMIT}/statuses", _list_statuses, permissions=_READ),
    Route("GET", f"{_COMMIT}/status", _show_combined, permissions=_READ),
)
