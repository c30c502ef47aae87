"""Where an environments repository lies, and who we are there."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gitops.text import shown


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password or token, for HTTP."""

    username: str
    password: str = field(repr=False)

    @property
    def authorization(self) -> str:
        """The value of the `Authorization` header (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode('ascii')}"


def anonymous() -> Credentials | None:
    """No credentials."""
    return None


@dataclass(frozen=True, slots=True)
class Remote:
    """One branch of one repository. Raises ValueError for an address that Git could take for something else."""

    url: str
    branch: str = "main"
    credentials: Callable[[], Credentials | None] = field(default=anonymous, repr=False)
    """Asked before every command, so that a token that runs out is renewed; None sends nothing."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.password or (parts.username and parts.scheme != "ssh"):
            raise ValueError("the environments repository's URL holds a user or password; give them separately")
        if parts.scheme not in {"http", "https", "ssh", "file"}:
            raise ValueError(f"the environments repository's URL is {shown(self.url)}; use https, http, ssh or file")
        if not _is_branch(self.branch):
            raise ValueError(f"the environments repository's branch is {shown(self.branch)}; use a plain name: main")

    @property
    def ref(self) -> str:
        """The branch's full name."""
        return f"refs/heads/{self.branch}"

    def settings(self) -> Mapping[str, str]:
        """Git settings, {name: value}, that make this the remote `origin` and log in there; to be kept secret."""
        settings = {"remote.origin.url": self.url, "remote.origin.fetch": f"+{self.ref}:{TRACKED}"}
        if (credentials := self.credentials()) is not None:
            settings[f"http.{self.url}.extraHeader"] = f"Authorization: {credentials.authorization}"
        return settings


TRACKED = "refs/remotes/origin/tracked"
"""The head of the remote's branch as we last saw it: git itself moves this ref after a fetch and a push."""


def _is_branch(name: str) -> bool:
    """A cautious part of git-check-ref-format(1)."""
    parts = name.split("/")
    return all(part.replace("-", "").replace("_", "").replace(".", "").isalnum() for part in parts) and not (
        name.startswith("-")
        or ".." in name
        or any(part.startswith(".") or part.endswith((".", ".lock")) for part in parts)
    )
