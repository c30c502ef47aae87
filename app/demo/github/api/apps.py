"""The App, its installations and their access tokens.

https://docs.github.com/rest/apps/apps
"""

from collections.abc import Mapping

from app.demo.github.auth import RANKS, TOKEN_LIFETIME, issue_token
from app.demo.github.call import Answer, AsApp, AsInstallation, Call, Json, Route
from app.demo.github.checking import check_keys
from app.demo.github.clock import stamp
from app.demo.github.hub import Hub
from app.demo.github.pagination import paged
from app.demo.github.records import Installation, Repository, Token
from app.demo.github.refusals import Refusal, not_found
from app.demo.github.shapes.accounts import app
from app.demo.github.shapes.installations import installation, selection
from app.demo.github.shapes.repositories import repository


def _show_app(call: Call) -> Answer:
    assert isinstance(call.principal, AsApp), "the route asks for it"
    shown = call.principal.app
    count = len(call.hub.state.installations) if shown.id == call.hub.apps.main.id else 0
    return Answer(app(call.hub, shown) | {"installations_count": count})


def _convert_manifest(call: Call) -> Answer:
    """Tell the new App's secrets, once (https://docs.github.com/rest/apps/apps#create-a-github-app-from-a-manifest)."""
    made = call.hub.apps.convert(call.args["code"], call.hub.clock.now())
    if made is None:
        raise not_found()
    told = {"client_secret": made.client_secret, "webhook_secret": made.webhook_secret, "pem": made.private_key}
    return Answer(app(call.hub, made.app) | told, 201)


def _list_installations(call: Call) -> Answer:
    return paged(call, list(call.hub.state.installations.values()), lambda one: installation(call.hub, one))


def _show_installation(call: Call) -> Answer:
    return Answer(installation(call.hub, _installation(call)))


def _show_repository_installation(call: Call) -> Answer:
    found = call.hub.state.installation_of(call.repository)
    if found is None:
        raise not_found()
    return Answer(installation(call.hub, found))


def _create_token(call: Call) -> Answer:
    record = _installation(call)
    if record.suspended_at:
        raise Refusal(403, "This installation has been suspended")
    check_keys(call.payload, {"repositories": list, "repository_ids": list, "permissions": dict})
    permissions = _narrowed(record, call.payload.get("permissions"))
    chosen = _chosen(call, record)
    expires_at = call.hub.clock.now() + TOKEN_LIFETIME
    ids = frozenset(one.id for one in chosen) if chosen is not None else None
    secret = issue_token(call.hub, Token(record.id, permissions, ids, expires_at))
    body: Json = {"token": secret, "expires_at": stamp(expires_at), "permissions": dict(permissions)}
    body["repository_selection"] = selection(record) if chosen is None else "selected"
    if chosen is not None:
        body["repositories"] = [repository(call.hub, one) for one in chosen]
    return Answer(body, 201)


def _list_own_repositories(call: Call) -> Answer:
    caller = _caller(call)
    visible = [one for one in call.hub.state.repositories_of(caller.installation) if caller.may_see(one)]
    answer = paged(call, visible, lambda one: _with_permissions(call.hub, one), "repositories")
    answer.body["repository_selection"] = selection(caller.installation)
    return answer


def _revoke_token(call: Call) -> Answer:
    del call.hub.state.tokens[_caller(call).secret]
    return Answer(None, 204)


def _installation(call: Call) -> Installation:
    found = call.hub.state.installations.get(call.args["installation_id"])
    if found is None:
        raise not_found()
    return found


def _caller(call: Call) -> AsInstallation:
    assert isinstance(call.principal, AsInstallation), "the route asks for it"
    return call.principal


def _narrowed(record: Installation, wanted: Mapping[str, str] | None) -> Mapping[str, str]:
    if not wanted:
        return dict(record.permissions)
    for name, level in wanted.items():
        granted = record.permissions.get(name, "none")
        if level not in RANKS or RANKS.index(level) > RANKS.index(granted):
            raise Refusal(422, "The permissions requested are not granted to this installation.")
    return {"metadata": "read", **wanted}


def _chosen(call: Call, record: Installation) -> list[Repository] | None:
    names, ids = call.payload.get("repositories"), call.payload.get("repository_ids")
    if not names and not ids:
        return None
    available = call.hub.state.repositories_of(record)
    wanted_names = {str(name).lower() for name in names or ()}
    chosen = [one for one in available if one.name.lower() in wanted_names or one.id in (ids or ())]
    if len(chosen) < max(len(wanted_names), len(set(ids or ()))):
        raise Refusal(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    return chosen


def _with_permissions(hub: Hub, record: Repository) -> dict[str, object]:
    permissions = {"admin": False, "maintain": False, "push": False, "triage": False, "pull": False}
    return repository(hub, record) | {"permissions": permissions}


ROUTES = (
    Route("GET", "/app", _show_app, "app"),
    Route("POST", "/app-manifests/<code>/conversions", _convert_manifest, "anyone"),
    Route("GET", "/app/installations", _list_installations, "app"),
    Route("GET", "/app/installations/<int:installation_id>", _show_installation, "app"),
    Route("POST", "/app/installations/<int:installation_id>/access_tokens", _create_token, "app"),
    Route("GET", "/repos/<owner>/<repo>/installation", _show_repository_installation, "app"),
    Route("GET", "/installation/repositories", _list_own_repositories, "installation"),
    Route("DELETE", "/installation/token", _revoke_token, "installation"),
)
