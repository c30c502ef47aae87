"""The rules of writing: create, replace, change, delete, for every kind alike.

Callers over HTTP and the controllers inside use the same verbs. Every write happens under the store's lock, so a
read-change-write here cannot be overtaken; a caller outside is held to the resourceVersion it names.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.demo.kubernetes.apiserver import defaults, validation
from app.demo.kubernetes.apiserver.admission import admit_pod
from app.demo.kubernetes.apiserver.deletion import PLAIN, Deletion, check_deletion, holders, is_held, marked
from app.demo.kubernetes.apiserver.errors import (
    Cause,
    already_exists,
    bad_request,
    conflict,
    forbidden,
    internal_error,
    invalid,
    not_found,
)
from app.demo.kubernetes.apiserver.kinds import NAMESPACE, POD, Json, Kind
from app.demo.kubernetes.apiserver.metadata import random_suffix, stamp_new
from app.demo.kubernetes.apiserver.ownership import Account, account_for_apply, applied
from app.demo.kubernetes.apiserver.quotas import check_quotas
from app.demo.kubernetes.apiserver.store import Record, Store, encode
from app.demo.kubernetes.apiserver.updates import updated

Edit = Callable[[Json], Json]
"""Gets a copy of the object to change, gives what it shall become."""


@dataclass(frozen=True, slots=True)
class Target:
    """One object or collection a request is about; name and subresource may be empty."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    def named(self, name: str) -> "Target":
        """The object of that name in the same collection."""
        return replace(self, name=name)


class Verbs:
    """Writing and reading single objects. Raises `ApiError`, as the API answers."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, target: Target) -> Record:
        """The object's present version. 404 when it does not exist."""
        record = self.store.find(target.kind, target.namespace, target.name)
        if record is None:
            raise not_found(target.kind, target.name)
        return record

    def create(self, target: Target, body: Json, *, is_dry_run: bool = False, account: Account | None = None) -> Record:
        """Keeps a new object. 409 when the name is taken, 403 in a namespace that is going away."""
        kind = target.kind
        _check_identity(target, body)
        with self.store.lock:
            body = _prepared(target, body)
            validation.check(kind, body)
            self._check_namespace(target.named(body["metadata"]["name"]))
            if kind is POD:
                admit_pod(self.store, body)
            if self.store.find(kind, target.namespace, body["metadata"]["name"]):
                raise already_exists(kind, body["metadata"]["name"])
            check_quotas(self.store, kind, body)
            _keep_account(account, {}, body)
            return _unsaved(kind, body) if is_dry_run else self.store.put(kind, body)

    def replace(
        self, target: Target, body: Json, *, is_dry_run: bool = False, account: Account | None = None
    ) -> Record:
        """Writes the object anew. 409 when the body was made on an older version."""
        _check_identity(target, body)
        if target.kind.is_custom and not body.get("metadata", {}).get("resourceVersion"):
            message = "Invalid value: 0x0: must be specified for an update"
            raise invalid(target.kind, target.name, Cause("metadata.resourceVersion", message))
        return self.change(target, lambda _: body, is_dry_run=is_dry_run, account=account)

    def apply(self, target: Target, config: Json, manager: str, *, force: bool, is_dry_run: bool) -> Record:
        """Creates or changes the object as its manager applies it. 409 when the manager of a field is another."""
        _check_identity(target, config)
        if config["metadata"].get("managedFields"):
            raise bad_request("metadata.managedFields must be nil")
        account = account_for_apply(target.kind, manager, config, force=force)
        with self.store.lock:
            if self.store.find(target.kind, target.namespace, target.name) is None:
                body = {**config, "metadata": {**config["metadata"], "name": target.name}}
                return self.create(replace(target, name=""), body, is_dry_run=is_dry_run, account=account)
            return self.change(
                target,
                lambda old: applied(target.kind, manager, old, config, force=force),
                is_dry_run=is_dry_run,
                account=account,
            )

    def change(self, target: Target, edit: Edit, *, is_dry_run: bool = False, account: Account | None = None) -> Record:
        """Writes what the edit makes of the object; no difference is no write. 404, 409, 422."""
        with self.store.lock:
            old = self.get(target)
            new = edit(old.copy())
            new.setdefault("metadata", {})
            _check_precondition(target, old, new)
            new = updated(target.kind, target.subresource, old, new)
            _keep_account(account, old.body, new)
            if new == old.body:
                return old
            return _unsaved(target.kind, new) if is_dry_run else self._save(old, new)

    def delete(self, target: Target, deletion: Deletion = PLAIN) -> Record | None:
        """Deletes the object, or marks it when something still holds it.

        The answer is the marked version, or None when the object is gone at once.
        """
        with self.store.lock:
            old = self.get(target)
            check_deletion(old, deletion)
            if "deletionTimestamp" in old.body["metadata"] and deletion.grace_seconds != 0:
                return old
            body = marked(old, deletion)
            if is_held(target.kind, body, deletion):
                return old if body == old.body else self.store.put(target.kind, body)
            self.store.remove(old)
            return None

    def _save(self, old: Record, new: Json) -> Record:
        is_gone = "deletionTimestamp" in new["metadata"] and not holders(old.kind, new)
        if is_gone and holders(old.kind, old.body):
            self.store.remove(old)
            return _unsaved(old.kind, new)
        return self.store.put(old.kind, new)

    def _check_namespace(self, target: Target) -> None:
        if not target.kind.is_namespaced:
            return
        namespace = self.store.find(NAMESPACE, "", target.namespace)
        if namespace is None:
            raise not_found(NAMESPACE, target.namespace)
        if "deletionTimestamp" in namespace.body["metadata"]:
            message = f"namespace {target.namespace} is being terminated"
            causes = [{"reason": "NamespaceTerminating", "message": message, "field": "metadata.namespace"}]
            why = f"unable to create new content in namespace {target.namespace} because it is being terminated"
            raise forbidden(target.kind, target.name, why, causes)


