"""What the simulator is told when it starts: the App that is registered with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_EVENTS = ("check_run", "issue_comment", "pull_request", "pull_request_review", "push", "repository")

# What the product's App asks for; an installation may grant less.
DEFAULT_PERMISSIONS: Mapping[str, str] = {
    "checks": "write",
    "contents": "write",
    "deployments": "write",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "write",
}


@dataclass(frozen=True, slots=True)
class Options:
    """The registered App, and where the simulator lives."""

    url: str
    """Public address of the simulator, without a slash at the end; both API and web pages are under it."""
    app_id: int
    client_id: str
    slug: str
    public_key: str
    """PEM text of the key that App JWTs are verified with."""
    webhook_url: str
    webhook_secret: str
    events: tuple[str, ...] = DEFAULT_EVENTS
    git_root: Path | None = None
    """Folder of the bare repositories; None for a simulator that has none."""
