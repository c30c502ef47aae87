"""The App's own profile, read once: by it we know our comments and check runs."""

from app.github import parse, written
from app.github.client import Client
from app.github.credentials import AsApp
from app.github.exchange import Request


class Profile:
    """What `GET /app` says about us."""

    def __init__(self, client: Client, app: AsApp) -> None:
        self._client = client
        self._app = app
        self._known: parse.App | None = None

    def get(self) -> parse.App:
        """The profile; asked for once and then remembered."""
        if self._known is None:
            self._known = self.read()
        return self._known

    def login(self) -> str:
        """Who we are where people are named: `ephemera[bot]`."""
        return self.get().bot_login

    def is_ours(self, writer: written.Writer) -> bool:
        """We wrote it, this App and no other."""
        app = self.get()
        return writer.app_id == app.id or writer.login == app.bot_login

    def read(self) -> parse.App:
        """The profile as it is now."""
        request = Request("reading the App's profile", "/app")
        return parse.app(request, self._client.ask(self._app, request))
