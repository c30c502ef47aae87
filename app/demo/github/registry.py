"""The Apps that are registered: the one that the simulator was started with, and those made from a manifest.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import itertools
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.demo.github.options import DEFAULT_PERMISSIONS, Options

CODE_LIFETIME = timedelta(hours=1)
FIRST_ID = 1_480_211
LONGEST_NAME = 34


@dataclass(frozen=True, slots=True)
class RegisteredApp:
    """An App, as its owner's settings show it."""

    id: int
    slug: str
    name: str
    client_id: str
    public_key: str
    permissions: Mapping[str, str]
    events: tuple[str, ...]
    external_url: str
    created_at: datetime
    owner_login: str | None = None
    """The organization that registered it; None for the account that owns everything here."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A new App with what is told only once."""

    app: RegisteredApp
    client_secret: str = field(repr=False)
    webhook_secret: str | None = field(repr=False)
    """None when the manifest asks for no webhook."""
    private_key: str = field(repr=False)
    """PEM text, PKCS #1 as GitHub's."""
    expires_at: datetime
    """When its code is of no use any more."""


class Registry:
    """Every App by its id and client id, and the registrations that wait for their conversion."""

    def __init__(self, options: Options, now: datetime) -> None:
        self.main = _main(options, now)
        self._apps = {str(self.main.id): self.main, self.main.client_id: self.main}
        self._waiting: dict[str, Registration] = {}
        self._ids = itertools.count(FIRST_ID)

    def find(self, issuer: str) -> RegisteredApp | None:
        """Find an App by what its JWT names: id or client id."""
        return self._apps.get(issuer)

    def is_taken(self, name: str) -> bool:
        """Tell whether another App has that name: names are unique on all of GitHub."""
        waiting = (one.app for one in self._waiting.values())
        return slug_of(name) in {one.slug for one in (*self._apps.values(), *waiting)}

    def register(self, manifest: Mapping[str, Any], owner_login: str | None, now: datetime) -> str:
        """Remember a new App as its manifest describes it, and return the code that is converted once."""
        registration = _registered(next(self._ids), manifest, owner_login, now)
        code = secrets.token_hex(20)
        self._waiting[code] = registration
        return code

    def convert(self, code: str, now: datetime) -> Registration | None:
        """Return the new App; None when the code is unknown, was used, or is more than an hour old."""
        registration = self._waiting.pop(code, None)
        if registration is None or registration.expires_at <= now:
            return None
        made = registration.app
        self._apps |= {str(made.id): made, made.client_id: made}
        return registration


def slug_of(name: str) -> str:
    """Return the name as it stands in addresses."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _main(options: Options, now: datetime) -> RegisteredApp:
    return RegisteredApp(
        id=options.app_id,
        slug=options.slug,
        name=options.slug,
        client_id=options.client_id,
        public_key=options.public_key,
        permissions=dict(DEFAULT_PERMISSIONS),
        events=options.events,
        external_url="https://example.com",
        created_at=now,
    )


def _registered(number: int, manifest: Mapping[str, Any], owner_login: str | None, now: datetime) -> Registration:
    key = rsa.generate_private_key(65537, 2048)
    public, private = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PrivateFormat.TraditionalOpenSSL
    name = manifest.get("name") or f"app-{number}"
    app = RegisteredApp(
        id=number,
        slug=slug_of(name),
        name=name,
        client_id=f"Iv23li{secrets.token_hex(7)}",
        public_key=key.public_key().public_bytes(serialization.Encoding.PEM, public).decode(),
        permissions={"metadata": "read", **manifest.get("default_permissions", {})},
        events=tuple(manifest.get("default_events", ())),
        external_url=manifest["url"],
        created_at=now,
        owner_login=owner_login,
    )
    plain = serialization.NoEncryption()
    return Registration(
        app=app,
        client_secret=secrets.token_hex(20),
        webhook_secret=secrets.token_hex(20) if "hook_attributes" in manifest else None,
        private_key=key.private_bytes(serialization.Encoding.PEM, private, plain).decode(),
        expires_at=now + CODE_LIFETIME,
    )
