"""Hostile requests over a real socket to a real gunicorn."""

import os
import socket
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest

from app.demo.children import spawn
from app.demo.ports import free_port, listens, wait_until
from app.web.signature import HEADER, sign
from tests.fixtures.payloads import example
from tests.web.house import SECRET, House

MIB = 1024 * 1024
GOOD = example("pull_request", "opened").body


@pytest.fixture(scope="module")
def port(quiet_house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Give the port that gunicorn serves on."""
    number, folder = free_port(), tmp_path_factory.mktemp("gunicorn")
    arguments = ["-m", "gunicorn", "--bind", f"127.0.0.1:{number}", "--worker-class", "gthread", "--threads", "4"]
    command = [sys.executable, *arguments, "--worker-tmp-dir", str(folder), "tests.web.served:serve()"]
    url = quiet_house.store.engine.url.render_as_string(hide_password=False)
    with (folder / "gunicorn.log").open("wb") as log:
        child = spawn(command, os.environ | {"DATABASE_URL": url}, output=log)
    wait_until(lambda: listens(number), 20, "gunicorn")
    yield number
    child.stop()


def post(port: int, body: bytes, signature: str | None, chunked: bool = False) -> HTTPResponse:
    """Send a body to the webhook, and read the whole answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"X-GitHub-Event": "pull_request"} | ({} if signature is None else {HEADER: signature})
    pieces = (body[start : start + MIB] for start in range(0, len(body), MIB)) if chunked else body
    connection.request("POST", "/webhooks/github", pieces, headers, encode_chunked=chunked)
    return connection.getresponse()


def send_raw(port: int, request: bytes) -> bytes:
    """Send bytes as they are, and read what comes until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_hostile_requests_are_refused_or_quarantined_and_the_next_is_served(port: int, quiet_house: House) -> None:
    assert post(port, b"x" * 26 * MIB, None).status == 413
    assert post(port, b"x" * 26 * MIB, None, chunked=True).status == 413
    assert post(port, b"{}", None).status == 401
    assert post(port, b"{}", "sha1=" + "0" * 40).status == 401
    assert post(port, b"{}", "sha256=\xe9\xff").status == 401
    hostile = [b"[" * 100_000, b"\xff\xfe", b"\x00", b'{"a": "\\ud800"}', b'{"pull_request": {}, "action": "\\ud800"}']
    assert {post(port, body, sign(body, SECRET)).status for body in hostile} == {202}
    assert post(port, b'{"b": 1}', sign(b'{"b": 1}', SECRET), chunked=True).status == 202
    kept = [bytes(delivery.body) for delivery in quiet_house.deliveries() if delivery.outcome == "quarantined"]
    assert set(kept) >= set(hostile)
    assert post(port, GOOD, sign(GOOD, SECRET)).status == 202
    assert len(quiet_house.environments()) == 1


@pytest.mark.parametrize(
    "body",
    [b"zz\r\n", b"5\r\nab", b"-5\r\nabcde\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\n", b"5\r\nabcdefgh\r\n0\r\n\r\n"],
)
def test_broken_chunks_are_a_bad_request(port: int, body: bytes) -> None:
    head = b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    status = send_raw(port, head + body)[:12]
    assert status in (b"HTTP/1.1 400", b"HTTP/1.1 401", b"HTTP/1.0 400", b"HTTP/1.1 413")


def test_body_that_ends_early_is_no_server_error(port: int) -> None:
    head = b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    assert send_raw(port, head + b"abc")[:10] == b"HTTP/1.1 4"


def test_requests_in_a_row_on_one_connection_are_not_mixed_up(port: int) -> None:
    request = b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    answers = send_raw(port, request * 3)
    assert answers.count(b"HTTP/1.1 401") == 3
