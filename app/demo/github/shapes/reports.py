"""What Apps write about a commit: statuses, check runs, deployments."""

from collections.abc import Sequence
from typing import Any

from app.demo.github.clock import stamp, stamp_or_none
from app.demo.github.hub import Hub
from app.demo.github.records import CheckRun, Deployment, DeploymentStatus, PullRequest, Repository, Status
from app.demo.github.shapes.accounts import app, user
from app.demo.github.shapes.nodes import node_id
from app.demo.github.shapes.repositories import page_of, repository, url_of


def status(hub: Hub, record: Status) -> dict[str, Any]:
    """Return the `status` document."""
    return _status_fields(hub, record) | {"creator": user(hub, hub.state.accounts[record.creator_id])}


def combined_status(hub: Hub, owner: Repository, sha: str, shown: Sequence[Status]) -> dict[str, Any]:
    """Return the `combined-commit-status` document with the page of statuses to show."""
    latest = latest_statuses(hub, owner, sha)
    url = url_of(hub, owner)
    return {
        "state": combined_state(latest),
        "statuses": [_status_fields(hub, one) | {"required": None} for one in shown],
        "sha": sha,
        "total_count": len(latest),
        "repository": repository(hub, owner),
        "commit_url": f"{url}/commits/{sha}",
        "url": f"{url}/commits/{sha}/status",
    }


def latest_statuses(hub: Hub, owner: Repository, sha: str) -> list[Status]:
    """Return the newest status of each context, newest first."""
    newest = {one.context: one for one in hub.state.statuses[owner.id, sha]}
    return sorted(newest.values(), key=lambda one: one.id, reverse=True)


def combined_state(latest: Sequence[Status]) -> str:
    """Return `failure` if any failed, `pending` if any waits or there is none, else `success`."""
    states = {one.state for one in latest}
    if states & {"error", "failure"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


def check_run(hub: Hub, record: CheckRun) -> dict[str, Any]:
    """Return the `check-run` document."""
    owner = hub.state.repositories[record.repository_id]
    url = f"{url_of(hub, owner)}/check-runs/{record.id}"
    page = f"{page_of(hub, owner)}/runs/{record.id}"
    return {
        "id": record.id,
        "name": record.name,
        "node_id": node_id("CR", record.id),
        "head_sha": record.head_sha,
        "external_id": record.external_id,
        "url": url,
        "html_url": page,
        "details_url": record.details_url or "https://example.com",
        "status": record.status,
        "conclusion": record.conclusion,
        "started_at": stamp_or_none(record.started_at),
        "completed_at": stamp_or_none(record.completed_at),
        "output": {
            "title": record.output.get("title"),
            "summary": record.output.get("summary"),
            "text": record.output.get("text"),
            "annotations_count": len(record.output.get("annotations", ())),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": record.suite_id},
        "app": app(hub),
        "pull_requests": [pull_minimal(hub, one) for one in pulls_at(hub, owner, record.head_sha)],
    }


def pulls_at(hub: Hub, owner: Repository, sha: str) -> list[PullRequest]:
    """Return the open pull requests of that head; GitHub lists none that come from forks."""
    return [
        one
        for one in hub.state.pulls_of(owner.id)
        if one.head.sha == sha and one.head.repository_id == owner.id and one.closed_at is None
    ]


def pull_minimal(hub: Hub, pull: PullRequest) -> dict[str, Any]:
    """Return the `pull-request-minimal` document."""
    owner = hub.state.repositories[pull.repository_id]
    shown = {"id": owner.id, "url": url_of(hub, owner), "name": owner.name}
    return {
        "url": f"{url_of(hub, owner)}/pulls/{pull.number}",
        "id": pull.id,
        "number": pull.number,
        "head": {"ref": pull.head.ref, "sha": pull.head.sha, "repo": shown},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": shown},
    }


def deployment(hub: Hub, record: Deployment) -> dict[str, Any]:
    """Return the `deployment` document."""
    owner = hub.state.repositories[record.repository_id]
    url = f"{url_of(hub, owner)}/deployments/{record.id}"
    return {
        "url": url,
        "id": record.id,
        "node_id": node_id("DE", record.id),
        "task": record.task,
        "original_environment": record.environment,
        "environment": record.environment,
        "description": record.description,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.created_at),
        "statuses_url": f"{url}/statuses",
        "repository_url": url_of(hub, owner),
        "sha": record.sha,
        "ref": record.ref,
        "payload": record.payload,
        "transient_environment": record.is_transient,
        "production_environment": record.is_production,
        "creator": user(hub, hub.state.accounts[record.creator_id]),
        "performed_via_github_app": app(hub),
    }


def deployment_status(hub: Hub, record: DeploymentStatus) -> dict[str, Any]:
    """Return the `deployment-status` document."""
    parent = hub.state.deployments[record.deployment_id]
    owner = url_of(hub, hub.state.repositories[parent.repository_id])
    return {
        "url": f"{owner}/deployments/{parent.id}/statuses/{record.id}",
        "id": record.id,
        "node_id": node_id("DES", record.id),
        "state": record.state,
        "creator": user(hub, hub.state.accounts[record.creator_id]),
        "description": record.description,
        "environment": record.environment,
        "target_url": record.target_url,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.created_at),
        "deployment_url": f"{owner}/deployments/{parent.id}",
        "repository_url": owner,
        "environment_url": record.environment_url,
        "log_url": record.target_url,
        "performed_via_github_app": app(hub),
    }


def _status_fields(hub: Hub, record: Status) -> dict[str, Any]:
    owner = hub.state.repositories[record.repository_id]
    return {
        "url": f"{url_of(hub, owner)}/statuses/{record.sha}",
        "avatar_url": f"https://avatars.githubusercontent.com/in/{hub.options.app_id}?v=4",
        "id": record.id,
        "node_id": node_id("SC", record.id),
        "state": record.state,
        "description": record.description,
        "target_url": record.target_url,
        "context": record.context,
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.created_at),
    }
