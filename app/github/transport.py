"""Sends one request and brings the whole answer back: PyGithub's Requester without its retries and pauses.

A Requester keeps the request that it is sending in itself, so each is used by one thread at a time
(https://github.com/PyGithub/PyGithub/pull/2052).
"""

import logging
from collections import deque
from typing import cast
from urllib.parse import urljoin, urlsplit

import requests
from github.Consts import API_VERSION_2022_11_28, mediaType
from github.Requester import Requester

from app.github import errors
from app.github.exchange import Answer, Request

CONNECT_SECONDS = 5
READ_SECONDS = 15
PER_PAGE = 100


class Transport:
    """Connections to one GitHub. Safe to share between threads."""

    def __init__(self, api_url: str, read_seconds: float = READ_SECONDS) -> None:
        """`api_url` is what EPHEMERA_GITHUB_API_URL says: http or https, with the prefix that GHES has."""
        self._api_url = api_url.rstrip("/")
        self._timeouts = (CONNECT_SECONDS, read_seconds)
        self._idle: deque[Requester] = deque()
        # At DEBUG PyGithub logs whole answers, and one of them is a token.
        logging.getLogger(Requester.__module__).setLevel(logging.INFO)

    def send(self, request: Request, token: str, etag: str | None = None) -> Answer:
        """GitHub's answer, whatever its status. A 301 is followed by PyGithub, which drops the new address's query.

        Raises Transient when no whole answer came: then the request may have been carried out all the same.
        Raises Stalled when a 301 leads to another host.
        """
        headers = {"Accept": mediaType, "Authorization": f"Bearer {token}"}
        if etag is not None:
            headers["If-None-Match"] = etag
        requester = self._borrow()
        try:
            status, received, text = requester.requestJson(
                request.method, request.path, headers=headers, input=request.body
            )
        except requests.RequestException as error:
            raise errors.unanswered(request, error) from error
        except RuntimeError as error:
            raise errors.led_astray(request, str(error)) from error
        finally:
            self._idle.append(requester)
        return Answer(status, received, text.replace(token, "***"))

    def path_of(self, request: Request, location: str) -> str:
        """What to ask for to follow a redirect. Raises Stalled when it leads to another host."""
        ours, target = urlsplit(self._api_url), urlsplit(urljoin(f"{self._api_url}/", location))
        if (target.scheme, target.netloc) != (ours.scheme, ours.netloc):
            raise errors.led_astray(request, location)
        return target.geturl()

    def _borrow(self) -> Requester:
        try:
            return self._idle.pop()
        except IndexError:
            return self._new()

    def _new(self) -> Requester:
        return Requester(
            auth=None,
            base_url=self._api_url,
            timeout=cast(int, self._timeouts),  # handed to requests as it is
            user_agent="ephemera",
            per_page=PER_PAGE,
            verify=True,
            retry=None,
            pool_size=1,
            seconds_between_requests=None,
            seconds_between_writes=None,
            api_version=API_VERSION_2022_11_28,
        )
