"""Where an environments repository lies, and who we are there."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gitops.text import shown

USUAL_REFS = "refs/environments/"
BRANCH_REFS = "refs/heads/environments/"
# Tags are not moved, remote-tracking refs are a clone's own, replace refs change what others see, and GitHub and GitLab
# keep requests in these two.
_TAKEN = {"tags", "remotes", "replace", "pull", "merge-requests"}


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
    environment_refs: str = USUAL_REFS
    """What comes before an environment's name in its own ref. A host that takes branches only wants
    `refs/heads/environments/`."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.password or (parts.username and parts.scheme != "ssh"):
            raise ValueError("the environments repository's URL holds a user or password; give them separately")
        if parts.scheme not in {"http", "https", "ssh", "file"}:
            raise ValueError(f"the environments repository's URL is {shown(self.url)}; use https, http, ssh or file")
        if not _is_branch(self.branch):
            raise ValueError(f"the environments repository's branch is {shown(self.branch)}; use a plain name: main")
        if not _is_refs_prefix(self.environment_refs) or _collide(self.ref, self.environment_refs):
            raise ValueError(
                f"the environments' own refs are {shown(self.environment_refs)}; use {USUAL_REFS} or {BRANCH_REFS}"
            )

    @property
    def ref(self) -> str:
        """The branch's full name."""
        return f"refs/heads/{self.branch}"

    def own_ref(self, namespace: str) -> str:
        """The full name of an environment's own ref."""
        return f"{self.environment_refs}{namespace}"

    def settings(self) -> Mapping[str, str]:
        """Git settings, {name: value}, that make this the remote `origin` and log in there; to be kept secret."""
        settings = {"remote.origin.url": self.url, "remote.origin.fetch": f"+{self.ref}:{TRACKED}"}
        if (credentials := self.credentials()) is not None:
            settings[f"http.{self.url}.extraHeader"] = f"Authorization: {credentials.authorization}"
        return settings


TRACKED = "refs/remotes/origin/tracked"
"""The head of the remote's branch as we last saw it: git itself moves this ref after a fetch and a push."""
PEEKED = "refs/remotes/origin/peeked"
"""The head that was fetched only to look at it: publishing does not go on from there."""
SCRATCH_NAME = "ephemera-check"
"""The ref, where environments' own refs lie, by which it is found out whether there may be any."""


def _is_branch(name: str) -> bool:
    """A cautious part of git-check-ref-format(1)."""
    parts = name.split("/")
    return all(part.replace("-", "").replace("_", "").replace(".", "").isalnum() for part in parts) and not (
        name.startswith("-")
        or ".." in name
        or any(part.startswith(".") or part.endswith((".", ".lock")) for part in parts)
    )


def _is_refs_prefix(prefix: str) -> bool:
    """Below `refs/`, or deeper below `refs/heads/`: directly in there, an environment could bear a branch's name."""
    below = prefix.removeprefix("refs/").removesuffix("/")
    if f"refs/{below}/" != prefix or not _is_branch(below):
        return False
    return below != "heads" and below.split("/")[0] not in _TAKEN


def _collide(ref: str, prefix: str) -> bool:
    """One ref would have to be the other's folder, or the branch an environment's."""
    return ref.startswith(prefix) or prefix.startswith(f"{ref}/")
