"""A server that answers as a test tells it: for what no well-behaved GitHub does on demand."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int = 200
    body: Any = None
    """JSON; bytes are sent as they are."""
    headers: Mapping[str, str] = field(default_factory=dict)
    fault: Literal["none", "half_body", "cut", "stall"] = "none"
    """`cut` closes the connection without an answer, `stall` keeps it open until the test is over."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def token(self) -> str:
        """The bearer token it carried."""
        return self.headers["Authorization"].removeprefix("Bearer ")


class Scripted:
    """Replies in turn for each method and path; the last one stays."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.over = threading.Event()
        self._replies: dict[str, list[Reply]] = {}
        self._lock = threading.Lock()

    def on(self, what: str, *replies: Reply) -> None:
        """Set the replies for `GET /path`; without a query in it, for every query."""
        self._replies[what] = list(replies)

    def asked(self, what: str) -> list[Seen]:
        """The requests that were made for `GET /path`, queries aside."""
        return [seen for seen in self.seen if f"{seen.method} {seen.path.partition('?')[0]}" == what]

    def reply(self, seen: Seen) -> Reply:
        """What to answer; 404 where nothing was set."""
        with self._lock:
            self.seen.append(seen)
            bare = seen.path.partition("?")[0]
            replies = self._replies.get(f"{seen.method} {seen.path}") or self._replies.get(f"{seen.method} {bare}")
            if not replies:
                return Reply(404, {"message": "Not Found"})
            return replies.pop(0) if len(replies) > 1 else replies[0]


@contextmanager
def serving(script: Scripted) -> Iterator[Scripted]:
    """Serve the script on a free port of 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer waits 40 ms for an acknowledgement of its head

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            sent = json.loads(self.rfile.read(length)) if length else None
            _send(self, script, script.reply(Seen(self.command, self.path, dict(self.headers), sent)))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield script
    finally:
        script.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _send(handler: BaseHTTPRequestHandler, script: Scripted, reply: Reply) -> None:
    if reply.fault == "stall":
        script.over.wait(30)
    if reply.fault in ("cut", "stall"):
        handler.close_connection = True
        return
    body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
    handler.send_response_only(reply.status)
    for name, value in {"Content-Type": "application/json", **reply.headers}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if reply.fault == "half_body":
        body, handler.close_connection = body[: len(body) // 2], True
    handler.wfile.write(body)
