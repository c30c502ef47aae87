"""The load: signed webhooks over connections that are kept alive, sent by a process of its own.

It waits for an answer on each connection before it sends the next request there. Sockets and `select` alone: an HTTP
library would need as much of the machine as what it measures.
"""

import json
import multiprocessing
import selectors
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from uuid import uuid4

from app.web.signature import HEADER, sign
from tests.fixtures.payloads import example

CONNECTIONS = 32
PULL_REQUESTS = 100
REPOSITORIES = 4
_RECEIVE_BYTES = 64 * 1024
_ANSWER_SECONDS = 30.0


class BadAnswer(Exception):
    """The server broke the connection off, or its answer is not HTTP/1.1."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered in the time measured."""

    seconds: float
    statuses: Counter[int]
    cpu_seconds: float
    """What the sender itself needed; near `seconds`, it would be what was measured."""

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.statuses.total() / self.seconds

    @property
    def business(self) -> float:
        """The share of one core that the sender needed, 0 to 1."""
        return self.cpu_seconds / self.seconds


@dataclass(slots=True)
class _Line:
    """One connection."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)


def bodies() -> list[bytes]:
    """A push to each of 100 pull requests of 4 repositories, as GitHub writes it: 24 KB each."""
    return [_push(number) for number in range(1, PULL_REQUESTS + 1)]


def send(port: int, secret: bytes, seconds: float) -> Load:
    """Send webhooks to 127.0.0.1 for that long, in another process. Raises BadAnswer."""
    with multiprocessing.get_context("spawn").Pool(1) as sender:
        return sender.apply(_send, (port, secret, seconds))


def _push(number: int) -> bytes:
    payload = example("pull_request", "synchronize")
    document = payload.document
    repository = number % REPOSITORIES
    document["number"] = document["pull_request"]["number"] = number
    document["repository"] |= {"id": 1000 + repository, "full_name": f"acme/shop-{repository}"}
    document["installation"] = {"id": 1, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uMQ=="}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _send(port: int, secret: bytes, seconds: float) -> Load:
    requests = cycle([_request(port, secret, body) for body in bodies()])
    statuses: Counter[int] = Counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            line = _Line(socket.create_connection(("127.0.0.1", port), _ANSWER_SECONDS))
            selector.register(line.socket, selectors.EVENT_READ, line)
            _ask(line, next(requests))
        begin, begin_cpu = time.perf_counter(), time.process_time()
        while time.perf_counter() < begin + seconds:
            for line in _readable(selector):
                if (status := _answer(line)) is not None:
                    statuses[status] += 1
                    _ask(line, next(requests))
        took, cpu = time.perf_counter() - begin, time.process_time() - begin_cpu
        statuses_late = _finish(selector)
    return Load(took, statuses, cpu)
