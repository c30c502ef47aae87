"""Failures as the API tells them: a `Status` object whose words and codes are those of apimachinery.

Source: k8s.io/apimachinery/pkg/api/errors/errors.go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.kinds import Json, Kind

_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
_TOKEN_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
    "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
    "modified, or deleted between the time the first chunk was returned and now may show up in the list."
)


class ApiError(Exception):
    """A request that fails, with everything its `Status` body says."""

    def __init__(
        self, code: int, reason: str, message: str, details: Json | None = None, metadata: Json | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata = metadata or {}

    def status(self) -> Json:
        """The `Status` object of this failure."""
        body: Json = {"kind": "Status", "apiVersion": "v1", "metadata": self.metadata, "status": "Failure"}
        body |= {"message": self.message, "code": self.code}
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        return body

    def has_cause(self, reason: str) -> bool:
        """Whether the details name this cause, such as NamespaceTerminating."""
        return any(cause.get("reason") == reason for cause in (self.details or {}).get("causes", ()))


def details(kind: Kind, name: str = "", causes: list[Json] | None = None) -> Json:
    """The `details` of a Status about one resource; empty fields are left out, as Go does."""
    fields = {"name": name, "group": kind.group, "kind": kind.plural, "causes": causes}
    return {key: value for key, value in fields.items() if value}


def bad_request(message: str) -> ApiError:
    """400: the request cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: the bearer token is not known."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def not_found(kind: Kind, name: str) -> ApiError:
    """404: no object of that name."""
    return ApiError(404, "NotFound", f'{kind.qualified} "{name}" not found', details(kind, name))


def not_served() -> ApiError:
    """404: a group has no such resource."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def internal_error(message: str) -> ApiError:
    """500: what the server takes for a mistake of its own, as it does with a revision where none may be."""
    return ApiError(500, "", message)


def method_not_allowed() -> ApiError:
    """405: the resource has no such verb."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def not_acceptable(message: str = "only the following media types are accepted: application/json") -> ApiError:
    """406: none of the media types the caller accepts can be produced."""
    return ApiError(406, "NotAcceptable", message)


def already_exists(kind: Kind, name: str) -> ApiError:
    """409 to a create: the name is taken."""
    return ApiError(409, "AlreadyExists", f'{kind.qualified} "{name}" already exists', details(kind, name))


def conflict(kind: Kind, name: str, why: str = _MODIFIED) -> ApiError:
    """409 to a write that was made on an older version."""
    message = f'Operation cannot be fulfilled on {kind.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, details(kind, name))


def precondition_failed(kind: Kind, name: str, why: str) -> ApiError:
    """409 to a delete of another version; it names the kind, not the resource."""
    message = f'Operation cannot be fulfilled on {kind.kind} "{name}": {why}'
    about = details(kind, name) | {"kind": kind.kind}
    return ApiError(409, "Conflict", message, about)


def expired(message: str) -> ApiError:
    """410: what was asked for lies before the history that is kept."""
    return ApiError(410, "Expired", message)


def continue_expired(fresh_token: str) -> ApiError:
    """410 to a page of a list whose snapshot is gone; carries a token to go on inconsistently."""
    return ApiError(410, "Expired", _TOKEN_TOO_OLD, None, {"continue": fresh_token})


def unsupported_media_type(accepted: str) -> ApiError:
    """415: the body of a patch is of a kind this resource does not take."""
    message = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    return ApiError(415, "UnsupportedMediaType", message)


@dataclass(frozen=True, slots=True)
class Cause:
    """One field whose value is refused."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"

    def json(self) -> Json:
        """As the details of a Status tell it."""
        return {"reason": self.reason, "message": self.message, "field": self.field}


def required(field: str, message: str = "Required value") -> Cause:
    """A field that has to have a value."""
    return Cause(field, message, "FieldValueRequired")


def invalid(kind: Kind, name: str, *causes: Cause) -> ApiError:
    """422: fields have values that are refused."""
    title = f'{kind.kind}.{kind.group} "{name}"' if kind.group else f'{kind.kind} "{name}"'
    about = details(kind, name, [cause.json() for cause in causes]) | {"kind": kind.kind}
    return ApiError(422, "Invalid", f"{title} is invalid: {_told(causes)}", about)


def invalid_options(cause: Cause, kind: str = "ListOptions") -> ApiError:
    """422: options which contradict each other."""
    about = {"group": "meta.k8s.io", "kind": kind, "causes": [cause.json()]}
    return ApiError(422, "Invalid", f'{kind}.meta.k8s.io "" is invalid: {_told([cause])}', about)


def forbidden_value(field: str, why: str) -> Cause:
    """A field that may not have a value here."""
    return Cause(field, f"Forbidden: {why}", "FieldValueForbidden")


def apply_conflict(fields: Mapping[str, Sequence[str]]) -> ApiError:
    """409 to an apply: others own fields that it wants to change; {`"name"` and how it wrote: paths}.

    Source: k8s.io/apimachinery/pkg/util/managedfields/internal/conflict.go.
    """
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {owner}", "field": path}
        for owner, paths in fields.items()
        for path in paths
    ]
    count = len(causes)
    message = f"Apply failed with {count} conflict{'s' if count > 1 else ''}: "
    if count == 1:
        message += f"{causes[0]['message']}: {causes[0]['field']}"
    else:
        parts = [
            f"conflicts with {owner}:" + "".join(f"\n- {path}" for path in paths) for owner, paths in fields.items()
        ]
        message += "\n".join(parts)
    return ApiError(409, "Conflict", message, {"causes": causes})


def forbidden(kind: Kind, name: str, why: str, causes: list[Json] | None = None) -> ApiError:
    """403 with the reason an authorizer or an admission plugin gives."""
    subject = f'{kind.qualified} "{name}"' if name else kind.qualified
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details(kind, name, causes))


def too_large_revision(asked: int, current: int) -> ApiError:
    """504 to a read that wants a revision which does not exist yet."""
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return ApiError(504, "Timeout", message, {"causes": causes, "retryAfterSeconds": 1})


def _told(causes: Sequence[Cause]) -> str:
    told = ", ".join(f"{cause.field}: {cause.message}" for cause in causes)
    return told if len(causes) == 1 else f"[{told}]"
