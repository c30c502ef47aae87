"""Who we are to GitHub: the App, by its key.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

from datetime import datetime, timedelta
from functools import cached_property

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.errors import Stalled
from app.github import errors
from app.github.client import Clock
from app.github.exchange import Answer

JWT_BACKDATED = timedelta(seconds=60)
JWT_LASTS = timedelta(minutes=9)
"""GitHub takes at most ten minutes, and its clock may be ahead of ours."""
CLOCKS_DIFFER = timedelta(seconds=30)


class AsApp:
    """The App itself, by a JSON Web Token signed with its private key."""

    name = "app"
    shortfall = ""

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
