"""Which installation speaks for a repository, and the repository's part of the API in its name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.domain.pull_request import RepositoryRef
from app.errors import Stalled
from app.github import parse
from app.github.client import Client
from app.github.credentials import AsApp
from app.github.errors import NotFound
from app.github.exchange import Method, Request
from app.github.permissions import LISTING, REVIEWING, Use
from app.github.tokens import AsInstallation, Scope, Tokens


@dataclass(frozen=True, slots=True)
class Reach:
    """One repository, as one installation reaches it. Paths are below `/repos/{owner}/{repo}`."""

    client: Client
    credential: AsInstallation
    known: RepositoryRef

    @property
    def repository(self) -> str:
        """`owner/name`."""
        return self.known.full_name

    @property
    def installation_id(self) -> int:
        return self.credential.scope.installation_id

    def request(self, doing: str, path: str, method: Method = "GET", body: Mapping[str, Any] | None = None) -> Request:
        """A request for `send` or `pages`."""
        return Request(doing, f"/repos/{quote(self.repository)}{path}", method, body, self.repository)

    def send(self, request: Request) -> Any:
        """The answer's JSON."""
        return self.client.ask(self.credential, request)

    def pages(self, request: Request) -> Iterator[Any]:
        """The JSON of every page."""
        return self.client.pages(self.credential, request)

    def see(self) -> None:
        """Return only where GitHub shows us the repository that we know, under the name that we know it by."""
        request = self.request(f"reading {self.repository}", "")
        self.require_same(request, parse.repository(request, self.send(request), self.installation_id))

    def prove_gone(self, error: NotFound) -> None:
        """Return only where that 404 can mean nothing but that the thing is gone. It is also what a repository out of
        sight looks like, and a permission that is not granted, or not any more: then raise."""
        self.credential.begin_anew()
        self.see()
        if self.credential.shortfall:
            raise error

    def require_same(self, request: Request, found: RepositoryRef) -> None:
        """Raise Stalled when the name leads to another repository by now; what lies in that is none of ours."""
        if found.id != self.known.id:
            raise Stalled(
                f"{request.doing}: {self.repository} is now the repository with id {found.id}, not {self.known.id}; "
                "the one that we know was renamed, and its name given away"
            )


class Installations:
    """The App's installations."""

    def __init__(self, client: Client, app: AsApp, tokens: Tokens, speaking: Use) -> None:
        self._client = client
        self._app = app
        self._tokens = tokens
        self._speaking = speaking
        self._ids: dict[str, int] = {}
        self._located: dict[str, RepositoryRef] = {}

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
        """The repository by a token of its own, for reading it and writing to its pull requests."""
        installation_id = self._id_of(repository)
        scope = Scope(installation_id, repository.id, self._speaking, repository.full_name)
        return Reach(self._client, AsInstallation(scope, self._tokens), repository)

    def reviewed(self, repository: str) -> Reach:
        """The environments repository, called `owner/name`, by a token of its own for its pull requests."""
        found = self.locate(repository)
        assert found.installation_id is not None, "it was located through its installation"
        scope = Scope(found.installation_id, found.id, REVIEWING, found.full_name)
        return Reach(self._client, AsInstallation(scope, self._tokens), found)

    def survey(self, repository: RepositoryRef) -> Reach:
        """The repository by a token that reads all of its installation, for what is done to every repository."""
        return Reach(self._client, self.listing(self._id_of(repository)), repository)

    def listing(self, installation_id: int) -> AsInstallation:
        """The installation, reading all that it has."""
        return AsInstallation(Scope(installation_id, None, LISTING), self._tokens)

    def id_of(self, repository: str) -> int:
        """The id of the installation that `owner/name` belongs to; remembered."""
        if repository not in self._ids:
            self._ids[repository] = self.of(repository).id
        return self._ids[repository]

    def locate(self, repository: str) -> RepositoryRef:
        """The repository that is called `owner/name`, or once was, under its present name; remembered."""
        if repository not in self._located:
            installation_id = self.of(repository).id
            request = Request(f"reading {repository}", f"/repos/{quote(repository)}", repository=repository)
            answer = self._client.ask(self.listing(installation_id), request)
            self._located[repository] = parse.repository(request, answer, installation_id)
        return self._located[repository]

    def forget(self, repository: str) -> None:
        """Have the next `locate` ask GitHub again."""
        self._located.pop(repository, None)

    def _id_of(self, repository: RepositoryRef) -> int:
        """Looked up where the reference does not name it."""
        return repository.installation_id or self.id_of(repository.full_name)
