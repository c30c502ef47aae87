"""The path of every request: token, cache, redirect, error.

A request is sent again by itself in three cases only, in each of which GitHub has not carried it out: after a 401 with
a new token, after a redirect, and where the caller follows pages. Everything else is the caller's to repeat.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import requests

from app.github import errors
from app.github.etags import EtagCache
from app.github.exchange import Answer, Request
from app.github.transport import Transport

Clock = Callable[[], datetime]
"""The time, aware and in UTC."""

REDIRECTS = 5
_VERBATIM = (302, 307, 308)
"""Redirects after which the same request goes to the new address
(https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects)."""


class Credential(Protocol):
    """Who asks."""

    @property
    def name(self) -> str:
        """Tells one asker from another in the cache."""

    @property
    def shortfall(self) -> str:
        """What the token lacks of what it should be good for, in words; empty when nothing."""

    def token(self) -> str:
        """A bearer token that should be accepted now. Raises Transient or Stalled, never NotFound, when there is
        none."""

    def renew(self, refused_token: str, answer: Answer) -> bool:
        """After a 401: whether `token` now gives one that is worth another try."""


class Client:
    """Asks GitHub and gives back JSON. Safe to share between threads."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._remembered = EtagCache()

    def ask(self, credential: Credential, request: Request) -> Any:
        """The answer's JSON. Raises Transient, Stalled or what comes of them in `errors`."""
        return errors.decoded(request, self._answer(credential, request))

    def pages(self, credential: Credential, request: Request) -> Iterator[Any]:
        """The JSON of every page of a list, one after the other, as `Link` names them."""
        following: Request | None = request
        while following is not None:
            answer = self._answer(credential, following)
            yield errors.decoded(following, answer)
            following = _next_page(following, answer)

    def _answer(self, credential: Credential, request: Request) -> Answer:
        answer = self._authorized(credential, request)
        for _ in range(REDIRECTS):
            if answer.status not in _VERBATIM or "location" not in answer.headers:
                break
            request = replace(request, path=self._transport.path_of(request, answer.headers["location"]))
            answer = self._authorized(credential, request)
        if answer.status >= 300:
            raise errors.refused(request, answer, self._clock(), credential.shortfall)
        return answer

    def _authorized(self, credential: Credential, request: Request) -> Answer:
        token = credential.token()
        answer = self._cached(credential, request, token)
        if answer.status == 401 and credential.renew(token, answer):
            return self._cached(credential, request, credential.token())
        return answer

    def _cached(self, credential: Credential, request: Request, token: str) -> Answer:
        if request.method != "GET":
            return self._transport.send(request, token)
        key = (credential.name, request.path)
        known = self._remembered.get(key)
        answer = self._transport.send(request, token, known.headers["etag"] if known else None)
        if answer.status == 304 and known is not None:
            return known
        if answer.status == 200:
            self._remembered.put(key, answer)
        return answer


def _next_page(request: Request, answer: Answer) -> Request | None:
    """The next page of a list (https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api)."""
    links = requests.utils.parse_header_links(answer.headers.get("link", ""))
    url = next((link["url"] for link in links if link.get("rel") == "next"), None)
    if url is None or url == request.path:
        return None
    return replace(request, path=url)
