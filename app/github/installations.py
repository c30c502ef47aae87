"""Which installation speaks for a repository, and the repository's part of the API in its name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.domain.pull_request import RepositoryRef
from app.github import parse
from app.github.client import Client
from app.github.credentials import AsApp, AsInstallation, Tokens
from app.github.exchange import Method, Request


@dataclass(frozen=True, slots=True)
class Reach:
    """One repository, as one installation reaches it. Paths are below `/repos/{owner}/{repo}`."""

    client: Client
    credential: AsInstallation
    repository: str

    @property
    def installation_id(self) -> int:
        return self.credential.installation_id

    def request(self, doing: str, path: str, method: Method = "GET", body: Mapping[str, Any] | None = None) -> Request:
        """A request for `send` or `pages`."""
        return Request(doing, f"/repos/{quote(self.repository)}{path}", method, body, self.repository)

    def send(self, request: Request) -> Any:
        """The answer's JSON."""
        return self.client.ask(self.credential, request)

    def pages(self, request: Request) -> Iterator[Any]:
        """The JSON of every page."""
        return self.client.pages(self.credential, request)


class Installations:
    """The App's installations."""

    def __init__(self, client: Client, app: AsApp, tokens: Tokens) -> None:
        self._client = client
        self._app = app
        self._tokens = tokens
        self._ids: dict[str, int] = {}

    def all(self) -> list[parse.Installation]:
        """Every installation, suspended ones too."""
        request = Request("listing the App's installations", "/app/installations?per_page=100")
        pages = self._client.pages(self._app, request)
        return [found for page in pages for found in parse.installations(request, page)]

    def of(self, repository: str) -> parse.Installation:
        """The installation that `owner/name` belongs to. Raises NotFound when the App does not see the repository."""
        path = f"/repos/{quote(repository)}/installation"
        request = Request(f"looking for the App's installation on {repository}", path, repository=repository)
        return parse.installation(request, self._client.ask(self._app, request))

    def reach(self, repository: RepositoryRef) -> Reach:
        """The repository through its installation, which is looked up once where the reference does not name it."""
        installation_id = repository.installation_id or self.id_of(repository.full_name)
        return Reach(self._client, self.credential(installation_id), repository.full_name)

    def credential(self, installation_id: int) -> AsInstallation:
        """The installation as the one who asks."""
        return AsInstallation(installation_id, self._tokens)

    def id_of(self, repository: str) -> int:
        """The id of the installation that `owner/name` belongs to; remembered."""
        if repository not in self._ids:
            self._ids[repository] = self.of(repository).id
        return self._ids[repository]
