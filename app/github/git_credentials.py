"""A user name and a password for Git over HTTP, where a repository lies on the GitHub that we talk to.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation#about-authentication-as-a-github-app-installation
"""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from app.domain.pull_request import RepositoryRef
from app.errors import Stalled, shown
from app.github.installations import Installations
from app.github.permissions import PUSHING
from app.github.tokens import Scope, Tokens

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class GitLogin:
    """What Git asks for over HTTP."""

    username: str
    password: str = field(repr=False)


class GitHubGitCredentials:
    """Installation tokens, as Git takes them: each for one repository, and for nothing but pushing to it."""

    def __init__(self, installations: Installations, tokens: Tokens) -> None:
        self._installations = installations
        self._tokens = tokens

    def login(self, repository_url: str) -> GitLogin:
        """A login that is good for ten minutes at least. Raises Transient or Stalled when there is none."""
        name = full_name(repository_url)
        scope = _pushing(self._installations.locate(name))
        try:
            return GitLogin("x-access-token", self._tokens.token_for(scope))
        except Stalled:
            self._installations.forget(name)  # it may have moved, or the App was installed anew
            raise


def is_on_this_github(repository_url: str, api_url: str) -> bool:
    """Whether the repository is served by the GitHub whose API that is.

    The API of github.com and of `*.ghe.com` has a host of its own, `api.`; elsewhere both share host and port
    (https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api).
    """
    repository, api = urlsplit(repository_url), urlsplit(api_url)
    if repository.scheme not in _PORTS or api.scheme not in _PORTS:
        return False
    host = api.hostname or ""
    if host == "api.github.com" or (host.startswith("api.") and host.endswith(".ghe.com")):
        host = host.removeprefix("api.")
    return (repository.hostname, _port(repository)) == (host, _port(api))


def full_name(repository_url: str) -> str:
    """`owner/name` of a repository's URL. Raises Stalled when it has none."""
    parts = urlsplit(repository_url).path.strip("/").removesuffix(".git").split("/")
    if len(parts) < 2 or not all(parts[-2:]):
        shape = "https://github.com/owner/name.git"
        raise Stalled(
            f"reading EPHEMERA_ENVIRONMENTS_REPOSITORY: {shown(_without_login(repository_url))} is not like {shape}"
        )
    return "/".join(parts[-2:])


def _pushing(repository: RepositoryRef) -> Scope:
    assert repository.installation_id is not None, "it was located through its installation"
    return Scope(repository.installation_id, repository.id, PUSHING, repository.full_name)


def _port(url: SplitResult) -> int:
    return url.port or _PORTS[url.scheme]


def _without_login(url: str) -> str:
    scheme, _, rest = url.rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
