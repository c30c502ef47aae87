"""Registering the App, from the page to the env file."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.clusters import web_address
from app.errors import Stalled
from app.registering import env_file
from app.registering.conversion import Registered, convert
from app.registering.manifest import Wanted
from app.registering.page import Page, serving
from app.settings import GITHUB_API_URL, PREFIX, github_pages

NAMES = tuple(f"{PREFIX}{name}" for name in ("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRETS"))
"""What is written."""
WAIT_SECONDS = 60.0 * 60.0
"""As long as GitHub keeps the code."""


class Where(BaseSettings):
    """Which GitHub, and what is written there. Of all settings only these are needed before there is an App."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    github_api_url: str = GITHUB_API_URL
    github_web_url: str | None = None
    commit_status: str | None = None
    review: str = "never"

    @property
    def web_url(self) -> str:
        """Where people see it."""
        return self.github_web_url or github_pages(self.github_api_url)

    @field_validator("github_api_url", "github_web_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        return None if value is None else web_address(value)


@dataclass(frozen=True, slots=True)
class Order:
    """What the operator asked for."""

    wanted: Wanted
    file: Path
    port: int = 0
    is_forced: bool = False
    """Replace what the file holds of another App."""


def where(file: Path) -> Where:
    """Which GitHub the environment and the file name. Raises Stalled where an address is wrong."""
    try:
        return Where(_env_file=file)
    except ValidationError as error:
        (first, *_) = error.errors(include_url=False)
        raise Stalled(f"{PREFIX}{str(first['loc'][0]).upper()}: {first['msg']}") from None


def create(order: Order, show: Callable[[Page], object], wait_seconds: float = WAIT_SECONDS) -> Registered:
    """Register the App and write its id, key and secret to the file. `show` brings the page before a person.

    Raises Stalled, as long as it can before there is an App: where the file holds another's already, or cannot be
    written.
    """
    if (held := env_file.already_set(order.file, NAMES)) and not order.is_forced:
        raise Stalled(f"{order.file} sets {', '.join(held)} already: name another --env-file, or use --force")
    env_file.require_writable(order.file)
    place = where(order.file)
    wanted = replace(order.wanted, with_statuses=place.commit_status is not None, proposes=place.review != "never")
    with serving(wanted, place.web_url, order.port) as page:
        show(page)
        code = page.wait(wait_seconds)
    registered = convert(place.github_api_url, code, place.web_url)
    _keep(order.file, registered)
    return registered


def _keep(file: Path, registered: Registered) -> None:
    values = (str(registered.id), registered.private_key, registered.webhook_secret)
    try:
        env_file.write(file, dict(zip(NAMES, values, strict=True)))
    except Stalled as error:
        raise Stalled(
            f"{error}. The App is registered, its key is lost: make a new one, and a new webhook secret, on its page "
            f"({registered.page})"
        ) from error
