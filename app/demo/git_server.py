"""Git over HTTP on loopback, as a hosting service would serve it, with faults on demand.

`python -m app.demo.git_server --root DIR --port N`, user and password in GIT_SERVER_USERNAME and
GIT_SERVER_PASSWORD. Repositories lie at `/<owner>/<name>.git`. Beside them a control plane, for `git_host`
alone: `POST /_sim/repositories`, `POST` and `DELETE /_sim/faults`, `GET /_sim/state`.
"""

import argparse
import hmac
import json
import os
import re
import socket
import sys
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from app.demo.git_backend import (
    Answer,
    BackendFailed,
    Head,
    basic_user,
    find_backend,
    git_environment,
    request_environment,
    run_backend,
)
from app.demo.git_body import BadBody, read_body, throttled
from app.demo.git_faults import Fault, Faults
from app.demo.git_repositories import BadName, create_bare

_TARGET = re.compile(r"^/[\w.-]+/[\w.-]+\.git/(?P<action>info/refs|git-receive-pack|git-upload-pack)$", re.ASCII)
_PIECE_BYTES = 65_536


class GitServer(ThreadingHTTPServer):
    """The listening server and what its requests share."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, root: Path, credentials: tuple[str, str]) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.root = root
        self.credentials = credentials
        self.environment = git_environment(root)
        self.backend = find_backend(self.environment)
        self.faults = Faults()
        self.requests: list[dict[str, object]] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent when a client has gone away; report everything else."""
        if not isinstance(sys.exception(), ConnectionError | BadBody):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    """One connection: checks who asks, hands Git's requests to Git, the others to the control plane."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # buffered: head and body of a short answer leave in one packet
    server: GitServer

    def do_GET(self) -> None:
        """Serve a listing of references, or the state."""
        self._serve()

    def do_POST(self) -> None:
        """Serve a fetch or a push, or take a command."""
        self._serve()

    def do_DELETE(self) -> None:
        """Lift the faults."""
        self._serve()

    def log_message(self, *_: object) -> None:
        """Say nothing: `GET /_sim/state` lists the requests."""

    def _serve(self) -> None:
        url = urlsplit(self.path)
        target = _TARGET.match(url.path)
        if not self._is_allowed():
            self._refuse(401, "user or password is wrong", ("WWW-Authenticate", 'Basic realm="git"'))
        elif target:
            discovers = target["action"] == "info/refs"
            service = parse_qs(url.query).get("service", [""])[0] if discovers else target["action"]
            self._serve_git(service, self.server.faults.take(service, discovery=discovers))
        elif url.path.startswith("/_sim/"):
            self._control(f"{self.command} {url.path.removeprefix('/_sim/')}")
        else:
            self._refuse(404, "no such repository")

    def _is_allowed(self) -> bool:
        given = basic_user(self.headers["authorization"])
        expected = ":".join(self.server.credentials).encode()
        return given is not None and hmac.compare_digest(":".join(given).encode(), expected)

    def _headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _body(self) -> Iterator[bytes]:
        return read_body(self._headers(), self.rfile)

    # Git

    def _serve_git(self, service: str, fault: Fault | None) -> None:
        match fault:
            case Fault(what="refuse", status=status):
                self._note(service, status)
                self._refuse(status, "refused on demand")
            case Fault(what="hold_before"):
                body = list(self._body())
                self.server.faults.hold()
                self._give_up_if_alone()
                self._answer(service, fault, body)
            case Fault(what="throttle", bytes_per_second=speed):
                self._answer(service, fault, throttled(self._body(), speed))
            case _:
                self._answer(service, fault, self._body())

    def _answer(self, service: str, fault: Fault | None, body: Iterable[bytes]) -> None:
        user = self.server.credentials[0]
        variables = request_environment(self.command, self.path, user, self._headers())
        try:
            answer = run_backend(self.server.backend, self.server.environment | variables, body)
        except BackendFailed as problem:
            self._refuse(500, str(problem))
            return
        self._note(service, answer.head.status)
        try:
            self._deliver(fault, answer)
        finally:
            answer.end()

    def _deliver(self, fault: Fault | None, answer: Answer) -> None:
        match fault:
            case Fault(what="drop_answer"):
                answer.body.read()  # to its end: then Git is done
                self._cut(answer.head)
            case Fault(what="hold_after"):
                body = answer.body.read()
                self.server.faults.hold()
                self._send(answer.head, [body])
            case _:
                self._send(answer.head, iter(lambda: answer.body.read(_PIECE_BYTES), b""))

    def _send(self, head: Head, pieces: Iterable[bytes]) -> None:
        self._send_head(head)
        for piece in filter(None, pieces):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _send_head(self, head: Head) -> None:
        self.send_response_only(head.status)
        for name, value in head.headers:
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _give_up_if_alone(self) -> None:
        """Raise ConnectionAbortedError when the client went away while it was held: its request is void."""
        self.connection.settimeout(0)
        try:
            if self.connection.recv(1, socket.MSG_PEEK) == b"":
                raise ConnectionAbortedError
        except BlockingIOError:
            return
        finally:
            self.connection.settimeout(None)

    def _cut(self, head: Head) -> None:
        # The status must have left: curl itself repeats a request when a kept connection closes without a byte.
        self._send_head(head)
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _note(self, service: str, status: int) -> None:
        path = urlsplit(self.path).path
        self.server.requests.append({"method": self.command, "path": path, "service": service, "status": status})

    # Everything else

    def _control(self, command: str) -> None:
        try:
            fields = json.loads(b"".join(self._body()) or "{}")
            self._reply(200, self._obey(command, fields))
        except (BadName, TypeError, KeyError, json.JSONDecodeError) as problem:
            self._reply(422, {"error": str(problem)})

    def _obey(self, command: str, fields: dict[str, object]) -> dict[str, object]:
        faults = self.server.faults
        match command:
            case "POST repositories":
                name, readme = str(fields["name"]), bool(fields["readme"])
                create_bare(self.server.root, name, self.server.environment, readme=readme)
            case "POST faults":
                faults.add(Fault.from_json(fields))
            case "DELETE faults":
                faults.lift()
            case "GET state":
                return {"held": faults.held, "requests": self.server.requests}
            case _:
                raise KeyError(f"no such command: {command}")
        return {}

    def _refuse(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        for _ in self._body():
            pass
        self._reply(status, {"error": reason}, *headers)

    def _reply(self, status: int, fields: dict[str, object], *headers: tuple[str, str]) -> None:
        body = json.dumps(fields).encode()
        self.send_response_only(status)
        for name, value in (
            *headers,
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="app.demo.git_server", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the folder that holds the repositories")
    parser.add_argument("--port", type=int, required=True, help="the port of 127.0.0.1 to listen on")
    arguments = parser.parse_args()
    credentials = (os.environ["GIT_SERVER_USERNAME"], os.environ["GIT_SERVER_PASSWORD"])
    with GitServer(arguments.port, arguments.root.resolve(), credentials) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
