"""GitHub's refusals, as exceptions that `dispatch` turns into answers."""

from collections.abc import Mapping
from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class Refusal(Exception):
    """An answer that is not a success. `errors` are GitHub's field errors, headers are added as they are."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: list[dict[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body: dict[str, Any] = {"message": message}
        if errors is not None:
            self.body["errors"] = errors
        self.body |= {"documentation_url": DOCUMENTATION, "status": str(status)}


class Limited(Refusal):
    """A rate limit is used up. `limit` says which, for the ledger: GitHub does not tell its clients."""

    def __init__(self, status: int, message: str, *, limit: str, headers: Mapping[str, str]) -> None:
        super().__init__(status, message, headers=headers)
        self.limit = limit


class Moved(Refusal):
    """A repository has another name now: 301 for reading, 307 for the rest."""

    def __init__(self, method: str, location: str) -> None:
        is_reading = method in {"GET", "HEAD"}
        status, message = (301, "Moved Permanently") if is_reading else (307, "Temporary Redirect")
        super().__init__(status, message, headers={"Location": location})
        self.body["url"] = location


def not_found() -> Refusal:
    """Return the 404, which also is what a forbidden thing looks like."""
    return Refusal(404, "Not Found")


def invalid(resource: str, field: str, code: str, message: str | None = None) -> Refusal:
    """Return a 422 about one field; `code` is one of GitHub's, such as `missing_field` or `custom`."""
    error = {"resource": resource, "code": code, "field": field}
    return Refusal(422, "Validation Failed", errors=[error | ({"message": message} if message else {})])


def bad_request(reason: str) -> Refusal:
    """Return the 422 of the newer endpoints, which check a JSON schema."""
    return Refusal(422, f"Invalid request.\n\n{reason}")
