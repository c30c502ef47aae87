"""GitHub's refusals and silences as Transient or Stalled. The rules are GitHub's:

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api and
https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from app.errors import EphemeraError, RateLimited, Stalled, Transient, shown
from app.github.exchange import Answer, Request

SECONDARY_WAIT = timedelta(seconds=60)
"""GitHub asks for at least a minute where it names no time."""
LONGEST_WAIT = timedelta(days=1)
"""A time further away is taken for a mistake."""
_SILENT = (202, 204)


class NotFound(Stalled):
    """GitHub answered 404 or 410: the thing is gone, or we may not see it."""


class Unprocessable(Stalled):
    """GitHub answered 422: it understood what was asked, and will not do it."""


class NotAllowed(Stalled):
    """GitHub answered 405: the thing is not in a state in which that can be done."""

    def __init__(self, message: str, words: str = "") -> None:
        super().__init__(message)
        self.words = words
        """GitHub's own."""


class Conflict(Transient):
    """GitHub answered 409: the thing is not, or not any more, what the request takes it for."""

    def __init__(self, message: str, retry_after: timedelta | None = None, words: str = "") -> None:
        super().__init__(message, retry_after)
        self.words = words
        """GitHub's own."""


class Malformed(Transient):
    """An answer that is not what GitHub documents: cut off, or by something in between."""


def refused(request: Request, answer: Answer, now: datetime, shortfall: str = "") -> EphemeraError:
    """The error for an answer of 300 or more.

    `now` is used where GitHub does not say what its clock shows; `shortfall` is what the token is known to lack, which
    a 403 and a 404 can both come from.
    """
    if answer.status in (403, 429) and _is_rate_limit(answer):
        wait = _wait(answer, now)
        return RateLimited(f"{request.doing}: GitHub's rate limit is used up for {wait.total_seconds():.0f} s", wait)
    if answer.status == 409:
        return Conflict(f"{request.doing}: GitHub answered 409", _retry_after(answer), _words(answer))
    if answer.status == 405:
        return NotAllowed(f"{request.doing}: {_reason(request, answer)}", _words(answer))
    if answer.status == 408 or answer.status >= 500:
        return Transient(f"{request.doing}: GitHub answered {answer.status}", _retry_after(answer))
    reason = _reason(request, answer)
    if shortfall and answer.status in (403, 404):
        reason = f"{reason}; {shortfall}"
    return _KINDS.get(answer.status, Stalled)(f"{request.doing}: {reason}")


def unanswered(request: Request, error: requests.RequestException) -> Transient:
    """The error for a request whose answer never came, or not whole. It may have been carried out all the same."""
    match error:
        case requests.Timeout():
            reason = "GitHub did not answer in time"
        case requests.exceptions.SSLError():
            reason = "the TLS handshake with GitHub failed: is EPHEMERA_GITHUB_API_URL right, and its certificate?"
        case requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError():
            reason = "GitHub's answer broke off in the middle"
        case _:
            reason = f"the connection to GitHub failed ({type(error).__name__})"
    return Transient(f"{request.doing}: {reason}")


def led_astray(request: Request, reason: str) -> Stalled:
    """The error for a redirect that does not end at this GitHub."""
    advice = "make EPHEMERA_GITHUB_API_URL the address that GitHub uses for itself"
    return Stalled(f"{request.doing}: GitHub redirects elsewhere ({shown(reason)}); {advice}")


def decoded(request: Request, answer: Answer) -> Any:
    """The answer's JSON; None where there is nothing to say. Raises Malformed when it is neither."""
    if answer.status in _SILENT and not answer.text:
        return None
    try:
        return json.loads(answer.text)
    except (ValueError, RecursionError) as error:
        kind = answer.headers.get("content-type", "no content type")
        raise Malformed(f"{request.doing}: GitHub's answer is not JSON ({shown(kind)})") from error


def server_time(answer: Answer) -> datetime | None:
    """GitHub's clock when it answered; None where the answer has no readable Date."""
    try:
        moment = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_KINDS: Mapping[int, type[Stalled]] = {404: NotFound, 410: NotFound, 422: Unprocessable}


def _is_rate_limit(answer: Answer) -> bool:
    """GitHub marks a secondary limit by `retry-after`, or by nothing but its message and the page that it names."""
    if answer.status == 429 or "retry-after" in answer.headers:
        return True
    if answer.headers.get("x-ratelimit-remaining") == "0":
        return True
    body = _body(answer)
    return "rate limit" in str(body.get("message")).lower() or "rate-limit" in str(body.get("documentation_url"))


def _wait(answer: Answer, now: datetime) -> timedelta:
    if (named := _retry_after(answer)) is not None:
        return named
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") != "0" or not reset.isdecimal():
        return SECONDARY_WAIT
    left = int(reset) - (server_time(answer) or now).timestamp()
    return timedelta(seconds=min(max(left, 0) + 1, LONGEST_WAIT.total_seconds()))


def _retry_after(answer: Answer) -> timedelta | None:
    seconds = answer.headers.get("retry-after", "")
    return timedelta(seconds=min(int(seconds), LONGEST_WAIT.total_seconds())) if seconds.isdecimal() else None


def _reason(request: Request, answer: Answer) -> str:
    match answer.status:
        case 401:
            return _unauthorized(answer)
        case 403:
            return _forbidden(answer)
        case 404 | 410 | 451:
            return _invisible(request, answer)
        case status:
            return f"GitHub refused it with {status}: {_message(answer)}"


def _unauthorized(answer: Answer) -> str:
    return (
        f"GitHub does not accept our credentials ({_message(answer)}); do EPHEMERA_GITHUB_APP_ID and "
        "EPHEMERA_GITHUB_PRIVATE_KEY belong together, and does this machine's clock go right?"
    )


def _forbidden(answer: Answer) -> str:
    needed = answer.headers.get("x-accepted-github-permissions")
    advice = f"grant the App {needed}, and have the installation accept it" if needed else "look at its permissions"
    return f"GitHub forbids it to the App ({_message(answer)}); {advice}"


def _invisible(request: Request, answer: Answer) -> str:
    if request.repository is None:
        return f"GitHub answered {answer.status}: {_message(answer)}; is the App still installed there?"
    seen = f"the App does not see {request.repository}: was it removed from the installation?"
    return seen if answer.status == 404 else f"{seen} (GitHub answered {answer.status}: {_message(answer)})"


def _message(answer: Answer) -> str:
    body = _body(answer)
    message = body.get("message")
    details = body.get("errors")
    return shown(message if not details else {"message": message, "errors": details}) if message else "without a reason"


def _words(answer: Answer) -> str:
    message = _body(answer).get("message")
    return message if isinstance(message, str) else f"it answered {answer.status} without a reason"


def _body(answer: Answer) -> dict[str, Any]:
    try:
        body = json.loads(answer.text)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
