"""Giving GitHub the code for the App that was registered, with its key and secret."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from app.errors import Stalled, shown

_SECONDS = (5.0, 15.0)
_DOING = "asking GitHub for the App that was registered"


@dataclass(frozen=True, slots=True)
class Registered:
    """The App, as GitHub tells it once."""

    id: int
    slug: str
    page: str
    """Where people see it."""
    private_key: str = field(repr=False)
    """PEM."""
    webhook_secret: str = field(repr=False)

    @property
    def install_url(self) -> str:
        """Where it is installed."""
        return f"{self.page}/installations/new"


def convert(api_url: str, code: str, web_url: str) -> Registered:
    """The App. Raises Stalled: a code is good for one answer and one hour
    (https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest), so nothing is tried twice."""
    url = f"{api_url.rstrip('/')}/app-manifests/{quote(code, safe='')}/conversions"
    advice = f"the App may be there all the same: delete it at {web_url}/settings/apps and start again"
    try:
        # A redirect would take the code to somebody who was not asked.
        answer = requests.post(
            url, headers={"Accept": "application/vnd.github+json"}, timeout=_SECONDS, allow_redirects=False
        )
        document = answer.json() if answer.status_code == requests.codes.created else None
    except requests.RequestException as error:
        # Not `from error`: its text holds the code.
        raise Stalled(f"{_DOING}: {type(error).__name__}; {advice}") from None
    if document is None:
        raise Stalled(f"{_DOING}: GitHub answered {answer.status_code}; {advice}")
    try:
        return _registered(document)
    except (KeyError, TypeError, ValueError) as error:
        raise Stalled(f"{_DOING}: its answer lacks {shown(str(error), 60)}; {advice}") from None


def _registered(document: Any) -> Registered:
    found = Registered(
        id=int(document["id"]),
        slug=_text(document, "slug"),
        page=_text(document, "html_url"),
        private_key=_text(document, "pem"),
        webhook_secret=_text(document, "webhook_secret"),
    )
    if "PRIVATE KEY-----" not in found.private_key:
        raise ValueError("pem")
    return found


def _text(document: Any, name: str) -> str:
    value = document[name]
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value
