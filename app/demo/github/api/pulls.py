"""Pull requests, read only: people make them through the control plane.

https://docs.github.com/rest/pulls/pulls
"""

import hashlib
from collections.abc import Sequence

from app.demo.github.call import Answer, Call, Json, Route
from app.demo.github.pagination import paged
from app.demo.github.records import PullRequest
from app.demo.github.refusals import not_found
from app.demo.github.shapes.pulls import changed_paths, issue, pull, pull_simple
from app.demo.github.shapes.repositories import page_of, url_of

_SORTS = {
    "created": lambda one: (one.created_at, one.number),
    "updated": lambda one: (one.updated_at, one.number),
    "popularity": lambda one: one.number,
    "long-running": lambda one: one.created_at,
}


def _list_pulls(call: Call) -> Answer:
    wanted = [one for one in call.hub.state.pulls_of(call.repository.id) if _is_wanted(call, one)]
    return paged(call, _sorted(call, wanted), lambda one: pull_simple(call.hub, one))


def _show_pull(call: Call) -> Answer:
    return Answer(pull(call.hub, pull_of(call, call.args["pull_number"])))


def _list_files(call: Call) -> Answer:
    found = pull_of(call, call.args["pull_number"])
    return paged(call, changed_paths(call.hub, found), lambda path: _changed_file(call, found, path))


def _show_issue(call: Call) -> Answer:
    shape = issue(call.hub, pull_of(call, call.args["issue_number"]))
    return Answer(shape | {"closed_by": None})


def pull_of(call: Call, number: int) -> PullRequest:
    """Return a pull request of the call's repository, or raise the 404."""
    found = call.hub.state.pulls.get((call.repository.id, number))
    if found is None:
        raise not_found()
    return found


def _is_wanted(call: Call, record: PullRequest) -> bool:
    state, base, head = (call.query.get(key, "") for key in ("state", "base", "head"))
    owner = call.hub.state.accounts[record.head.owner_id].login
    return (
        (state in {"all", record.state} or (not state and record.closed_at is None))
        and (not base or base == record.base_ref)
        and (":" not in head or head == f"{owner}:{record.head.ref}")
    )


def _sorted(call: Call, records: Sequence[PullRequest]) -> list[PullRequest]:
    sort = call.query.get("sort", "created")
    direction = call.query.get("direction") or ("desc" if sort == "created" else "asc")
    return sorted(records, key=_SORTS.get(sort, _SORTS["created"]), reverse=direction == "desc")


def _changed_file(call: Call, record: PullRequest, path: str) -> Json:
    before, after = (call.hub.state.commits[sha].files.get(path) for sha in (record.base_sha, record.head.sha))
    change = "added" if before is None else "removed" if after is None else "modified"
    url, page = url_of(call.hub, call.repository), page_of(call.hub, call.repository)
    return {
        "sha": hashlib.sha1(after or b"").hexdigest(),
        "filename": path,
        "status": change,
        "additions": int(after is not None),
        "deletions": int(before is not None),
        "changes": 1 + (change == "modified"),
        "blob_url": f"{page}/blob/{record.head.sha}/{path}",
        "raw_url": f"{page}/raw/{record.head.sha}/{path}",
        "contents_url": f"{url}/contents/{path}?ref={record.head.sha}",
        "patch": "@@ -1 +1 @@",
    }


_READ = ("pull_requests:read",)

ROUTES = (
    Route("GET", "/repos/<owner>/<repo>/pulls", _list_pulls, permissions=_READ),
    Route("GET", "/repos/<owner>/<repo>/pulls/<int:pull_number>", _show_pull, permissions=_READ),
    Route("GET", "/repos/<owner>/<repo>/pulls/<int:pull_number>/files", _list_files, permissions=_READ),
    Route("GET", "/repos/<owner>/<repo>/issues/<int:issue_number>", _show_issue, permissions=("issues:read", *_READ)),
)
