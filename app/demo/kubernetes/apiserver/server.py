"""HTTP/1.1 for the site: one thread a connection, kept alive, watch lines flushed as they come."""

import select
import socket
import threading
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

from app.demo.kubernetes.apiserver.calls import Call, Reply, Stream
from app.demo.kubernetes.apiserver.site import Site


class ApiServer:
    """A listening server on 127.0.0.1; port 0 takes a free one."""

    def __init__(self, site: Site, port: int) -> None:
        self._site = site
        self._http = _Listener(("127.0.0.1", port), _Handler)
        self._http.site = site
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        """Serves in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Ends it; connections that are open end with the process."""
        self._site.is_closing.set()
        self._http.shutdown()
        self._http.server_close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    site: Site


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "kubernetes-simulator"
    disable_nagle_algorithm = True
    timeout = 600

    def _serve(self) -> None:
        answer = cast(_Listener, self.server).site.answer(self._call())
        try:
            if isinstance(answer, Stream):
                self._stream(answer)
            else:
                self._reply(answer)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

    def _call(self) -> Call:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length") or 0))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return Call(self.command, unquote(parts.path), query, headers, body)

    def _reply(self, reply: Reply) -> None:
        length = {"Content-Length": str(len(reply.body))}
        head = self._head(reply.code, reply.content_type, {**reply.headers, **length})
        whole = head if self.command == "HEAD" else head + reply.body
        if reply.share < 1:
            self.close_connection = True
            whole = whole[: len(head) + len(reply.body) // 2] if reply.share else b""
        self.connection.sendall(whole)

    def _stream(self, stream: Stream) -> None:
        self.connection.sendall(self._head(200, "application/json", {"Transfer-Encoding": "chunked"}))
        for line in stream.lines:
            if line:
                self.connection.sendall(b"%x\r\n%b\r\n" % (len(line), line))
            elif self._is_abandoned():
                self.close_connection = True
                return
        self.connection.sendall(b"0\r\n\r\n")

    def _is_abandoned(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _head(self, code: int, content_type: str, headers: dict[str, str]) -> bytes:
        fields = {"Content-Type": content_type, "Cache-Control": "no-cache, private", **headers}
        if self.close_connection:
            fields["Connection"] = "close"
        lines = [f"HTTP/1.1 {code} {responses.get(code, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")
