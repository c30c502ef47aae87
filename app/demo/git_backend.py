"""One request of Git's smart HTTP protocol, answered by the CGI program git-http-backend(1)."""

import base64
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_BUFFER_BYTES = 65_536

# For every repository below the root, however it was made. Nothing is tidied in the background: that would
# outlive the request, and blur what a benchmark measures.
_CONFIGURATION = {
    "http.receivepack": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "receive.autogc": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "init.defaultBranch": "main",
    "safe.directory": "*",
}


class BackendFailed(Exception):
    """`git http-backend` ended without an answer."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers of an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose body is still being written; call `end` once it has been read, or given up."""

    head: Head
    body: IO[bytes]
    process: subprocess.Popen[bytes]

    def end(self) -> None:
        """Close the body and reap the program."""
        self.body.close()
        self.process.wait()


def git_environment(root: Path) -> dict[str, str]:
    """Return the environment Git runs in: nobody's configuration but ours."""
    numbered = enumerate(_CONFIGURATION.items())
    pairs = {f"GIT_CONFIG_{part}_{n}": item[i] for n, item in numbered for i, part in enumerate(("KEY", "VALUE"))}
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(_CONFIGURATION)),
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        **pairs,
    }


def request_environment(method: str, target: str, user: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the CGI variables of one request (RFC 3875, section 4.1); names of headers are lower-case."""
    path, _, query = target.partition("?")
    variables = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REMOTE_USER": user,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": headers.get("content-type", ""),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "CONTENT_LENGTH": headers.get("content-length", ""),
    }
    return {name: value for name, value in variables.items() if value}


def find_backend(environment: Mapping[str, str]) -> str:
    """Return the path of the program. Starting it without the `git` in front takes half the time."""
    asked = subprocess.run(["git", "--exec-path"], env=dict(environment), capture_output=True, text=True, check=True)
    return str(Path(asked.stdout.strip()) / "git-http-backend")


def run_backend(program: str, environment: Mapping[str, str], body: Iterable[bytes]) -> Answer:
    """Feed the request's body to Git and return its answer, the body of which streams. Raises BackendFailed.

    The whole body is written before the answer is read, as Apache's mod_cgi does: Git's requests are
    stateless, so it reads a request to the end before it says more than a pipe holds.
    """
    process = subprocess.Popen(
        [program],
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=_BUFFER_BYTES,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        _feed(process.stdin, body)
        return Answer(_read_head(process.stdout), process.stdout, process)
    except BaseException:
        process.kill()
        Answer(Head(500, ()), process.stdout, process).end()
        raise


def basic_user(header: str | None) -> tuple[str, str] | None:
    """Return user and password of an Authorization header (RFC 7617), None where it has none."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if colon else None


def _feed(pipe: IO[bytes], body: Iterable[bytes]) -> None:
    try:
        for piece in body:
            pipe.write(piece)
        pipe.close()
    except BrokenPipeError:
        # Git refused before it had read everything; its answer says why, and the client gets to read it.
        for _ in body:
            continue


def _read_head(answer: IO[bytes]) -> Head:
    status = 200
    headers: list[tuple[str, str]] = []
    while line := answer.readline():
        name, colon, value = line.decode("latin-1").strip().partition(":")
        if not colon:
            return Head(status, tuple(headers))
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name, value.strip()))
    raise BackendFailed("git http-backend ended without an answer")