def _keep_account(account: Account | None, old: Json, new: Json) -> None:
    if account is not None and (entries := account(old, new)):
        new["metadata"]["managedFields"] = entries


def _check_identity(target: Target, body: Json) -> None:
    kind, metadata = target.kind, body.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        raise bad_request("json: cannot unmarshal metadata into Go value of type v1.ObjectMeta")
    said = (body.get("apiVersion") or kind.api_version, body.get("kind") or kind.kind)
    if said != (kind.api_version, kind.kind):
        raise bad_request(
            f"{said[1]} in API version {said[0]} does not match the expected API version"
            f" ({kind.api_version}, Kind={kind.kind})"
        )
    if metadata.get("namespace", target.namespace) not in {target.namespace, ""}:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if target.name and metadata.get("name", target.name) != target.name:
        raise bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({target.name})"
        )


def _prepared(target: Target, body: Json) -> Json:
    kind = target.kind
    body = {"apiVersion": kind.api_version, "kind": kind.kind} | json.loads(encode(body))
    metadata = body["metadata"]
    if metadata.get("resourceVersion"):
        raise internal_error("resourceVersion should not be set on objects to be created")
    if target.namespace:
        metadata["namespace"] = target.namespace
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + random_suffix()
    metadata.setdefault("name", "")
    if kind.has_status:
        body.pop("status", None)
    defaults.fill(kind, body)
    stamp_new(kind, body)
    return body


def _check_precondition(target: Target, old: Record, new: Json) -> None:
    metadata = new["metadata"]
    revision = metadata.get("resourceVersion")
    if revision and str(revision) != str(old.revision):
        raise conflict(target.kind, target.name)
    if metadata.get("uid") and metadata["uid"] != old.body["metadata"]["uid"]:
        why = f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: "
        raise conflict(target.kind, target.name, why + old.body["metadata"]["uid"])


def _unsaved(kind: Kind, body: Json) -> Record:
    metadata = body["metadata"]
    revision = int(metadata.get("resourceVersion") or 0)
    return Record(kind, metadata.get("namespace", ""), metadata["name"], revision, body, encode(body))
