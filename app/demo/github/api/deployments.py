"""Deployments and their statuses.

https://docs.github.com/rest/deployments/deployments
"""

from collections.abc import Mapping

from app.demo.github.call import Answer, Call, Route
from app.demo.github.checking import check_characters, check_choice, check_keys
from app.demo.github.pagination import paged
from app.demo.github.records import Deployment, DeploymentStatus
from app.demo.github.refusals import Refusal, not_found
from app.demo.github.shapes.accounts import bot
from app.demo.github.shapes.reports import combined_state, deployment, deployment_status, latest_statuses

STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
LONGEST_DESCRIPTION = 140

_NULLABLE = (str, type(None))
_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "ref": str,
    "task": str,
    "auto_merge": bool,
    "required_contexts": (list, type(None)),
    "payload": (dict, str),
    "environment": str,
    "description": _NULLABLE,
    "transient_environment": bool,
    "production_environment": bool,
}
_STATUS_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "state": str,
    "target_url": str,
    "log_url": str,
    "description": str,
    "environment": str,
    "environment_url": str,
    "auto_inactive": bool,
}


def _create(call: Call) -> Answer:
    payload = call.payload
    check_keys(payload, _FIELDS, ("ref",))
    check_characters(payload.get("description") or "", LONGEST_DESCRIPTION)
    sha = call.hub.state.resolve(call.repository, payload["ref"])
    if sha is None:
        raise Refusal(422, f"No ref found for: {payload['ref'][:200]}")
    _check_contexts(call, sha)
    if payload.get("auto_merge", True) and _is_behind(call, sha):
        raise Refusal(409, f"Conflict merging {call.repository.default_branch} into {payload['ref'][:200]}.")
    environment = payload.get("environment", "production")
    record = Deployment(
        id=call.hub.state.next_id("deployment"),
        repository_id=call.repository.id,
        sha=sha,
        ref=payload["ref"],
        task=payload.get("task", "deploy"),
        payload=payload.get("payload", {}),
        environment=environment,
        description=payload.get("description"),
        is_transient=payload.get("transient_environment", False),
        is_production=payload.get("production_environment", environment == "production"),
        creator_id=bot(call.hub).id,
        created_at=call.hub.clock.now(),
    )
    call.hub.state.deployments[record.id] = record
    return Answer(deployment(call.hub, record), 201)


def _list(call: Call) -> Answer:
    wanted = {key: call.query[key] for key in ("sha", "ref", "task", "environment") if key in call.query}
    found = [
        one
        for one in reversed(call.hub.state.deployments.values())
        if one.repository_id == call.repository.id and all(getattr(one, key) == value for key, value in wanted.items())
    ]
    return paged(call, found, lambda one: deployment(call.hub, one))


def _show(call: Call) -> Answer:
    return Answer(deployment(call.hub, _deployment(call)))


def _delete(call: Call) -> Answer:
    record = _deployment(call)
    statuses = call.hub.state.deployment_statuses[record.id]
    if statuses and statuses[-1].state != "inactive":
        raise Refusal(
            422, "We cannot delete an active deployment unless it is the only deployment in a given repository."
        )
    del call.hub.state.deployments[record.id]
    return Answer(None, 204)


def _create_status(call: Call) -> Answer:
    record, payload = _deployment(call), call.payload
    check_keys(payload, _STATUS_FIELDS, ("state",))
    check_choice(payload, "state", STATES)
    check_characters(payload.get("description") or "", LONGEST_DESCRIPTION)
    made = _status(call, record, payload["state"])
    call.hub.state.deployment_statuses[record.id].append(made)
    if made.state == "success" and payload.get("auto_inactive", True):
        _retire_others(call, record)
    shape = deployment_status(call.hub, made)
    return Answer(shape, 201, {"Location": shape["url"]})


def _list_statuses(call: Call) -> Answer:
    found = call.hub.state.deployment_statuses[_deployment(call).id]
    return paged(call, found[::-1], lambda one: deployment_status(call.hub, one))


def _status(call: Call, record: Deployment, state: str) -> DeploymentStatus:
    payload = call.payload
    return DeploymentStatus(
        id=call.hub.state.next_id("deployment_status"),
        deployment_id=record.id,
        state=state,
        description=payload.get("description", ""),
        environment=payload.get("environment", record.environment),
        target_url=payload.get("log_url") or payload.get("target_url", ""),
        environment_url=payload.get("environment_url", ""),
        creator_id=bot(call.hub).id,
        created_at=call.hub.clock.now(),
    )


def _retire_others(call: Call, record: Deployment) -> None:
    """Mark what was deployed there before as inactive; GitHub leaves transient and production ones alone."""
    for other in call.hub.state.deployments.values():
        is_same = (other.repository_id, other.environment) == (record.repository_id, record.environment)
        statuses = call.hub.state.deployment_statuses[other.id]
        if not is_same or other.id >= record.id or other.is_transient or other.is_production or not statuses:
            continue
        if statuses[-1].state == "success":
            statuses.append(_status(call, other, "inactive"))


def _check_contexts(call: Call, sha: str) -> None:
    required = call.payload.get("required_contexts")
    latest = latest_statuses(call.hub, call.repository, sha)
    if required is not None:
        latest = [one for one in latest if one.context in required]
    missing = set(required or ()) - {one.context for one in latest}
    if missing or (latest and combined_state(latest) != "success"):
        contexts = [{"context": one.context, "state": one.state} for one in latest]
        error = {"resource": "Deployment", "field": "required_contexts", "code": "invalid", "contexts": contexts}
        message = f"Conflict: Commit status checks failed for {call.payload['ref'][:200]}."
        raise Refusal(409, message, errors=[error])


def _is_behind(call: Call, sha: str) -> bool:
    """Tell whether the default branch has commits that `sha` does not descend from."""
    newest = call.hub.state.branch(call.repository, call.repository.default_branch)
    bare = call.hub.state.git.of(call.repository)
    if bare:
        return newest is not None and not bare.is_ancestor(newest, sha)
    ancestor: str | None = sha
    while ancestor and ancestor != newest:
        ancestor = call.hub.state.commit(call.repository, ancestor).parent
    return ancestor is None


def _deployment(call: Call) -> Deployment:
    found = call.hub.state.deployments.get(call.args["deployment_id"])
    if found is None or found.repository_id != call.repository.id:
        raise not_found()
    return found


_READ = ("deployments:read",)
_WRITE = ("deployments:write",)
_ALL = "/repos/<owner>/<repo>/deployments"
_ONE = f"{_ALL}/<int:deployment_id>"

ROUTES = (
    Route("GET", _ALL, _list, permissions=_READ),
    Route("POST", _ALL, _create, permissions=_WRITE),
    Route("GET", _ONE, _show, permissions=_READ),
    Route("DELETE", _ONE, _delete, permissions=_WRITE),
    Route("GET", f"{_ONE}/statuses", _list_statuses, permissions=_READ),
    Route("POST", f"{_ONE}/statuses", _create_status, permissions=_WRITE),
)
