"""Who we are to GitHub: the App by its key, and each installation by a token that lasts an hour.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.errors import Stalled
from app.github import errors, parse
from app.github.client import Client, Clock
from app.github.exchange import Answer, Request

JWT_BACKDATED = timedelta(seconds=60)
JWT_LASTS = timedelta(minutes=9)
"""GitHub takes at most ten minutes, and its clock may be ahead of ours."""
TOKEN_USED = timedelta(minutes=50)
SHARE_USED = 5 / 6
"""Of a token's life: 50 minutes of an hour."""
CLOCKS_DIFFER = timedelta(seconds=30)


class AsApp:
    """The App itself, by a JSON Web Token signed with its private key."""

    name = "app"

    def __init__(self, app_id: str | int, private_key: str | bytes, clock: Clock) -> None:
        self._app_id = str(app_id)
        self._private_key = private_key
        self._clock = clock
        self._github_is_ahead = timedelta()

    def __repr__(self) -> str:
        return f"AsApp({self._app_id})"

    def now(self) -> datetime:
        """The time by GitHub's clock, as far as it is known to differ from ours."""
        return self._clock() + self._github_is_ahead

    def token(self) -> str:
        """A new JWT. Raises Stalled when the private key is none."""
        now = self.now()
        claims = {"iat": now - JWT_BACKDATED, "exp": now + JWT_LASTS - JWT_BACKDATED, "iss": self._app_id}
        return jwt.encode(claims, self._key, algorithm="RS256")

    @cached_property
    def _key(self) -> RSAPrivateKey:
        """The key, read once: that takes a hundred times as long as signing."""
        pem = self._private_key.encode() if isinstance(self._private_key, str) else self._private_key
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if isinstance(key, RSAPrivateKey):
            return key
        # Raised out here, so that no cause goes along: a parser may quote what it could not read.
        raise Stalled(
            "signing in to GitHub as the App: EPHEMERA_GITHUB_PRIVATE_KEY is not an RSA private key in PEM "
            "without a passphrase"
        )

    def renew(self, refused_token: str, answer: Answer) -> bool:  # noqa: ARG002 - a JWT is never kept
        """Set our clock by GitHub's, when they differ so much that the JWT may have been refused for it."""
        github_now = errors.server_time(answer)
        if github_now is None or abs(github_now - self.now()) < CLOCKS_DIFFER:
            return False
        self._github_is_ahead = github_now - self._clock()
        return True


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str = field(repr=False)
    renew_at: datetime


class Tokens:
    """Installation tokens, kept in memory. Of many threads that need the same one, one fetches it."""

    def __init__(self, client: Client, app: AsApp) -> None:
        self._client = client
        self._app = app
        self._kept: dict[int, _Kept] = {}
        self._locks: dict[int, threading.Lock] = {}
        self._guard = threading.Lock()

    def token_for(self, installation_id: int) -> str:
        """A token that is at most 50 minutes old. Raises Transient or Stalled when GitHub gives none."""
        with self._lock_of(installation_id):
            kept = self._kept.get(installation_id)
            if kept is None or self._app.now() >= kept.renew_at:
                kept = self._kept[installation_id] = self._fetch(installation_id)
            return kept.token

    def forget(self, installation_id: int, token: str) -> None:
        """Have the next `token_for` fetch a new one, unless somebody did so since `token` was given out."""
        with self._lock_of(installation_id):
            kept = self._kept.get(installation_id)
            if kept is not None and kept.token == token:
                del self._kept[installation_id]

    def _lock_of(self, installation_id: int) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(installation_id, threading.Lock())

    def _fetch(self, installation_id: int) -> _Kept:
        path = f"/app/installations/{installation_id}/access_tokens"
        request = Request(f"getting a token for installation {installation_id}", path, "POST")
        issued = parse.access_token(request, self._client.ask(self._app, request))
        now = self._app.now()
        life = issued.expires_at - now
        # A life that is over at birth means that the clocks differ; then GitHub's 401 tells when it really is.
        lasts = min(life * SHARE_USED, TOKEN_USED) if life > timedelta() else TOKEN_USED
        return _Kept(issued.token, now + lasts)


@dataclass(frozen=True, slots=True)
class AsInstallation:
    """The App where it is installed, by a token of that installation."""

    installation_id: int
    tokens: Tokens

    @property
    def name(self) -> str:
        return f"installation {self.installation_id}"

    def token(self) -> str:
        """The installation's token of now."""
        return self.tokens.token_for(self.installation_id)

    def renew(self, refused_token: str, answer: Answer) -> bool:  # noqa: ARG002 - any 401 may mean that it expired
        """Have a new token fetched: the refused one may have been revoked."""
        self.tokens.forget(self.installation_id, refused_token)
        return True
