"""The page on loopback that sends the manifest to GitHub, and to which GitHub sends the browser back."""

import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from app.errors import Stalled
from app.registering.manifest import Wanted

HOST = "127.0.0.1"
_BACK = "/created"

_FORM = """<h1>Register Ephemera as a GitHub App</h1>
<p>GitHub will ask for a name. Its key and secret then come back to the command that opened this page.</p>
<form method="post" action="{action}">
<input type="hidden" name="manifest" value="{manifest}">
<button>Go to GitHub</button>
</form>"""
_DONE = "<h1>The GitHub App is registered</h1><p>Close this page: the terminal says what comes next.</p>"
_OTHER = "<h1>Nothing was done</h1><p>This did not begin here. Use the address that the terminal shows.</p>"


@dataclass(slots=True)
class Page:
    """A page that is being served."""

    wanted: Wanted
    web_url: str
    """Where people see GitHub."""
    port: int = 0
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """Proves that who comes back from GitHub was sent there by us."""
    code: str | None = field(default=None, repr=False)
    """By which GitHub gives away the App's key, once."""
    has_come_back: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.port}"

    def wait(self, seconds: float) -> str:
        """The code, once GitHub has sent the browser back with it. Raises Stalled when that takes longer."""
        if not self.has_come_back.wait(seconds) or self.code is None:
            raise Stalled(f"waiting for GitHub to come back to {self.url}: nobody did. Start again")
        return self.code

    def answer(self, target: str) -> tuple[HTTPStatus, str]:
        """Status and HTML for a GET."""
        parts = urlsplit(target)
        if parts.path == "/":
            return HTTPStatus.OK, self._form()
        if parts.path != _BACK:
            return HTTPStatus.NOT_FOUND, _OTHER
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        return self._take(query)

    def _take(self, query: Mapping[str, str]) -> tuple[HTTPStatus, str]:
        code = query.get("code")
        if not code or not secrets.compare_digest(query.get("state", "").encode(), self.state.encode()):
            return HTTPStatus.BAD_REQUEST, _OTHER
        if self.code is None:
            self.code = code
            self.has_come_back.set()
        return HTTPStatus.OK, _DONE

    def _form(self) -> str:
        manifest = json.dumps(self.wanted.manifest(f"{self.url}{_BACK}"))
        return _FORM.format(action=escape(self.wanted.form_url(self.web_url, self.state)), manifest=escape(manifest))


@contextmanager
def serving(wanted: Wanted, web_url: str, port: int = 0) -> Iterator[Page]:
    """The page, on that port of loopback or on any that is free, until the block ends. Raises Stalled where the port
    is taken."""
    page = Page(wanted, web_url)
    try:
        server = ThreadingHTTPServer((HOST, port), _handler(page))
    except OSError as error:
        raise Stalled(f"serving a page on port {port} of {HOST}: {error.strerror}. Name another --port") from error
    page.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, name="page", daemon=True)
    thread.start()
    try:
        yield page
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(page: Page) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET, and only those who name this host: another name that leads here is somebody else's page."""

        timeout = 30

        def do_GET(self) -> None:
            if self.headers.get("Host") in (f"{HOST}:{page.port}", f"localhost:{page.port}"):
                self._send(*page.answer(self.path))
            else:
                self._send(HTTPStatus.MISDIRECTED_REQUEST, _OTHER)

        def _send(self, status: HTTPStatus, html: str) -> None:
            body = f"<!doctype html><meta charset=utf-8><title>Ephemera</title>{html}".encode()
            self.send_response(status)
            for name, value in _headers(page).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
            """Nothing: the address that GitHub sends the browser back to holds the code."""

    return Handler


def _headers(page: Page) -> Mapping[str, str]:
    origin = urlsplit(page.web_url)
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": f"default-src 'none'; form-action {origin.scheme}://{origin.netloc}; "
        "frame-ancestors 'none'; base-uri 'none'",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
