"""The manifest: what the App is called, where its webhooks go, what it may do and is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from app.domain.permissions import needed, subscriptions

WEBHOOKS = "/webhooks/github"
MAX_NAME = 34
"""Characters of an App's name (https://docs.github.com/en/apps/creating-github-apps)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The App to register."""

    name: str
    """The person at the browser may change it there; it has to be unique on all of GitHub."""
    url: str
    """Where GitHub reaches Ephemera."""
    organization: str | None = None
    """Whom it belongs to; None for whoever is logged in."""
    with_contents: bool = True
    """The environments repository lies on this GitHub."""
    with_statuses: bool = False
    """Commit statuses are set."""
    proposes: bool = False
    """Changes are proposed on the environments repository, for review."""

    def manifest(self, redirect_url: str) -> Mapping[str, Any]:
        """The manifest's parameters."""
        return {
            "name": self.name[:MAX_NAME],
            "url": self.url,
            "hook_attributes": {"url": f"{self.url.rstrip('/')}{WEBHOOKS}", "active": True},
            "redirect_url": redirect_url,
            "public": False,
            "default_permissions": needed(
                with_statuses=self.with_statuses, with_contents=self.with_contents, proposes=self.proposes
            ),
            "default_events": list(subscriptions(proposes=self.proposes)),
        }

    def form_url(self, web_url: str, state: str) -> str:
        """Where on GitHub the manifest is sent to."""
        owner = f"/organizations/{quote(self.organization, safe='')}" if self.organization else ""
        return f"{web_url}{owner}/settings/apps/new?{urlencode({'state': state})}"
