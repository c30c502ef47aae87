"""What the control-plane client returns: the parts of GitHub's documents that a test looks at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.demo.github.git.requests import GitRequest
from app.demo.github.ledger import LedgerEntry, Tally

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Installation:
    """The App installed on an account."""

    id: int
    account: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository; the id stays when the name changes."""

    id: int
    full_name: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it is on GitHub."""

    id: int
    number: int
    title: str
    state: str
    is_merged: bool
    is_draft: bool
    author: str
    head_sha: str
    head_ref: str
    head_repository: str | None
    """`owner/name`; None when the fork was deleted."""
    base_ref: str
    labels: tuple[str, ...]
    mergeable_state: str
    merged_by: str | None
    merge_commit_sha: str | None


@dataclass(frozen=True, slots=True)
class Review:
    """A review of a pull request."""

    id: int
    author: str
    state: str
    body: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment in a conversation."""

    id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class Status:
    """A commit status."""

    id: int
    context: str
    state: str
    description: str | None
    target_url: str | None


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check run with what people see of it."""

    id: int
    name: str
    external_id: str
    status: str
    conclusion: str | None
    title: str | None
    summary: str | None
    text: str | None
    details_url: str
    actions: tuple[str, ...]
    """Identifiers of its buttons."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment with the states it went through, oldest first."""

    id: int
    sha: str
    environment: str
    is_transient: bool
    states: tuple[str, ...]
    environment_url: str
    task: str
    payload: Any
    description: str
    """Of its newest status; empty without one."""
    log_url: str

    @property
    def is_destroyed(self) -> bool:
        """Tell whether GitHub's pages show it as destroyed: transient, and inactive
        (https://docs.github.com/rest/deployments/deployments#inactive-deployments)."""
        return self.is_transient and self.states[-1:] == ("inactive",)


@dataclass(frozen=True, slots=True)
class SentDelivery:
    """One attempt to deliver a webhook."""

    id: int
    guid: str
    event: str
    action: str | None
    is_redelivery: bool
    status: str
    status_code: int


def pull_of(document: Json) -> PullRequest:
    """Read a pull request."""
    head_repository = document["head"]["repo"]
    return PullRequest(
        id=document["id"],
        number=document["number"],
        title=document["title"],
        state=document["state"],
        is_merged=document["merged"],
        is_draft=document["draft"],
        author=document["user"]["login"],
        head_sha=document["head"]["sha"],
        head_ref=document["head"]["ref"],
        head_repository=head_repository["full_name"] if head_repository else None,
        base_ref=document["base"]["ref"],
        labels=tuple(one["name"] for one in document["labels"]),
        mergeable_state=document["mergeable_state"],
        merged_by=document["merged_by"]["login"] if document["merged_by"] else None,
        merge_commit_sha=document["merge_commit_sha"],
    )


def review_of(document: Json) -> Review:
    """Read a review."""
    return Review(document["id"], document["user"]["login"], document["state"], document["body"])


def git_request_of(document: Json) -> GitRequest:
    """Read a line of the record of Git's requests."""
    return GitRequest(**document)


def comment_of(document: Json) -> Comment:
    """Read a comment."""
    return Comment(document["id"], document["user"]["login"], document["body"])


def status_of(document: Json) -> Status:
    """Read a commit status."""
    return Status(*(document[key] for key in ("id", "context", "state", "description", "target_url")))


def check_run_of(document: Json) -> CheckRun:
    """Read a check run."""
    output = document["output"]
    return CheckRun(
        id=document["id"],
        name=document["name"],
        external_id=document["external_id"],
        status=document["status"],
        conclusion=document["conclusion"],
        title=output["title"],
        summary=output["summary"],
        text=output["text"],
        details_url=document["details_url"],
        actions=tuple(one["identifier"] for one in document["actions"]),
    )


def deployment_of(document: Json) -> Deployment:
    """Read a deployment and its statuses."""
    statuses = document["statuses"]
    newest: Json = statuses[-1] if statuses else {}
    return Deployment(
        id=document["id"],
        sha=document["sha"],
        environment=document["environment"],
        is_transient=document["transient_environment"],
        states=tuple(one["state"] for one in statuses),
        environment_url=newest.get("environment_url", ""),
        task=document["task"],
        payload=document["payload"],
        description=newest.get("description", ""),
        log_url=newest.get("log_url", ""),
    )


def delivery_of(document: Json) -> SentDelivery:
    """Read an attempt to deliver."""
    return SentDelivery(
        id=document["id"],
        guid=document["guid"],
        event=document["event"],
        action=document["action"],
        is_redelivery=document["redelivery"],
        status=document["status"],
        status_code=document["status_code"],
    )


def entry_of(document: Json) -> LedgerEntry:
    """Read a line of the ledger."""
    return LedgerEntry(**{**document, "at": datetime.fromisoformat(document["at"])})


def tally_of(document: Json) -> Tally:
    """Read a line of the tally."""
    operations = tuple((name, times) for name, times in document["by_operation"])
    return Tally(**{**document, "by_operation": operations})
