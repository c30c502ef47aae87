"""Check runs.

https://docs.github.com/rest/checks/runs
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.demo.github.call import Answer, Call, Json, Route
from app.demo.github.checking import check_characters, check_choice, check_count, check_keys, check_length
from app.demo.github.clock import moment_of
from app.demo.github.events import emit_check_run
from app.demo.github.pagination import paged
from app.demo.github.records import CheckRun
from app.demo.github.refusals import Refusal, bad_request, not_found
from app.demo.github.shapes.accounts import bot
from app.demo.github.shapes.reports import check_run

STATUSES = ("queued", "in_progress", "completed", "waiting", "requested", "pending")
CONCLUSIONS = ("action_required", "cancelled", "failure", "neutral", "skipped", "stale", "success", "timed_out")
LONGEST_TEXT = 65_535
MOST_ANNOTATIONS = 50
MOST_ACTIONS = 3
ACTION_LENGTHS = {"label": 20, "description": 40, "identifier": 20}

_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "head_sha": str,
    "details_url": str,
    "external_id": str,
    "status": str,
    "started_at": str,
    "conclusion": str,
    "completed_at": str,
    "output": dict,
    "actions": list,
}
_OUTPUT_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "title": str,
    "summary": str,
    "text": (str, type(None)),
    "annotations": list,
    "images": list,
}


def _create(call: Call) -> Answer:
    _check(call.payload, required=("name", "head_sha"))
    sha, state = call.payload["head_sha"], call.hub.state
    if not state.has_commit(call.repository, sha):
        raise Refusal(422, f"No commit found for SHA: {sha[:200]}")
    suite = state.suite_of(call.repository, sha)
    blank = CheckRun(
        id=state.next_id("check_run"),
        repository_id=call.repository.id,
        suite_id=suite,
        head_sha=sha,
        name=call.payload["name"],
        external_id="",
        details_url=None,
        status="queued",
        conclusion=None,
        started_at=call.hub.clock.now(),
        completed_at=None,
        output={},
        actions=(),
    )
    record = _store(call, _changed(call, blank), "created")
    shape = check_run(call.hub, record)
    return Answer(shape, 201, {"Location": shape["url"]})


def _update(call: Call) -> Answer:
    _check(call.payload)
    before = _run(call)
    record = _changed(call, before)
    action = "completed" if record.status == "completed" != before.status else None
    return Answer(check_run(call.hub, _store(call, record, action)))


def _show(call: Call) -> Answer:
    return Answer(check_run(call.hub, _run(call)))


def _list(call: Call) -> Answer:
    sha = call.hub.state.resolve(call.repository, call.args["ref"])
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {call.args['ref'][:200]}")
    runs = [one for one in call.hub.state.check_runs_of(call.repository.id, sha) if _is_wanted(call, one)]
    if call.query.get("filter", "latest") == "latest":
        newest_first: dict[str, CheckRun] = {}
        for one in runs:
            newest_first.setdefault(one.name, one)
        runs = list(newest_first.values())
    return paged(call, runs, lambda one: check_run(call.hub, one), "check_runs")


def _check(payload: Json, required: tuple[str, ...] = ()) -> None:
    check_keys(payload, _FIELDS, required)
    check_choice(payload, "status", STATUSES)
    check_choice(payload, "conclusion", CONCLUSIONS)
    if payload.get("status") == "completed" and "conclusion" not in payload:
        raise bad_request('"conclusion" wasn\'t supplied.')
    if "output" in payload:
        _check_output(payload["output"])
    check_count(payload.get("actions", []), MOST_ACTIONS)
    for action in payload.get("actions", []):
        check_keys(action, dict.fromkeys(ACTION_LENGTHS, str), tuple(ACTION_LENGTHS))
        for key, limit in ACTION_LENGTHS.items():
            check_characters(action[key], limit)


def _check_output(output: Json) -> None:
    check_keys(output, _OUTPUT_FIELDS, ("title", "summary"))
    check_length(output["summary"], LONGEST_TEXT)
    check_length(output.get("text"), LONGEST_TEXT)
    check_count(output.get("annotations", []), MOST_ANNOTATIONS)


def _changed(call: Call, before: CheckRun) -> CheckRun:
    """Return the run with what was sent; a completed one stays completed and keeps its conclusion unless another is
    sent (https://github.com/orgs/community/discussions/24761)."""
    payload, now = call.payload, call.hub.clock.now()
    direct = {key: payload[key] for key in ("name", "external_id", "details_url", "conclusion") if key in payload}
    is_completed = before.status == "completed" or "conclusion" in payload or payload.get("status") == "completed"
    status = "completed" if is_completed else payload.get("status", before.status)
    return replace(
        before,
        **direct,
        status=status,
        started_at=_moment(payload, "started_at") or before.started_at,
        completed_at=(_moment(payload, "completed_at") or before.completed_at or now) if is_completed else None,
        output=_with_output(before.output, payload.get("output", {})),
        actions=tuple(payload.get("actions", before.actions)),
    )


def _with_output(before: Mapping[str, Any], given: Json) -> Json:
    """Annotations add up from one update to the next; everything else is replaced."""
    annotations = [*before.get("annotations", ()), *given.get("annotations", ())]
    return {**before, **given, "annotations": annotations}


def _moment(payload: Json, key: str) -> datetime | None:
    if key not in payload:
        return None
    try:
        return moment_of(payload[key])
    except ValueError as error:
        raise bad_request(f"{payload[key][:200]!r} is not a valid date-time.") from error


def _store(call: Call, record: CheckRun, action: str | None) -> CheckRun:
    call.hub.state.check_runs[record.id] = record
    if action:
        emit_check_run(call.hub, action, record, bot(call.hub))
    return record


def _run(call: Call) -> CheckRun:
    found = call.hub.state.check_runs.get(call.args["check_run_id"])
    if found is None or found.repository_id != call.repository.id:
        raise not_found()
    return found


def _is_wanted(call: Call, record: CheckRun) -> bool:
    wanted: dict[str, Any] = {
        "check_name": record.name,
        "status": record.status,
        "app_id": str(call.hub.options.app_id),
    }
    return all(call.query.get(key, value) == value for key, value in wanted.items())


_READ = ("checks:read",)
_WRITE = ("checks:write",)
_ONE = "/repos/<owner>/<repo>/check-runs/<int:check_run_id>"

ROUTES = (
    Route("POST", "/repos/<owner>/<repo>/check-runs", _create, permissions=_WRITE),
    Route("GET", _ONE, _show, permissions=_READ),
    Route("PATCH", _ONE, _update, permissions=_WRITE),
    Route("GET", "/repos/<owner>/<repo>/commits/<path:ref>/check-runs", _list, permissions=_READ),
)
