"""Installation tokens: each for one repository and one use, kept in memory only, and for 50 minutes.

https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app

An installation that does not grant all that a use needs gives a token for what it does grant, so that what can be done
is done; what lacks is said in the log once, and in the error of every request that is refused for it.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from app.domain.permissions import lacking
from app.errors import Stalled
from app.github import parse
from app.github.client import Client
from app.github.credentials import AsApp
from app.github.errors import NotFound, Unprocessable
from app.github.exchange import Answer, Request
from app.github.permissions import Use, within, words

TOKEN_USED = timedelta(minutes=50)
SHARE_USED = 5 / 6
"""Of a token's life: 50 minutes of an hour."""
SHORTFALL_KEPT = timedelta(minutes=10)
"""A token that lacks something is not kept for longer: a person may have granted it meanwhile."""
MOST_TOKENS = 2_000
_LOCKS = 64


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token is good for."""

    installation_id: int
    repository_id: int | None
    """None for all repositories of the installation."""
    use: Use
    repository: str = field(default="", compare=False)
    """Its present `owner/name`, for messages."""

    def __str__(self) -> str:
        where = f"installation {self.installation_id}"
        return where if self.repository_id is None else f"{self.repository or self.repository_id} ({where})"


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str = field(repr=False)
    renew_at: datetime
    shortfall: str = ""


class Tokens:
    """The tokens used last. Of many threads that need the same one, one fetches it."""

    def __init__(self, client: Client, app: AsApp, most: int = MOST_TOKENS) -> None:
        self._client = client
        self._app = app
        self._most = most
        self._kept: OrderedDict[Scope, _Kept] = OrderedDict()
        self._guard = threading.Lock()
        self._fetching = tuple(threading.Lock() for _ in range(_LOCKS))
        self._told: set[str] = set()

    def token_for(self, scope: Scope) -> str:
        """A token that is at most 50 minutes old. Raises Transient or Stalled when GitHub gives none."""
        with self._fetching[hash(scope) % _LOCKS]:
            kept = self._find(scope)
            if kept is None or self._app.now() >= kept.renew_at:
                kept = self._fetch(scope)
                self._keep(scope, kept)
            return kept.token

    def shortfall(self, scope: Scope) -> str:
        """What the token of now lacks, in words; empty when nothing, or when there is none."""
        kept = self._find(scope)
        return kept.shortfall if kept else ""

    def forget(self, scope: Scope, token: str | None = None) -> None:
        """Have the next `token_for` fetch a new one, unless somebody did so since `token` was given out."""
        with self._guard:
            kept = self._kept.get(scope)
            if kept is not None and token in (kept.token, None):
                del self._kept[scope]

    def _find(self, scope: Scope) -> _Kept | None:
        with self._guard:
            if scope in self._kept:
                self._kept.move_to_end(scope)
            return self._kept.get(scope)

    def _keep(self, scope: Scope, kept: _Kept) -> None:
        with self._guard:
            self._kept[scope] = kept
            self._kept.move_to_end(scope)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def _fetch(self, scope: Scope) -> _Kept:
        try:
            return self._issue(scope, scope.use.permissions)
        except Unprocessable as error:
            # Its reason stands in the message alone: a permission that is not granted, or a repository out of sight.
            installation = self._installation(scope)
            lacks = lacking(scope.use.permissions, installation.permissions)
            if not lacks:
                raise _out_of_sight(scope, error) from error
        shortfall = f"installation {installation.id} ({installation.account}) does not grant the App {words(lacks)}"
        self._tell_once(shortfall)
        kept = self._issue_what_is_left(scope, within(scope.use.permissions, installation.permissions))
        return replace(kept, renew_at=min(kept.renew_at, self._app.now() + SHORTFALL_KEPT), shortfall=shortfall)

    def _issue_what_is_left(self, scope: Scope, permissions: Mapping[str, str]) -> _Kept:
        try:
            return self._issue(scope, permissions)
        except Unprocessable as error:
            raise _out_of_sight(scope, error) from error

    def _issue(self, scope: Scope, permissions: Mapping[str, str]) -> _Kept:
        body: dict[str, Any] = {"permissions": dict(permissions)}
        if scope.repository_id is not None:
            body["repository_ids"] = [scope.repository_id]
        path = f"/app/installations/{scope.installation_id}/access_tokens"
        request = Request(f"getting a token for {scope}", path, "POST", body)
        issued = parse.access_token(request, self._ask(request))
        now = self._app.now()
        life = issued.expires_at - now
        # A life that is over at birth means that the clocks differ; then GitHub's 401 tells when it really is.
        lasts = min(life * SHARE_USED, TOKEN_USED) if life > timedelta() else TOKEN_USED
        return _Kept(issued.token, now + lasts)

    def _installation(self, scope: Scope) -> parse.Installation:
        request = Request(f"reading {scope}", f"/app/installations/{scope.installation_id}")
        return parse.installation(request, self._ask(request))

    def _ask(self, request: Request) -> Any:
        """The answer's JSON. An installation that is not found says nothing about what is asked for with its token."""
        try:
            return self._client.ask(self._app, request)
        except NotFound as error:
            raise Stalled(str(error)) from error

    def _tell_once(self, shortfall: str) -> None:
        with self._guard:
            is_new = shortfall not in self._told
            self._told.add(shortfall)
        if is_new:
            structlog.get_logger(__name__).warning("github.permission_missing", problem=shortfall)


@dataclass(frozen=True, slots=True)
class AsInstallation:
    """The App where it is installed, by a token of that scope."""

    scope: Scope
    tokens: Tokens

    @property
    def name(self) -> str:
        scope = self.scope
        return f"{scope.use.name} {scope.installation_id}/{scope.repository_id}"

    @property
    def shortfall(self) -> str:
        return self.tokens.shortfall(self.scope)

    def token(self) -> str:
        """The scope's token of now."""
        return self.tokens.token_for(self.scope)

    def begin_anew(self) -> None:
        """Have a new token fetched, so that `shortfall` says what is not granted now."""
        self.tokens.forget(self.scope)

    def renew(self, refused_token: str, answer: Answer) -> bool:  # noqa: ARG002 - any 401 may mean that it expired
        """Have a new token fetched: the refused one may have been revoked."""
        self.tokens.forget(self.scope, refused_token)
        return True


def _out_of_sight(scope: Scope, error: Unprocessable) -> Stalled:
    if scope.repository_id is None:
        return error
    what = scope.repository or f"repository {scope.repository_id}"
    return Stalled(f"the App does not see {what}: was it removed from the installation? {error}")
