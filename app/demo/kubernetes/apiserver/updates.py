"""What a write makes of an object that exists: what it may change, what stays, what is counted."""

from app.demo.kubernetes.apiserver import defaults, validation
from app.demo.kubernetes.apiserver.kinds import APPLICATION, DEPLOYMENT, NAMESPACE, Json, Kind
from app.demo.kubernetes.apiserver.metadata import keep_identity
from app.demo.kubernetes.apiserver.store import Record


def updated(kind: Kind, subresource: str, old: Record, new: Json) -> Json:
    """The object as a write leaves it, at the old revision. 422 when the result may not be."""
    if subresource == "status":
        new = _with_status_of(kind, old, new)
    elif subresource == "finalize":
        new = old.copy() | {"spec": new.get("spec", {})}
    else:
        new = new | {"apiVersion": kind.api_version, "kind": kind.kind}
        if kind.has_status:
            _keep(old, new, "status")
        if kind is NAMESPACE:
            _keep(old, new, "spec")
        defaults.fill(kind, new)
    keep_identity(old.body, new)
    new["metadata"]["resourceVersion"] = str(old.revision)
    if subresource != "status":
        _bump_generation(kind, old.body, new)
        validation.check(kind, new)
        validation.check_unchanged(kind, old.body, new)
    return new


def _with_status_of(kind: Kind, old: Record, new: Json) -> Json:
    """Only the status counts; a Deployment's controller also writes its revision annotation this way."""
    body = old.copy() | {"status": new.get("status", {})}
    if kind is DEPLOYMENT and "annotations" in new["metadata"]:
        body["metadata"]["annotations"] = new["metadata"]["annotations"]
    return body


def _keep(old: Record, new: Json, field: str) -> None:
    new.pop(field, None)
    if field in old.body:
        new[field] = old.copy()[field]


def _bump_generation(kind: Kind, old: Json, new: Json) -> None:
    if not kind.has_generation or _content(kind, old) == _content(kind, new):
        return
    new["metadata"]["generation"] = old["metadata"]["generation"] + 1


def _content(kind: Kind, body: Json) -> Json:
    """What a generation counts: all but metadata and a status that is a subresource; a Deployment's annotations too.

    Source: k8s.io/kubernetes/pkg/registry/apps/deployment/strategy.go, PrepareForUpdate.
    """
    ignored = {"metadata", "status"} if kind is not APPLICATION else {"metadata"}
    content = {key: value for key, value in body.items() if key not in ignored}
    if kind is DEPLOYMENT:
        content["annotations"] = body["metadata"].get("annotations") or {}
    return content
