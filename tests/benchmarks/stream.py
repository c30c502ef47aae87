"""A server that lists and watches 10,000 Argo CD Applications as an API server does: one chunk for each event.

`python -m tests.benchmarks.stream` prints its port and serves until its standard input ends. A watch begins once
somebody has asked for `/go`. Bodies are written out before the first request, so that the reader is what is measured.
"""

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

APPLICATIONS = 10_000
EVENTS = 20_000
LISTED = 1_000_000
"""The revision of the list; the events are those after it."""
_AT_ONCE = 16
LAST_COMMIT = "f" * 40
"""What the last event says is applied."""
_COMMIT, _REVISION, _CLOCK = "commit-commit-commit-commit-commit-commit", "7777777", "2031-01-01T00:00:00Z"
"""What differs from one version to the next, as it stands in a body."""
_REPOSITORY = "https://github.com/acme/environments"
_KINDS = (
    ("", "v1", "Namespace", ""),
    ("", "v1", "ResourceQuota", "environment"),
    ("", "v1", "LimitRange", "environment"),
    ("", "v1", "ServiceAccount", "default"),
    ("", "v1", "ServiceAccount", "web"),
    ("", "v1", "Service", "web"),
    ("apps", "v1", "Deployment", "web"),
    ("networking.k8s.io", "v1", "Ingress", "web"),
    ("networking.k8s.io", "v1", "NetworkPolicy", "default-deny"),
    ("networking.k8s.io", "v1", "NetworkPolicy", "openings"),
)
_LINKS = ("preview", "pull-request", "commit")
_FIELDS = (
    "controllerNamespace",
    "health",
    "history",
    "operationState",
    "reconciledAt",
    "resources",
    "sourceType",
    "summary",
    "sync",
)


def application(number: int) -> dict[str, Any]:
    """An Application of ten objects, with the history and managed fields of one that has been synced ten times.

    Shape: argo-cd pkg/apis/application/v1alpha1/types.go.
    """
    name = f"pr-{number}-shop"
    path = f"environments/main/acme/shop/{name}"
    source = {"repoURL": _REPOSITORY, "targetRevision": f"refs/environments/{name}", "path": path}
    destination = {"server": "https://kubernetes.default.svc", "namespace": name}
    summary = {"externalURLs": [f"https://{name}.preview.acme.com"], "images": [f"ghcr.io/acme/shop:{_COMMIT}"]}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": _metadata(name, number),
        "spec": {
            "destination": destination,
            "project": "ephemera",
            "source": source,
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "retry": {"limit": 5}},
        },
        "status": {
            "controllerNamespace": "argocd",
            "health": {"lastTransitionTime": _CLOCK, "status": "Healthy"},
            "history": [_deployed(at, source) for at in range(10)],
            "operationState": _operation(source, name),
            "reconciledAt": _CLOCK,
            "resourceHealthSource": "appTree",
            "resources": [_resource(kind, name) for kind in _KINDS],
            "sourceHydrator": {},
            "sourceType": "Directory",
            "summary": summary,
            "sync": {
                "comparedTo": {"destination": destination, "source": source},
                "revision": _COMMIT,
                "status": "Synced",
            },
        },
    }


def _metadata(name: str, number: int) -> dict[str, Any]:
    return {
        "annotations": {
            f"link.argocd.argoproj.io/{to}": f"https://github.com/acme/shop/pull/{number}" for to in _LINKS
        },
        "creationTimestamp": "2031-01-01T00:00:00Z",
        "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        "generation": 3,
        "labels": {"app.kubernetes.io/managed-by": "ephemera", "ephemera.dev/environment": name},
        "managedFields": [
            _managed(manager) for manager in ("argocd-applicationset-controller", "argocd-application-controller")
        ],
        "name": name,
        "namespace": "argocd",
        "ownerReferences": [
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "blockOwnerDeletion": True,
                "controller": True,
                "kind": "ApplicationSet",
                "name": "ephemera",
                "uid": "6c1f2f0e-56b4-4b0a-9c3e-3f3a7d2a5b11",
            }
        ],
        "resourceVersion": _REVISION,
        "uid": f"00000000-0000-4000-8000-{number:012d}",
    }


