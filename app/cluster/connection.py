"""One HTTP request to the API server at a time: JSON in, JSON or lines out, with explicit time limits.

Neither retries nor follows redirects: who asks knows whether asking again makes sense. Safe to share between threads.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from kubernetes.client import ApiClient
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.exceptions import HTTPError

from app.cluster.access import Access, open_client
from app.cluster.failures import refusal, unreachable
from app.errors import Transient

Json = dict[str, Any]

_JSON = "application/json"
_MERGE_PATCH = "application/merge-patch+json"
_PIECE = 64 * 1024
_LONGEST_LINE = 16 * 1024 * 1024
"""Bytes; etcd keeps objects of at most 1.5 MiB (https://etcd.io/docs/latest/dev-guide/limit/)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to wait for a connection, and for the next byte of an answer."""

    connect_seconds: float = 5
    read_seconds: float = 15


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `doing` begins every error about it: `listing pods`."""

    doing: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    accept: str = _JSON
    limits: Limits = field(default_factory=Limits)


class Stream:
    """The body of an answer that comes line by line. A context manager: leaving it closes the connection."""

    def __init__(self, doing: str, response: BaseHTTPResponse) -> None:
        self._doing = doing
        self._response = response

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()

    def lines(self) -> Iterator[bytes]:
        """The whole lines until the server ends the answer; half a line at the end is dropped.

        Raises Transient when the connection breaks or stays silent for longer than the limit.
        """
        rest = bytearray()
        for piece in self._pieces():
            # UTF-8 uses the byte of a line break for nothing else, so characters cut by a chunk come together again.
            *lines, tail = piece.split(b"\n")
            for line in lines:
                whole = bytes(rest) + line if rest else line
                rest.clear()
                if whole:
                    yield whole
            rest += tail
            if len(rest) > _LONGEST_LINE:
                raise Transient(f"{self._doing}: a line of more than {_LONGEST_LINE} bytes")

    def abort(self) -> None:
        """Have the thread that reads this stream stop reading; may be called from any other, more than once."""
        try:
            self._response.shutdown()
        except (OSError, ValueError, RuntimeError):
            return  # closed in the meantime, which is what was wanted

    def _pieces(self) -> Iterator[bytes]:
        """What comes, as it comes: chunk by chunk where the server sends chunks, which an API server does per event."""
        response = self._response
        try:
            if response.chunked:
                yield from response.read_chunked(_PIECE)
            else:
                yield from iter(lambda: response.read1(_PIECE), b"")
        except (HTTPError, OSError, ValueError) as error:  # ValueError: a TLS socket that `abort` has shut down
            raise unreachable(self._doing, error) from error


class Api:
    """A Kubernetes API server, reached with one set of credentials."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client = open_client(access)
        self._renewing = threading.Lock()

    def get(self, ask: Ask) -> Json:
        """The JSON object at the path. Raises Transient or Stalled."""
        return self._json("GET", ask)

    def body(self, ask: Ask) -> bytes:
        """What is at the path, as it comes. Raises Transient or Stalled."""
        with self._answer("GET", ask, None) as response:
            return _whole(ask.doing, response)

    def merge_patch(self, ask: Ask, patch: Json) -> Json:
        """The object after the patch (RFC 7396). Raises Transient or Stalled; NotFound when there is none."""
        return self._json("PATCH", ask, json.dumps(patch).encode())

    def stream(self, ask: Ask, silence_seconds: float) -> Stream:
        """The answer as lines, once its status has come; the lines may then be so far apart.

        Raises Transient or Stalled.
        """
        response = self._answer("GET", ask, None)
        # A server that closes the connection after the answer has taken the socket from us: the shorter limit stays.
        socket = getattr(response.connection, "sock", None)
        if socket is not None:
            socket.settimeout(silence_seconds)
        return Stream(ask.doing, response)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _json(self, method: str, ask: Ask, body: bytes | None = None) -> Json:
        with self._answer(method, ask, body) as response:
            return _decode(ask.doing, _whole(ask.doing, response))

    def _answer(self, method: str, ask: Ask, body: bytes | None) -> BaseHTTPResponse:
        client = self._client
        response = _send(client, method, ask, body)
        if response.status == 401:
            response.close()
            response = _send(self._renewed(client), method, ask, body)
        if 200 <= response.status < 300:
            return response
        with response:
            raise refusal(ask.doing, response.status, _whole(ask.doing, response), response.headers.get("Retry-After"))

    def _renewed(self, used: ApiClient) -> ApiClient:
        with self._renewing:
            if self._client is used:
                self._client = open_client(self._access)
            return self._client


def _send(client: ApiClient, method: str, ask: Ask, body: bytes | None) -> BaseHTTPResponse:
    headers = {"Accept": ask.accept, "User-Agent": "ephemera", "Accept-Encoding": "identity"}
    if body is not None:
        headers["Content-Type"] = _MERGE_PATCH
    client.update_params_for_auth(headers, [], ["BearerToken"], ask.path, method, body)
    url = client.configuration.host + ask.path + ("?" + urlencode(ask.query) if ask.query else "")
    timeout = Timeout(connect=ask.limits.connect_seconds, read=ask.limits.read_seconds)
    try:
        response: BaseHTTPResponse = client.rest_client.pool_manager.request(
            method,
            url,
            body=body,
            headers=headers,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )
    except (HTTPError, OSError) as error:
        raise unreachable(ask.doing, error) from error
    return response


def _whole(doing: str, response: BaseHTTPResponse) -> bytes:
    try:
        return response.read()
    except (HTTPError, OSError) as error:
        raise unreachable(doing, error) from error


def _decode(doing: str, body: bytes) -> Json:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise Transient(f"{doing}: the answer is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Transient(f"{doing}: the answer is no JSON object")
    return value
