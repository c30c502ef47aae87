"""Requests about resources: each HTTP method becomes a verb of the API."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from app.demo.kubernetes.apiserver.access import Access
from app.demo.kubernetes.apiserver.calls import Call, Reply, Stream, reply_text
from app.demo.kubernetes.apiserver.deletion import Deletion
from app.demo.kubernetes.apiserver.errors import (
    ApiError,
    details,
    forbidden_value,
    invalid_options,
    method_not_allowed,
    required,
)
from app.demo.kubernetes.apiserver.listing import list_page
from app.demo.kubernetes.apiserver.logs import pod_log
from app.demo.kubernetes.apiserver.metadata import timestamp
from app.demo.kubernetes.apiserver.options import ListOptions, parse_options
from app.demo.kubernetes.apiserver.ownership import Account, account_for_update
from app.demo.kubernetes.apiserver.patch import APPLY_PATCH, read_config, read_patch
from app.demo.kubernetes.apiserver.rendering import View, encode_any, parse_accept, render_list, render_object
from app.demo.kubernetes.apiserver.store import Record
from app.demo.kubernetes.apiserver.verbs import Target, Verbs
from app.demo.kubernetes.apiserver.watching import Watch, WatchWeather, watch_lines


class Resources:
    """The part of the API that serves objects."""

    def __init__(self, verbs: Verbs, access: Access, weather: WatchWeather, bookmark_seconds: float) -> None:
        self._verbs = verbs
        self._store = verbs.store
        self._access = access
        self._weather = weather
        self._bookmark_seconds = bookmark_seconds

    def answer(self, user: str, call: Call, target: Target) -> Reply | Stream:
        """The answer to a request about a target. Raises `ApiError`."""
        view = parse_accept(call.headers.get("accept", ""))
        if call.method == "GET" and not target.name:
            return self._collection(user, call, target, view)
        verb, serve = self._verb(call.method, target)
        self._access.check(user, verb, target)
        view.check(is_list=False, kind=target.kind.kind)
        return serve(call, target, view)

    def _verb(self, method: str, target: Target) -> tuple[str, Callable[[Call, Target, View], Reply]]:
        served: dict[tuple[str, bool | str], tuple[str, Callable[[Call, Target, View], Reply]]] = {
            ("GET", True): ("get", self._get),
            ("POST", False): ("create", self._create),
            ("PUT", True): ("update", self._replace),
            ("PATCH", True): ("patch", self._patch),
            ("DELETE", True): ("delete", self._delete),
            ("DELETE", False): ("deletecollection", self._delete_collection),
        }
        served |= {("GET", "log"): ("get", self._log)} if target.subresource == "log" else {}
        served |= {("POST", "token"): ("create", self._token)} if target.subresource == "token" else {}
        found = served.get(
            (method, target.subresource if target.subresource in {"log", "token"} else bool(target.name))
        )
        if found is None or (method == "DELETE" and target.subresource):
            raise method_not_allowed()
        return found

    def _get(self, _call: Call, target: Target, view: View) -> Reply:
        return _reply(self._verbs.get(target), view)

    def _replace(self, call: Call, target: Target, view: View) -> Reply:
        record = self._verbs.replace(target, call.json(), is_dry_run=_is_dry_run(call), account=_account(call, target))
        return _reply(record, view)

    def _collection(self, user: str, call: Call, target: Target, view: View) -> Reply | Stream:
        options = parse_options(target.kind, call.query)
        namespace = target.namespace or None
        if not options.is_watch:
            self._access.check(user, "list", target)
            view.check(is_list=True, kind=target.kind.kind)
            page = list_page(self._store, target.kind, namespace, options)
            return Reply(200, render_list(target.kind, page, view))
        self._access.check(user, "watch", target)
        return Stream(self._watch(target, namespace, options, view))

    def _watch(self, target: Target, namespace: str | None, options: ListOptions, view: View) -> Iterator[bytes]:
        watch = Watch(target.kind, namespace, options, view, self._bookmark_seconds)
        return watch_lines(self._store, watch, self._weather)

    def _create(self, call: Call, target: Target, view: View) -> Reply:
        if target.kind.is_namespaced and not target.namespace:
            raise method_not_allowed()
        record = self._verbs.create(target, call.json(), is_dry_run=_is_dry_run(call), account=_account(call, target))
        return _reply(record, view, 201)

    def _token(self, call: Call, target: Target, _view: View) -> Reply:
        self._verbs.get(target)
        spec = call.json().get("spec") or {}
        expires = timestamp(datetime.now(UTC) + timedelta(seconds=spec.get("expirationSeconds", 3600)))
        status = {"token": self._access.issue(target.namespace, target.name), "expirationTimestamp": expires}
        head = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1"}
        metadata = {"name": target.name, "namespace": target.namespace}
        return Reply(201, encode_any({**head, "metadata": metadata, "spec": spec, "status": status}))

    def _log(self, call: Call, target: Target, _view: View) -> Reply:
        return reply_text(200, pod_log(self._verbs.get(target), call.query))

    def _patch(self, call: Call, target: Target, view: View) -> Reply:
        content_type = call.headers.get("content-type", "")
        if content_type.startswith(APPLY_PATCH):
            return self._apply(call, target, view)
        if "force" in call.query:
            why = "may not be specified for non-apply patch"
            raise invalid_options(forbidden_value("force", why), "PatchOptions")
        edit = read_patch(target.kind, content_type, call.body)
        record = self._verbs.change(target, edit, is_dry_run=_is_dry_run(call), account=_account(call, target))
        return _reply(record, view)

    def _apply(self, call: Call, target: Target, view: View) -> Reply:
        manager = call.query.get("fieldManager", "")
        if not manager:
            why = "Required value: is required for apply patch"
            raise invalid_options(required("fieldManager", why), "PatchOptions")
        config = read_config(call.body)
        is_new = self._store.find(target.kind, target.namespace, target.name) is None
        force = call.query.get("force", "") in {"true", "1"}
        record = self._verbs.apply(target, config, manager, force=force, is_dry_run=_is_dry_run(call))
        return _reply(record, view, 201 if is_new else 200)

    def _delete(self, call: Call, target: Target, view: View) -> Reply:
        record = self._verbs.get(target)
        if _is_dry_run(call):
            return _reply(record, view)
        kept = self._verbs.delete(target, _deletion(call))
        return _reply(kept, view) if kept is not None else _deleted(record)

    def _delete_collection(self, call: Call, target: Target, _view: View) -> Reply:
        options = parse_options(target.kind, call.query)
        page = list_page(self._store, target.kind, target.namespace or None, options)
        for record in page.records:
            self._delete_one(Target(target.kind, record.namespace, record.name), _deletion(call))
        body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return Reply(200, encode_any(body))

    def _delete_one(self, target: Target, deletion: Deletion) -> None:
        try:
            self._verbs.delete(target, deletion)
        except ApiError as error:
            if error.code != 404:
                raise


def _reply(record: Record, view: View, code: int = 200) -> Reply:
    return Reply(code, render_object(record, view))


def _deleted(record: Record) -> Reply:
    about = details(record.kind, record.name) | {"uid": record.body["metadata"]["uid"]}
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": about}
    return Reply(200, encode_any(body))


def _deletion(call: Call) -> Deletion:
    options = call.json()
    conditions = options.get("preconditions") or {}
    policy = options.get("propagationPolicy") or call.query.get("propagationPolicy", "")
    grace = options.get("gracePeriodSeconds", call.query.get("gracePeriodSeconds"))
    return Deletion(
        uid=conditions.get("uid") or "",
        revision=conditions.get("resourceVersion") or "",
        is_foreground=policy == "Foreground",
        grace_seconds=None if grace is None else int(grace),
    )


def _account(call: Call, target: Target) -> Account:
    """In whose name it is written: the manager that is named, else the program that calls."""
    agent = call.headers.get("user-agent", "").partition("/")[0] or "unknown"
    return account_for_update(target.kind, call.query.get("fieldManager") or agent, target.subresource)


def _is_dry_run(call: Call) -> bool:
    return call.query.get("dryRun", "") == "All"
