"""The outermost WSGI layer: injects faults, keeps the ledger, and understands `/repositories/{id}/...`."""

import errno
import io
import json
import re
import socket
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from app.demo.github.budget import Window, primary_limit
from app.demo.github.faults import Fault
from app.demo.github.git.serving import GitCall, GitServer, git_call
from app.demo.github.hub import Hub
from app.demo.github.ledger import NOTES, READING, LedgerEntry, Notes
from app.demo.github.refusals import Refusal
from app.demo.github.secondary import POINTS_TO_READ, POINTS_TO_WRITE, secondary_limit

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

CONTROL = "/_sim/"
# What is no API: the control plane, and the pages that people see.
ASIDE = (CONTROL, "/settings/", "/organizations/")
BY_ID = re.compile(r"/repositories/(\d+)(/.*)?")


class Gate:
    """Wraps the application; requests of the control plane and of pages pass untouched."""

    def __init__(self, hub: Hub, application: WsgiApp) -> None:
        self._hub = hub
        self._application = application
        self._git = GitServer(hub)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if environ["PATH_INFO"].startswith(ASIDE):
            return self._application(environ, start_response)
        call = git_call(environ)
        if call:
            return self._pass_git(environ, start_response, call)
        owner, at_once = self._hub.in_flight.enter(environ.get("HTTP_AUTHORIZATION", ""))
        environ[NOTES] = Notes(at_once=at_once)
        try:
            return self._pass(environ, start_response)
        finally:
            self._hub.in_flight.leave(owner)

    def _pass_git(self, environ: Environ, start_response: StartResponse, call: GitCall) -> Iterable[bytes]:
        """Serve Git, which no rate limit counts, with its own faults."""
        fault = self._hub.faults.take(environ["REQUEST_METHOD"], environ["PATH_INFO"], git=True)
        match fault:
            case Fault(kind="status"):
                return Response("on demand\n", fault.status, fault.headers)(environ, start_response)
            case Fault(kind="stall"):
                self._hub.faults.stall(fault.seconds)
        answer = self._git.serve(environ, start_response, call)
        if fault is None or fault.kind != "lost_answer":
            return answer
        getattr(answer, "close", lambda: None)()  # which ends Git
        return _cut(environ)

    def _pass(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        begun = time.monotonic()
        request = Request(environ)
        target = environ.get("RAW_URI") or request.full_path
        body = request.get_data()
        environ["wsgi.input"] = io.BytesIO(body)
        fault = self._hub.faults.take(request.method, request.path)
        self._name_repository(environ)
        response = self._serve(environ, fault)
        is_answered = self._is_answered(environ, response, fault)
        self._record(request, target, body, response if is_answered else None, begun, fault)
        if not is_answered:
            return _cut(environ)
        return response(environ, start_response)

    def _name_repository(self, environ: Environ) -> None:
        matched = BY_ID.fullmatch(environ["PATH_INFO"])
        if not matched:
            return
        with self._hub.state.lock:
            repository = self._hub.state.repositories.get(int(matched[1]))
            if repository:
                environ["PATH_INFO"] = f"/repos/{self._hub.state.full_name(repository)}{matched[2] or ''}"

    def _serve(self, environ: Environ, fault: Fault | None) -> Response:
        match fault:
            case Fault(kind="status"):
                return _response(Refusal(fault.status, "Server Error", headers=fault.headers))
            case Fault(kind="primary_limit"):
                resets_at = self._hub.clock.now() + timedelta(seconds=fault.seconds)
                return _response(primary_limit("installation", Window(5_000, resets_at, 5_000), fault.status))
            case Fault(kind="secondary_limit"):
                return _response(secondary_limit(int(fault.seconds), fault.status))
            case Fault(kind="stall"):
                self._hub.faults.stall(fault.seconds)
        return Response.from_app(self._application, environ, buffered=True)

    @staticmethod
    def _is_answered(environ: Environ, response: Response, fault: Fault | None) -> bool:
        if fault is None or fault.kind not in {"half_body", "lost_answer"}:
            return True
        if fault.kind == "half_body":
            connection: socket.socket = environ["gunicorn.socket"]
            connection.sendall(_first_half(response))
        return False

    def _record(
        self, request: Request, target: str, body: bytes, response: Response | None, begun: float, fault: Fault | None
    ) -> None:
        notes: Notes = request.environ[NOTES]
        ledger = self._hub.ledger
        entry = LedgerEntry(
            at=self._hub.clock.now(),
            method=request.method,
            target=target,
            operation=notes.operation,
            status=response.status_code if response else 0,
            principal=notes.principal,
            installation_id=notes.installation_id,
            cost=notes.cost,
            points=POINTS_TO_READ if request.method in READING else POINTS_TO_WRITE,
            seconds=time.monotonic() - begun,
            content_type=request.headers.get("Content-Type", ""),
            accept=request.headers.get("Accept", ""),
            user_agent=request.headers.get("User-Agent", ""),
            body=body.decode("utf-8", "replace") if body and ledger.keeps_bodies else None,
            answer=response.get_data().decode("utf-8", "replace") if response and ledger.keeps_answers else None,
            answer_type=response.content_type or "" if response else "",
            fault=fault.kind if fault else None,
            limit=notes.limit,
        )
        ledger.add(entry)


def _response(refusal: Refusal) -> Response:
    return Response(json.dumps(refusal.body), refusal.status, refusal.headers, content_type="application/json")


def _first_half(response: Response) -> bytes:
    body = response.get_data()
    head = f"HTTP/1.1 {response.status}\r\n{response.headers}".encode("latin-1")
    return head + body[: len(body) // 2]


def _cut(environ: Environ) -> Iterable[bytes]:
    connection: socket.socket = environ["gunicorn.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError(errno.ECONNRESET, "the connection was cut on demand")
