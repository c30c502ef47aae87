"""Reviews of pull requests, and the lines of a conversation that nobody wrote."""

from typing import Any

from app.demo.github.clock import stamp
from app.demo.github.hub import Hub
from app.demo.github.records import IssueEvent, Review
from app.demo.github.shapes.accounts import user
from app.demo.github.shapes.nodes import node_id
from app.demo.github.shapes.pulls import association
from app.demo.github.shapes.repositories import page_of, url_of


def review(hub: Hub, record: Review) -> dict[str, Any]:
    """Return the `pull-request-review` document."""
    repository = hub.state.repositories[record.repository_id]
    pull = f"{url_of(hub, repository)}/pulls/{record.number}"
    page = f"{page_of(hub, repository)}/pull/{record.number}#pullrequestreview-{record.id}"
    return {
        "id": record.id,
        "node_id": node_id("PRR", record.id),
        "user": user(hub, hub.state.accounts[record.author_id]),
        "body": record.body,
        "state": record.state,
        "html_url": page,
        "pull_request_url": pull,
        "_links": {"html": {"href": page}, "pull_request": {"href": pull}},
        "submitted_at": stamp(record.submitted_at),
        "commit_id": record.commit_sha,
        "author_association": association(hub, repository, record.author_id),
    }


def issue_event(hub: Hub, record: IssueEvent) -> dict[str, Any]:
    """Return the `issue-event` document."""
    repository = hub.state.repositories[record.repository_id]
    url, sha = url_of(hub, repository), record.commit_sha
    return {
        "id": record.id,
        "node_id": node_id("IE", record.id),
        "url": f"{url}/issues/events/{record.id}",
        "actor": user(hub, hub.state.accounts[record.actor_id]),
        "event": record.event,
        "commit_id": sha,
        "commit_url": f"{url}/commits/{sha}" if sha else None,
        "created_at": stamp(record.created_at),
        "performed_via_github_app": None,
    }
