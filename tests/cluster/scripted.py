"""A server on loopback that answers requests as a test says, down to the single chunk."""

import json
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes

    @property
    def is_watch(self) -> bool:
        return self.query.get("watch") == "true"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the chunks of a body; a held answer is left open after them, in silence."""

    status: int = 200
    chunks: Iterable[bytes] = ()
    is_held: bool = False
    headers: dict[str, str] = field(default_factory=dict)


Script = Callable[[Request], Answer]


class ScriptedServer(ThreadingHTTPServer):
    """Asks the script for every request, from many threads at once; keeps the requests in order."""

    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = script
        self.requests: list[Request] = []
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet about clients that hang up, as aborted watches do."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def end(self) -> None:
        self.ended.set()
        self.shutdown()
        self.server_close()
        self._thread.join()


def in_order(*answers: Answer) -> Script:
    """A script of one answer after the other; what is asked beyond is held."""
    left = list(answers)
    return lambda request: left.pop(0) if left else Answer(is_held=True)


def page(*items: dict[str, Any], revision: int = 10, token: str = "") -> Answer:
    metadata = {"resourceVersion": str(revision), "continue": token}
    return Answer(chunks=(json.dumps({"kind": "PodList", "metadata": metadata, "items": list(items)}).encode(),))


def events(*events: dict[str, Any], held: bool = False) -> Answer:
    return Answer(chunks=tuple(line(event) for event in events), is_held=held)


def line(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode() + b"\n"


def event(kind: str, raw: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "object": raw}


def bookmark(revision: int) -> dict[str, Any]:
    return event("BOOKMARK", {"metadata": {"resourceVersion": str(revision)}})


def status(code: int, message: str, name: str = "", **headers: str) -> Answer:
    body = {"kind": "Status", "code": code, "message": message, "details": {"name": name} if name else {}}
    return Answer(code, (json.dumps(body).encode(),), headers=headers)


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(
            self.command, url.path, query, {key.lower(): value for key, value in self.headers.items()}, body
        )
        self.server.requests.append(request)
        self._send(self.server.script(request))

    do_PATCH = do_GET  # noqa: N815

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Transfer-Encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        for chunk in answer.chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.flush()
        if answer.is_held:
            self.server.ended.wait()
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep the test's output clean."""
