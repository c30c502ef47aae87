"""Failures as the API tells them: a `Status` object whose words and codes are those of apimachinery.

Source: k8s.io/apimachinery/pkg/api/errors/errors.go.
"""

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
        if self.details:
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


def method_not_allowed() -> ApiError:
    """405: the resource has no such verb."""
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def not_acceptable() -> ApiError:
    """406: none of the media types the caller accepts can be produced."""
    message = "only the following media types are accepted: application/json"
    return ApiError(406, "NotAcceptable", message)


def already_exists(kind: Kind, name: str) -> ApiError:
    """409 to a create: the name is taken."""
    return ApiError(409, "AlreadyExists", f'{kind.qualified} "{name}" already exists', details(kind, name))


def conflict(kind: Kind, name: str, why: str = _MODIFIED) -> ApiError:
    """409 to a write that was made on an older version."""
    message = f'Operation cannot be fulfilled on {kind.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, details(kind, name))


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


def invalid(kind: Kind, name: str, field: str, message: str, reason: str = "FieldValueInvalid") -> ApiError:
    """422: one field has a value that is refused."""
    causes = [{"reason": reason, "message": message, "field": field}]
    title = f'{kind.kind}.{kind.group} "{name}"' if kind.group else f'{kind.kind} "{name}"'
    about = details(kind, name, causes) | {"kind": kind.kind}
    return ApiError(422, "Invalid", f"{title} is invalid: {field}: {message}", about)


def invalid_options(field: str, message: str) -> ApiError:
    """422: list or watch options which contradict each other."""
    causes = [{"reason": "FieldValueForbidden", "message": f"Forbidden: {message}", "field": field}]
    about = {"group": "meta.k8s.io", "kind": "ListOptions", "causes": causes}
    text = f'ListOptions.meta.k8s.io "" is invalid: {field}: Forbidden: {message}'
    return ApiError(422, "Invalid", text, about)


def forbidden(kind: Kind, name: str, why: str, causes: list[Json] | None = None) -> ApiError:
    """403 with the reason an authorizer or an admission plugin gives."""
    subject = f'{kind.qualified} "{name}"' if name else kind.qualified
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details(kind, name, causes))


def too_large_revision(asked: int, current: int) -> ApiError:
    """504 to a read that wants a revision which does not exist yet."""
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return ApiError(504, "Timeout", message, {"causes": causes, "retryAfterSeconds": 1})
