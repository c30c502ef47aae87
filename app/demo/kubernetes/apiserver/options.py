"""The query of a list or a watch: `ListOptions`, parsed and checked once.

Rules: k8s.io/apimachinery/pkg/apis/meta/internalversion/validation/validation.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.demo.kubernetes.apiserver.errors import ApiError, Cause, bad_request, forbidden_value, invalid_options
from app.demo.kubernetes.apiserver.kinds import Kind
from app.demo.kubernetes.apiserver.selectors import Selector, parse_selector


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What a list or watch asks for; an empty revision means that none was given."""

    selector: Selector
    limit: int
    token: str
    revision: str
    match: str
    is_watch: bool
    has_bookmarks: bool
    timeout_seconds: int | None
    """None when the caller leaves the length of the watch to the server."""
    sends_initial_events: bool | None
    """None when not said, which is not the same as false for validation."""


def parse_options(kind: Kind, query: Mapping[str, str]) -> ListOptions:
    """The options of a query. 400 when a value does not parse, 422 when values contradict each other."""
    initial = query.get("sendInitialEvents")
    timeout = query.get("timeoutSeconds")
    options = ListOptions(
        selector=parse_selector(kind, query.get("labelSelector", ""), query.get("fieldSelector", "")),
        limit=_number("limit", query.get("limit") or "0"),
        token=query.get("continue", ""),
        revision=query.get("resourceVersion", ""),
        match=query.get("resourceVersionMatch", ""),
        is_watch=_is_true(query.get("watch")),
        has_bookmarks=_is_true(query.get("allowWatchBookmarks")),
        timeout_seconds=_number("timeoutSeconds", timeout) if timeout else None,
        sends_initial_events=None if initial is None else _is_true(initial),
    )
    _check(options)
    return options


def _check(options: ListOptions) -> None:
    problem = _initial_problem(options) or _match_problem(options)
    if problem:
        raise problem
    if options.token and options.revision not in {"", "0"}:
        raise bad_request("specifying resource version is not allowed when using continue")


def _initial_problem(options: ListOptions) -> ApiError | None:
    if options.sends_initial_events is None:
        if options.is_watch and options.match:
            why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            return invalid_options(forbidden_value("resourceVersionMatch", why))
        return None
    if not options.is_watch:
        why = "sendInitialEvents is forbidden for list"
        return invalid_options(forbidden_value("sendInitialEvents", why))
    if options.match != "NotOlderThan":
        why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        return invalid_options(forbidden_value("resourceVersionMatch", why))
    return None


def _match_problem(options: ListOptions) -> ApiError | None:
    if not options.match or options.is_watch:
        return None
    if options.match not in {"Exact", "NotOlderThan"}:
        why = f'Unsupported value: "{options.match[:200]}": supported values: "Exact", "NotOlderThan", ""'
        return invalid_options(Cause("resourceVersionMatch", why, "FieldValueNotSupported"))
    if not options.revision:
        why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
        return invalid_options(forbidden_value("resourceVersionMatch", why))
    if options.token:
        why = "resourceVersionMatch is forbidden when continue is provided"
        return invalid_options(forbidden_value("resourceVersionMatch", why))
    if options.match == "Exact" and options.revision == "0":
        why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
        return invalid_options(forbidden_value("resourceVersionMatch", why))
    return None


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise bad_request(f"{name}: invalid number {text[:200]!r}") from error


def _is_true(text: str | None) -> bool:
    return text is not None and text.lower() not in {"0", "false", "f"}
