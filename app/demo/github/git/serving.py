"""Git's smart HTTP protocol (gitprotocol-http(5)) for the bare repositories, as GitHub serves it beside its API.

A push holds the repository's lock from before Git runs until pull requests have followed: what the API says of a branch
is never older than the push whose answer the client has.
"""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Response

from app.demo.git_backend import Answer, BackendFailed, find_backend, request_environment, run_backend
from app.demo.github.git.access import NOT_FOUND, Asker, check, identify
from app.demo.github.git.protection import with_githubs_words
from app.demo.github.git.refusing import GitRefused
from app.demo.github.git.requests import GitRequest
from app.demo.github.hub import Hub
from app.demo.github.pulling.following import follow, movements
from app.demo.github.pulling.merging import merge_what_waits
from app.demo.github.records import Account, Repository

Environ = dict[str, Any]
PIECE_BYTES = 65_536
IN_MEMORY_BYTES = 1_048_576

_TARGET = re.compile(r"/(?P<name>[^/]+/[^/]+)\.git/(?P<action>info/refs|git-upload-pack|git-receive-pack)")


@dataclass(frozen=True, slots=True)
class GitCall:
    """A request of Git's protocol. `service` is `git-upload-pack` to fetch, `git-receive-pack` to push."""

    name: str
    action: str
    service: str

    @property
    def is_push(self) -> bool:
        """Tell whether it does the work of a push; the listing of references before it does not."""
        return self.action == "git-receive-pack"


def git_call(environ: Environ) -> GitCall | None:
    """Return what Git wants of us; None for a request that is not of its protocol."""
    found = _TARGET.fullmatch(environ["PATH_INFO"])
    if found is None:
        return None
    asked = parse_qs(environ.get("QUERY_STRING", "")).get("service", [""])[0]
    service = asked if found["action"] == "info/refs" else found["action"]
    return GitCall(found["name"], found["action"], service)


class GitServer:
    """Answers Git's requests, and keeps a list of them."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._backend = find_backend(hub.state.git.environment) if hub.state.git.root else ""

    def serve(self, environ: Environ, start_response: Callable[..., Any], call: GitCall) -> Iterable[bytes]:
        """Answer one request; a refusal is a text that Git shows its user."""
        login = ""
        try:
            asker = identify(self._hub, environ.get("HTTP_AUTHORIZATION", ""))
            login = asker.login
            repository = self._repository(call, asker)
            response = self._answer(environ, call, asker, repository)
        except GitRefused as refused:
            response = _refusal(refused)
        except BackendFailed as failed:
            response = _refusal(GitRefused(500, str(failed)))
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        self._hub.git_requests.append(GitRequest(method, path, call.service, response.status_code, login))
        return response(environ, start_response)

    def _repository(self, call: GitCall, asker: Asker) -> Repository:
        with self._hub.state.lock:
            state = self._hub.state
            found = state.repository_named(call.name) or state.repository_once_named(call.name)
            if found is None or found.bare is None:
                raise GitRefused(404 if asker.account else 401, NOT_FOUND)
            check(self._hub, asker, found, pushes=call.service == "git-receive-pack")
            return found

    def _answer(self, environ: Environ, call: GitCall, asker: Asker, repository: Repository) -> Response:
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as body:
            for piece in _pieces(environ["wsgi.input"]):
                body.write(piece)
            body.seek(0)
            if call.is_push and asker.account:
                return self._push(environ, call, asker.account, repository, body)
            return _streamed(self._run(environ, call, asker.login, repository, body))

    def _push(self, environ: Environ, call: GitCall, by: Account, repository: Repository, body: IO[bytes]) -> Response:
        state = self._hub.state
        bare = state.git.of(repository)
        assert bare, "found with one"
        with state.git.lock(repository):
            before = bare.branches()
            answer = self._run(environ, call, by.login, repository, body)
            try:
                told = with_githubs_words([answer.body.read()])
            finally:
                answer.end()
            moved = movements(before, bare.branches())
            with state.lock:
                follow(self._hub, repository, moved, by)
                merge_what_waits(self._hub, repository)
        return Response(told, answer.head.status, list(answer.head.headers))

    def _run(self, environ: Environ, call: GitCall, login: str, repository: Repository, body: IO[bytes]) -> Answer:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_") or name == "CONTENT_TYPE"
        }
        target = f"/{repository.bare}/{call.action}?{environ.get('QUERY_STRING', '')}"
        variables = request_environment(environ["REQUEST_METHOD"], target, login, headers)
        return run_backend(self._backend, self._hub.state.git.environment | variables, _pieces(body))


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE_BYTES):
        yield piece


def _streamed(answer: Answer) -> Response:
    response = Response(_pieces(answer.body), answer.head.status, list(answer.head.headers))
    response.call_on_close(answer.end)
    return response


def _refusal(refused: GitRefused) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="GitHub"'} if refused.status == 401 else {}
    return Response(f"{refused}\n", refused.status, headers, content_type="text/plain; charset=utf-8")
