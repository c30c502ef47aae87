"""Pull requests: read, opened and changed.

https://docs.github.com/rest/pulls/pulls
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.demo.github.call import Answer, Call, Json, Route
from app.demo.github.changes import Change
from app.demo.github.pagination import paged
from app.demo.github.pulling.lifecycle import RESOURCE, Opening, close, edit, open_pull, reopen
from app.demo.github.records import PullRequest
from app.demo.github.refusals import Refusal, invalid, not_found
from app.demo.github.shapes.accounts import bot, user
from app.demo.github.shapes.pulls import changed_files, commits_of, diff_base, issue, pull, pull_simple
from app.demo.github.shapes.repositories import commit, page_of, url_of

LONGEST_TITLE = 256
LONGEST_BODY = 65_536
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


def _create_pull(call: Call) -> Answer:
    payload = call.payload
    for key in ("title", "head", "base"):
        if not isinstance(payload.get(key), str) or not payload[key].strip():
            raise invalid(RESOURCE, key, "missing_field")
    _check_texts(payload)
    if call.hub.state.git.of(call.repository) is None:
        raise invalid(RESOURCE, "head", "invalid")  # only what is backed by Git has branches without pull requests
    owner, colon, branch = payload["head"].rpartition(":")
    if colon and owner.lower() != call.hub.state.accounts[call.repository.owner_id].login.lower():
        raise invalid(RESOURCE, "head", "invalid")
    opening = Opening(branch, payload["base"], payload["title"], payload.get("body"), bool(payload.get("draft")))
    made = open_pull(call.hub, call.repository, bot(call.hub), opening)
    shape = pull(call.hub, made)
    return Answer(shape, 201, {"Location": shape["url"]})


def _edit_pull(call: Call) -> Answer:
    payload, record, author = call.payload, pull_of(call, call.args["pull_number"]), bot(call.hub)
    _check_texts(payload)
    state = payload.get("state", record.state)
    if state not in {"open", "closed"}:
        raise invalid(RESOURCE, "state", "invalid")
    fields: Json = {key: payload[key] for key in ("title", "body", "base") if key in payload}
    record = edit(call.hub, record, author, fields)
    if state != record.state:
        record = close(call.hub, record, author) if state == "closed" else reopen(call.hub, record, author)
    return Answer(pull(call.hub, record))


def _list_files(call: Call) -> Answer:
    found = pull_of(call, call.args["pull_number"])
    changes, patches = changed_files(call.hub, found), _patches(call, found)
    numbered = list(enumerate(changes))
    return paged(call, numbered, lambda one: _changed_file(call, found, one[1], patches.get(one[0], "@@ -1 +1 @@")))


def _list_commits(call: Call) -> Answer:
    found = pull_of(call, call.args["pull_number"])
    shas = commits_of(call.hub, found)
    return paged(call, shas, lambda sha: commit(call.hub, call.repository, call.hub.state.commit(call.repository, sha)))


def _show_issue(call: Call) -> Answer:
    record = pull_of(call, call.args["issue_number"])
    closer = call.hub.state.accounts.get(record.closed_by_id or 0)
    return Answer(issue(call.hub, record) | {"closed_by": user(call.hub, closer) if closer else None})


def pull_of(call: Call, number: int) -> PullRequest:
    """Return a pull request of the call's repository, or raise the 404."""
    found = call.hub.state.pulls.get((call.repository.id, number))
    if found is None:
        raise not_found()
    return found


def _check_texts(payload: Json) -> None:
    for key, limit in (("title", LONGEST_TITLE), ("body", LONGEST_BODY)):
        value = payload.get(key)
        if value is not None and not isinstance(value, str):
            raise Refusal(422, "Validation Failed", errors=[])
        if value and len(value) > limit:
            raise invalid(RESOURCE, key, "custom", f"{key} is too long (maximum is {limit} characters)")


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


def _patches(call: Call, record: PullRequest) -> Mapping[int, str]:
    """Return the hunks of each changed file, by its place among them."""
    bare = call.hub.state.git.of(call.repository)
    if bare is None:
        return {}
    return dict(enumerate(bare.patches(diff_base(call.hub, record), record.head.sha)))


def _changed_file(call: Call, record: PullRequest, change: Change, patch: str) -> dict[str, Any]:
    url, page, path = url_of(call.hub, call.repository), page_of(call.hub, call.repository), change.path
    return {
        "sha": change.blob,
        "filename": path,
        "status": change.kind,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{page}/blob/{record.head.sha}/{path}",
        "raw_url": f"{page}/raw/{record.head.sha}/{path}",
        "contents_url": f"{url}/contents/{path}?ref={record.head.sha}",
        "patch": patch,
    }


_READ = ("pull_requests:read",)
_WRITE = ("pull_requests:write",)
_ALL = "/repos/<owner>/<repo>/pulls"
_ONE = f"{_ALL}/<int:pull_number>"

ROUTES = (
    Route("GET", _ALL, _list_pulls, permissions=_READ),
    Route("POST", _ALL, _create_pull, permissions=_WRITE),
    Route("GET", _ONE, _show_pull, permissions=_READ),
    Route("PATCH", _ONE, _edit_pull, permissions=_WRITE),
    Route("GET", f"{_ONE}/files", _list_files, permissions=_READ),
    Route("GET", f"{_ONE}/commits", _list_commits, permissions=_READ),
    Route("GET", "/repos/<owner>/<repo>/issues/<int:issue_number>", _show_issue, permissions=("issues:read", *_READ)),
)