def _managed(manager: str) -> dict[str, Any]:
    inner: dict[str, Any] = {
        f"f:{field}": {".": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:revision": {}} for field in _FIELDS
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {
            "f:metadata": {"f:annotations": {}, "f:labels": {}},
            "f:spec": {"f:source": {}},
            "f:status": inner,
        },
        "manager": manager,
        "operation": "Update",
        "time": _CLOCK,
    }


def _deployed(at: int, source: Mapping[str, str]) -> dict[str, Any]:
    return {
        "deployStartedAt": "2030-12-31T23:59:00Z",
        "deployedAt": "2030-12-31T23:59:01Z",
        "id": at,
        "initiatedBy": {"automated": True},
        "revision": f"{at:040x}",
        "source": source,
    }


def _operation(source: Mapping[str, str], name: str) -> dict[str, Any]:
    return {
        "finishedAt": _CLOCK,
        "message": "successfully synced (all tasks run)",
        "operation": {
            "initiatedBy": {"automated": True},
            "retry": {"limit": 5},
            "sync": {"prune": True, "revision": _COMMIT},
        },
        "phase": "Succeeded",
        "startedAt": _CLOCK,
        "syncResult": {"resources": [_result(kind, name) for kind in _KINDS], "revision": _COMMIT, "source": source},
    }


def _result(kind: tuple[str, str, str, str], name: str) -> dict[str, Any]:
    group, version, what, called = kind
    return {
        "group": group,
        "hookPhase": "Running",
        "kind": what,
        "message": f"{what.lower()}.{group}/{called or name} configured",
        "name": called or name,
        "namespace": name,
        "status": "Synced",
        "syncPhase": "Sync",
        "version": version,
    }


def _resource(kind: tuple[str, str, str, str], name: str) -> dict[str, Any]:
    group, version, what, called = kind
    return {
        "group": group,
        "health": {"status": "Healthy"},
        "kind": what,
        "name": called or name,
        "namespace": name,
        "status": "Synced",
        "syncWave": -40,
        "version": version,
    }


class Server(ThreadingHTTPServer):
    """Answers any path but `/go` with the Applications."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies = [json.dumps(application(each), separators=(",", ":")).encode() for each in range(APPLICATIONS)]
        self.written = list(self._writes())
        self.has_begun = threading.Event()

    def listed(self, start: int, limit: int) -> Iterator[bytes]:
        """A page, in parts."""
        end = min(start + limit, APPLICATIONS)
        goes_on = f',"continue":"{end}"' if end < APPLICATIONS else ""
        head = (
            f'{{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationList","metadata":{{"resourceVersion":"{LISTED}"'
        )
        yield f'{head}{goes_on}}},"items":['.encode()
        for at in range(start, end):
            yield (b"," if at > start else b"") + self._version(at, at + 1, f"{at:040x}", _CLOCK)
        yield b"]}"

    def _writes(self) -> Iterator[bytes]:
        """The events, each a chunk of its own, as many at once as a network card would take from a busy server."""
        chunks: list[bytes] = []
        for line in self._events():
            chunks.append(_chunk(line))
            if len(chunks) == _AT_ONCE:
                yield b"".join(chunks)
                chunks.clear()
        yield b"".join(chunks)

    def _events(self) -> Iterator[bytes]:
        """Lines. Every second version is a mere look (`reconciledAt`), as most are of a real Argo CD; the others have
        applied the next commit.
        """
        for at in range(EVENTS):
            number, turn = at * 7919 % APPLICATIONS, at // APPLICATIONS + 1
            commit = LAST_COMMIT if at == EVENTS - 1 else f"{number + at % 2 * turn * APPLICATIONS:040x}"
            body = self._version(number, LISTED + at + 1, commit, f"2031-01-01T00:{turn:02}:{at % 60:02}Z")
            yield b'{"type":"MODIFIED","object":' + body + b"}\n"

    def _version(self, number: int, revision: int, commit: str, clock: str) -> bytes:
        body = self.bodies[number].replace(_COMMIT.encode(), commit.encode())
        return body.replace(f'"{_REVISION}"'.encode(), f'"{revision}"'.encode()).replace(
            _CLOCK.encode(), clock.encode()
        )


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if url.path == "/go":
            self.server.has_begun.set()
        elif query.get("watch", "").lower() == "true":
            self.wfile.flush()
            self.server.has_begun.wait()
            for written in self.server.written:
                self.connection.sendall(written)
            threading.Event().wait()
        else:
            self._send(self.server.listed(int(query.get("continue", 0)), int(query.get("limit", APPLICATIONS))))
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, chunks: Iterator[bytes]) -> None:
        for chunk in chunks:
            self.wfile.write(_chunk(chunk))
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""


def _chunk(part: bytes) -> bytes:
    """As HTTP/1.1 frames it (RFC 9112, 7.1)."""
    return b"%x\r\n%s\r\n" % (len(part), part)


def main() -> None:
    """Serve until standard input ends."""
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
