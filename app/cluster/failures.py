"""What an answer of the API server, or none, means for the caller. The only place that reads status codes.

Codes and the `Status` object: https://kubernetes.io/docs/reference/using-api/api-concepts/ and
k8s.io/apimachinery/pkg/apis/meta/v1/types.go.
"""

import json
import ssl
from datetime import timedelta
from typing import Any

from urllib3.exceptions import HTTPError, SSLError

from app.errors import Stalled, Transient

_PASSING = frozenset({408, 409, 425, 429})
_TEXT_LIMIT = 200

_ADVICE = {
    401: "Renew the credentials.",
    403: "Grant the verb on this resource to the account that Ephemera uses.",
    404: "The cluster does not serve this resource: install it, or correct the URL.",
}


class Expired(Transient):
    """What was asked for lies before the history that the server keeps: list again."""


class NotFound(Stalled):
    """There is no object of that name, while its resource is served."""


class NotServed(Stalled):
    """The cluster has no such resource, and so none of its objects."""


class Unfit(Stalled):
    """The object is there, and not in a state in which that can be asked of it: a log of a run that never was."""


_REFUSALS: dict[int, type[Stalled]] = {400: Unfit, 404: NotServed}


def refusal(doing: str, code: int, body: bytes, retry_after: str | None = None) -> Transient | Stalled:
    """The error that a status code other than 2xx stands for; `doing` is such as `listing pods`."""
    status = _status(body)
    message = f"{doing}: the API server answered {code}: {_words(status, body)}"
    if code == 410:
        return Expired(message)
    if code in _PASSING or code >= 500:
        return Transient(message, _wait(retry_after))
    if code == 404 and (status.get("details") or {}).get("name"):
        return NotFound(message)
    advice = _ADVICE.get(code, "Is this the URL of a Kubernetes API server?")
    return _REFUSALS.get(code, Stalled)(f"{message}. {advice}")


def unreachable(doing: str, error: HTTPError | OSError | ValueError) -> Transient | Stalled:
    """The error that no answer, or half of one, stands for."""
    message = f"{doing}: {str(error)[:_TEXT_LIMIT]}"
    if isinstance(error, SSLError) and any(isinstance(cause, ssl.SSLCertVerificationError) for cause in error.args):
        return Stalled(f"{message}. Name the file with the cluster's certificate authority.")
    return Transient(message)


def _status(body: bytes) -> dict[str, Any]:
    try:
        status = json.loads(body)
    except ValueError:
        return {}
    return status if isinstance(status, dict) else {}


def _words(status: dict[str, Any], body: bytes) -> str:
    words = str(status.get("message") or body.decode(errors="replace").strip())
    return words[:_TEXT_LIMIT] or "nothing"


def _wait(retry_after: str | None) -> timedelta | None:
    # The API server sends whole seconds, never a date.
    return timedelta(seconds=int(retry_after)) if retry_after and retry_after.isdecimal() else None
