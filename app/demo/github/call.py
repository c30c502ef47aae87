"""What a handler gets and gives: a call, an answer, and the route that joins them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.demo.github.hub import Hub
from app.demo.github.records import Installation, Repository, Token
from app.demo.github.refusals import not_found
from app.demo.github.registry import RegisteredApp

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Anonymous:
    """No credentials."""


@dataclass(frozen=True, slots=True)
class AsApp:
    """An App itself, by JWT."""

    app: RegisteredApp


@dataclass(frozen=True, slots=True)
class AsInstallation:
    """An installation, by access token."""

    installation: Installation
    token: Token
    secret: str = field(repr=False)

    def may_see(self, repository: Repository) -> bool:
        """Tell whether the token's narrowing leaves a repository in."""
        return self.token.repository_ids is None or repository.id in self.token.repository_ids


Principal = Anonymous | AsApp | AsInstallation


@dataclass(frozen=True, slots=True)
class Call:
    """One request, authenticated and with its repository found."""

    hub: Hub
    principal: Principal
    method: str
    path: str
    args: Mapping[str, Any]
    query: Mapping[str, str]
    payload: Json
    accept: str
    found: Repository | None = None

    @property
    def repository(self) -> Repository:
        """The repository that the path names. Raises the 404 when the path names none."""
        if self.found is None:
            raise not_found()
        return self.found


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON document (or bytes as they are) and extra headers."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


# Who may call: the App by JWT, an installation by token, whoever may see the repository, or anyone.
Access = Literal["app", "installation", "repository", "anyone"]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `permissions` are alternatives such as `issues:write`; one of them suffices."""

    method: str
    path: str
    handler: Callable[[Call], Answer]
    access: Access = "repository"
    permissions: tuple[str, ...] = ()
