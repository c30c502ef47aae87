"""The load: signed webhooks over connections that are kept alive, sent by a process of its own.

Each connection waits for its answer before it sends again. Sockets and `selectors` alone: an HTTP library would need
as much of the machine as what it measures.
"""

import json
import multiprocessing
import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator
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
    """The server broke the connection off, took too long, or did not answer in HTTP/1.1 with a Content-Length."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered."""

    seconds: float
    in_time: int
    statuses: Counter[int]
    """All answers, also those to what was under way when the time was over."""
    cpu_seconds: float
    """What the sender needed itself; were it near `seconds`, the sender would be what was measured."""

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.in_time / self.seconds


@dataclass(slots=True)
class _Line:
    """One connection."""

    socket: socket.socket
    received: bytes = b""


@dataclass(slots=True)
class _Sender:
    """The connections, and the endless row of requests that they take from."""

    requests: Iterator["_Request"]
    lines: list[_Line]
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def send(self, seconds: float) -> Load:
        """Keep every connection busy for that long, then wait for the last answers."""
        statuses: Counter[int] = Counter()
        begin, begin_cpu = time.perf_counter(), time.process_time()
        for line in self.lines:
            self.selector.register(line.socket, selectors.EVENT_READ, line)
            self._ask(line)
        while (took := time.perf_counter() - begin) < seconds:
            for line in self._answered(statuses):
                self._ask(line)
        in_time, cpu_seconds = statuses.total(), time.process_time() - begin_cpu
        while self.selector.get_map():
            for line in self._answered(statuses):
                self.selector.unregister(line.socket)
        return Load(took, in_time, statuses, cpu_seconds)

    def _ask(self, line: _Line) -> None:
        line.socket.sendall(next(self.requests).under_new_id())

    def _answered(self, statuses: Counter[int]) -> Iterator[_Line]:
        ready = self.selector.select(_ANSWER_SECONDS)
        if not ready:
            raise BadAnswer(f"no answer within {_ANSWER_SECONDS:g} s")
        for key, _ in ready:
            line: _Line = key.data
            piece = line.socket.recv(_RECEIVE_BYTES)
            line.received += piece
            if not piece or _is_whole(line.received):
                statuses[_status(line.received)] += 1
                line.received = b""
                yield line


@dataclass(frozen=True, slots=True)
class _Request:
    """A request, cut where the delivery's id belongs: the signature covers the body alone."""

    before: bytes
    after: bytes

    def under_new_id(self) -> bytes:
        return self.before + str(uuid4()).encode() + self.after


def send(port: int, secret: bytes, seconds: float) -> Load:
    """Send webhooks to 127.0.0.1 for that long, in another process. Raises BadAnswer."""
    with multiprocessing.get_context("spawn").Pool(1) as process:
        return process.apply(_send, (port, secret, seconds))


def bodies() -> list[bytes]:
    """A push to each of 100 pull requests of 4 repositories, as GitHub writes it: 24 KB each."""
    return [_push(number) for number in range(1, PULL_REQUESTS + 1)]


def _push(number: int) -> bytes:
    document = example("pull_request", "synchronize").document
    repository = number % REPOSITORIES
    document["number"] = document["pull_request"]["number"] = number
    document["repository"] |= {"id": 1000 + repository, "full_name": f"acme/shop-{repository}"}
    document["installation"] = {"id": 1, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uMQ=="}
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _send(port: int, secret: bytes, seconds: float) -> Load:
    requests = cycle([_request(port, secret, body) for body in bodies()])
    lines = [_Line(socket.create_connection(("127.0.0.1", port), _ANSWER_SECONDS)) for _ in range(CONNECTIONS)]
    try:
        return _Sender(requests, lines).send(seconds)
    finally:
        for line in lines:
            line.socket.close()


def _request(port: int, secret: bytes, body: bytes) -> _Request:
    # The headers of https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers.
    headers = {
        "Host": f"127.0.0.1:{port}",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "Accept": "*/*",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "X-GitHub-Event": "pull_request",
        "X-GitHub-Hook-ID": "292430182",
        HEADER: sign(body, secret),
        "X-GitHub-Delivery": "",
    }
    lines = ["POST /webhooks/github HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return _Request("\r\n".join(lines).encode(), b"\r\n\r\n" + body)


def _is_whole(answer: bytes) -> bool:
    head, end, content = answer.partition(b"\r\n\r\n")
    _, name, rest = head.lower().partition(b"content-length:")
    return bool(end) and bool(name) and len(content) >= int(rest.partition(b"\r\n")[0])


def _status(answer: bytes) -> int:
    protocol, _, rest = answer.partition(b" ")
    if protocol != b"HTTP/1.1":
        raise BadAnswer(f"expected an answer in HTTP/1.1, received {answer[:200]!r}")
    return int(rest[:3])
