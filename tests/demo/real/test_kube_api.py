"""The client of the API server, against a server that says what it is told to, in pieces."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.demo.real.kube_api import ApiError, KubeApi

Answer = tuple[int, Sequence[bytes]]
KINDS = {"resources": [{"name": "pods", "kind": "Pod"}, {"name": "pods/log", "kind": "Pod"}]}


@dataclass
class Script:
    """{start of the path: answers in order}, and what was asked."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def say(self, path: str, *pieces: object, code: int = 200) -> None:
        """Answer the next request for a path with these pieces, bytes as they are and the rest as JSON."""
        body = [piece if isinstance(piece, bytes) else json.dumps(piece).encode() for piece in pieces]
        self.answers.setdefault(path, []).append((code, body))


@pytest.fixture
def script() -> Script:
    """Give an empty script that knows what kinds there are."""
    script = Script()
    script.say("/api/v1", KINDS)
    return script


@pytest.fixture
def api(script: Script, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubeApi]:
    """Give a client of a server that follows the script."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            script.asked.append(self.path)
            code, pieces = script.answers[self.path.partition("?")[0]].pop(0)
            self.send_response(code)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (*pieces, b""):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

        def log_message(self, *_: Any) -> None:
            pass

    # Nobody listens there: whoever asks the proxy of the surroundings fails.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield KubeApi(f"http://127.0.0.1:{server.server_port}", Path("/nowhere"), "token")
    server.shutdown()
    server.server_close()


def pod(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


def test_a_list_is_read_page_by_page(api: KubeApi, script: Script) -> None:
    script.say("/api/v1/pods", {"items": [pod("a")], "metadata": {"continue": "next"}})
    script.say("/api/v1/pods", {"items": [pod("b")], "metadata": {}})
    assert api.list("v1", "Pod") == [pod("a"), pod("b")]
    assert script.asked[-1].endswith("continue=next")


def test_what_is_not_there_is_none(api: KubeApi, script: Script) -> None:
    script.say("/api/v1/namespaces/x/pods/a", {"reason": "NotFound"}, code=404)
    assert api.get("v1", "Pod", "a", "x") is None


def test_a_refusal_is_told_with_its_status(api: KubeApi, script: Script) -> None:
    script.say("/api/v1/namespaces/x/pods/a", {"reason": "Forbidden"}, code=403)
    with pytest.raises(ApiError) as refused:
        api.get("v1", "Pod", "a", "x")
    assert (refused.value.code, refused.value.status) == (403, {"reason": "Forbidden"})


def test_events_are_told_whatever_the_pieces_they_come_in(api: KubeApi, script: Script) -> None:
    script.say("/api/v1/pods", b'{"type": "ADDED"}\n{"ty', b'pe": "MOD', b'IFIED"}', b'\n{"type": "DELETED"}\n')
    assert [event["type"] for event in api.watch("v1", "Pod")] == ["ADDED", "MODIFIED", "DELETED"]


def test_waiting_ends_with_the_event_that_makes_it_so(api: KubeApi, script: Script) -> None:
    script.say("/api/v1/namespaces/x/pods", {"items": [], "metadata": {"resourceVersion": "7"}})
    script.say("/api/v1/namespaces/x/pods", json.dumps({"type": "ADDED", "object": pod("a")}).encode() + b"\n")
    assert api.wait("v1", "Pod", ("x", "a"), lambda found: found is not None, 5) == pod("a")
    assert "resourceVersion=7" in script.asked[-1]


def test_waiting_in_vain_tells_what_is_there(api: KubeApi, script: Script) -> None:
    script.say("/api/v1/namespaces/x/pods", {"items": [pod("a")], "metadata": {"resourceVersion": "7"}})
    script.say("/api/v1/namespaces/x/pods")
    with pytest.raises(TimeoutError, match=r"Pod x/a; it is .*\"name\": \"a\""):
        api.wait("v1", "Pod", ("x", "a"), lambda found: found is None, 5)
