"""What the GitHub App must be granted and told, each with the reason. The only place that says so: `ephemera check`,
`ephemera github-app create` and docs/github-app.md go by it.

Permissions: https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps. Events, and which of
them come by themselves: https://docs.github.com/en/webhooks/webhook-events-and-payloads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Level = Literal["read", "write"]

_LEVELS = ("none", "read", "write", "admin")


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission on repositories."""

    name: str
    level: Level
    why: str


@dataclass(frozen=True, slots=True)
class Event:
    """A webhook event."""

    name: str
    why: str


PERMISSIONS: tuple[Permission, ...] = (
    Permission("metadata", "read", "Listing repositories, and asking who may write to one. GitHub always includes it."),
    Permission("pull_requests", "read", "Reading a pull request: whether it is open, and which commit is its head."),
    Permission(
        "pull_requests",
        "write",
        "Proposing changes on the environments repository. Needed only where EPHEMERA_REVIEW demands review.",
    ),
    Permission("checks", "write", "The check run with its steps and buttons."),
    Permission("issues", "write", "The one comment on each pull request, and the reactions that answer commands."),
    Permission("deployments", "write", "The deployment with its URL, and marking it destroyed when it is gone."),
    Permission(
        "statuses",
        "write",
        "The commit status, for branch protection. Needed only where EPHEMERA_COMMIT_STATUS is set.",
    ),
    Permission(
        "contents",
        "write",
        "Pushing to the environments repository. Needed only where that lies on the same GitHub.",
    ),
)

REVIEW_EVENT = "pull_request_review"
EVENTS: tuple[Event, ...] = (
    Event("pull_request", "Opened, pushed, closed, reopened, labelled, drafted: look at it again."),
    Event("issue_comment", "Somebody may have written a command."),
    Event("repository", "A repository was renamed, transferred or deleted: see what the App still sees."),
    Event(
        REVIEW_EVENT,
        "A proposal on the environments repository was approved. Needed only where EPHEMERA_REVIEW demands review.",
    ),
)
"""To subscribe to."""

UNASKED: tuple[Event, ...] = (
    Event("check_run", "A button was pressed, or the check was asked for again."),
    Event("check_suite", "All checks of a commit were asked for again."),
    Event("installation", "The App was installed, removed or suspended, or new permissions were accepted."),
    Event("installation_repositories", "Repositories were added to an installation or taken away."),
)
"""Sent without a subscription: the first two to every App that may write checks, the others to every App."""


def needed(*, with_statuses: bool = True, with_contents: bool = True, proposes: bool = False) -> dict[str, str]:
    """`{"checks": "write", ...}`. `with_statuses`: the commit status is on. `with_contents`: the environments
    repository lies on this GitHub. `proposes`: changes are proposed there, for review."""
    left_out = {
        ("statuses", "write"): not with_statuses,
        ("contents", "write"): not with_contents,
        ("pull_requests", "write"): not proposes,
    }
    return {each.name: each.level for each in PERMISSIONS if not left_out.get((each.name, each.level), False)}


def subscriptions(*, proposes: bool = False) -> tuple[str, ...]:
    """Names of the events to subscribe to. `proposes`: changes are proposed for review."""
    return tuple(event.name for event in EVENTS if proposes or event.name != REVIEW_EVENT)


def lacking(wanted: Mapping[str, str], granted: Mapping[str, str]) -> dict[str, str]:
    """What of `wanted` is not granted, or not at that level: `{"checks": "write"}`, sorted."""
    return {name: level for name, level in sorted(wanted.items()) if _rank(granted.get(name, "none")) < _rank(level)}


def _rank(level: str) -> int:
    return _LEVELS.index(level) if level in _LEVELS else 0
