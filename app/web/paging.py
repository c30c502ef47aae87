"""The page of a list that follows the present one: named in the answer and in a `Link` header (RFC 8288)."""

from urllib.parse import urlencode

from flask import Response, request

from app.web import cursor
from app.web.answers import AuditAnswer, DeploymentsAnswer, EnvironmentsAnswer, EventsAnswer, EvidenceAnswer

_JSON = "application/json"


def following(kind: str, after: int | None) -> str | None:
    """The present request's address with the cursor of the next page; None when there is none.

    It is relative, so that no Host header, which anybody may forge, ever comes back in an answer.
    """
    if after is None:
        return None
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    return f"{request.path}?{urlencode([*kept, ('cursor', cursor.encode(kind, after))])}"


Listing = EnvironmentsAnswer | EventsAnswer | DeploymentsAnswer | EvidenceAnswer | AuditAnswer


def page(answer: Listing) -> Response:
    """The answer with a list."""
    response = Response(answer.model_dump_json(), mimetype=_JSON)
    if answer.next is not None:
        response.headers["Link"] = f'<{answer.next}>; rel="next"'
    return response
