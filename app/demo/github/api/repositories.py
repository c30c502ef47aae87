"""Repositories, branches, commits, users and who may do what.

https://docs.github.com/rest/repos/repos and https://docs.github.com/rest/collaborators/collaborators
"""

from typing import Any

from app.demo.github.call import Answer, Call, Route
from app.demo.github.records import Account
from app.demo.github.refusals import Refusal, not_found
from app.demo.github.shapes.accounts import public_user, user
from app.demo.github.shapes.repositories import commit, full_repository, page_of, url_of

ROLES = ("read", "triage", "write", "maintain", "admin")
# The three-step permission that each role counts as.
_LEGACY = {"maintain": "write", "triage": "read"}


def _show_repository(call: Call) -> Answer:
    return Answer(full_repository(call.hub, call.repository))


def _show_permission(call: Call) -> Answer:
    account = call.hub.state.account_named(call.args["username"])
    if account is None:
        raise not_found()
    role = _role(call, account)
    granted = ROLES.index(role) if role in ROLES else -1
    names = ("pull", "triage", "push", "maintain", "admin")
    permissions = {name: index <= granted for index, name in enumerate(names)}
    shape = user(call.hub, account) | {"permissions": permissions, "role_name": role}
    return Answer({"permission": _LEGACY.get(role, role), "user": shape, "role_name": role})


def _role(call: Call, account: Account) -> str:
    if account.id == call.repository.owner_id:
        return "admin"
    default = "none" if call.repository.private else "read"
    return call.hub.state.collaborators.get((call.repository.id, account.id), default)


def _show_commit(call: Call) -> Answer:
    sha = call.hub.state.resolve(call.repository, call.args["ref"])
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {call.args['ref'][:200]}")
    return Answer(_commit(call, sha))


def _show_branch(call: Call) -> Answer:
    name = call.args["branch"]
    sha = call.hub.state.branch(call.repository, name)
    if sha is None:
        raise Refusal(404, "Branch not found")
    url = f"{url_of(call.hub, call.repository)}/branches/{name}"
    page = f"{page_of(call.hub, call.repository)}/tree/{name}"
    protected = call.hub.state.protections.get((call.repository.id, name))
    checks = list(protected.checks) if protected else []
    required = {
        "enforcement_level": "everyone" if checks else "off",
        "contexts": checks,
        "checks": [{"context": one, "app_id": None} for one in checks],
    }
    protection = {"enabled": protected is not None, "required_status_checks": required}
    shape = {"name": name, "commit": _commit(call, sha), "_links": {"self": url, "html": page}}
    shape |= {"protected": protected is not None, "protection": protection, "protection_url": f"{url}/protection"}
    return Answer(shape)


def _commit(call: Call, sha: str) -> dict[str, Any]:
    shape = commit(call.hub, call.repository, call.hub.state.commit(call.repository, sha))
    return shape | {"stats": {"total": 0, "additions": 0, "deletions": 0}, "files": []}


def _show_user(call: Call) -> Answer:
    account = call.hub.state.account_named(call.args["username"])
    if account is None:
        raise not_found()
    return Answer(public_user(call.hub, account))


ROUTES = (
    Route("GET", "/users/<username>", _show_user, "anyone"),
    Route("GET", "/repos/<owner>/<repo>", _show_repository, permissions=("metadata:read",)),
    Route(
        "GET",
        "/repos/<owner>/<repo>/collaborators/<username>/permission",
        _show_permission,
        permissions=("metadata:read",),
    ),
    Route("GET", "/repos/<owner>/<repo>/commits/<path:ref>", _show_commit, permissions=("contents:read",)),
    Route("GET", "/repos/<owner>/<repo>/branches/<path:branch>", _show_branch, permissions=("contents:read",)),
)
