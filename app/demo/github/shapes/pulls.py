"""Pull requests, also in their second life as issues, and their comments."""

from typing import Any

from app.demo.github.changes import Change
from app.demo.github.clock import stamp, stamp_or_none
from app.demo.github.hub import Hub
from app.demo.github.pulling.obstacles import mergeable_state
from app.demo.github.records import Comment, Head, PullRequest, Reaction, Repository
from app.demo.github.shapes.accounts import app, user
from app.demo.github.shapes.nodes import node_id
from app.demo.github.shapes.repositories import label, page_of, repository_in_pull, url_of

_REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")


def pull_simple(hub: Hub, pull: PullRequest) -> dict[str, Any]:
    """Return the `pull-request-simple` document of lists."""
    state, repository = hub.state, hub.state.repositories[pull.repository_id]
    base = Head(repository.id, repository.owner_id, pull.base_ref, pull.base_sha)
    return {
        **_addresses(hub, pull),
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "title": pull.title,
        "user": user(hub, state.accounts[pull.author_id]),
        "body": pull.body,
        "created_at": stamp(pull.created_at),
        "updated_at": stamp(pull.updated_at),
        "closed_at": stamp_or_none(pull.closed_at),
        "merged_at": stamp_or_none(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [label(hub, state.labels[repository.id, name.lower()]) for name in pull.labels],
        "milestone": None,
        "draft": pull.is_draft,
        "head": _branch(hub, pull.head),
        "base": _branch(hub, base),
        "_links": _links(hub, pull),
        "author_association": association(hub, repository, pull.author_id),
        "auto_merge": _auto_merge(hub, pull),
        "active_lock_reason": None,
    }


def pull(hub: Hub, record: PullRequest) -> dict[str, Any]:
    """Return the `pull-request` document, as `GET .../pulls/{n}` and webhooks show it."""
    merger = hub.state.accounts.get(record.merged_by_id or 0)
    mergeable, state = mergeable_state(hub, record)
    changes = changed_files(hub, record)
    return pull_simple(hub, record) | {
        "merged": record.merged_at is not None,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": state,
        "merged_by": user(hub, merger) if merger else None,
        "comments": len(hub.state.comments_on(record.repository_id, record.number)),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(commits_of(hub, record)),
        "additions": sum(one.additions for one in changes),
        "deletions": sum(one.deletions for one in changes),
        "changed_files": len(changes),
    }


def changed_files(hub: Hub, pull: PullRequest) -> tuple[Change, ...]:
    """Return what a pull request changes, by path."""
    return hub.state.changes(hub.state.repositories[pull.repository_id], diff_base(hub, pull), pull.head.sha)


def diff_base(hub: Hub, pull: PullRequest) -> str:
    """Return the commit that a head is compared with: where it left the base, if that is known."""
    bare = hub.state.git.of(hub.state.repositories[pull.repository_id])
    return (bare.merge_base(pull.base_sha, pull.head.sha) if bare else None) or pull.base_sha


def commits_of(hub: Hub, pull: PullRequest) -> tuple[str, ...]:
    """Return the SHAs that a pull request brings, oldest first; of an invention, its head."""
    bare = hub.state.git.of(hub.state.repositories[pull.repository_id])
    return bare.between(pull.base_sha, pull.head.sha) if bare else (pull.head.sha,)


def issue(hub: Hub, record: PullRequest) -> dict[str, Any]:
    """Return the `issue` document of a pull request."""
    repository = hub.state.repositories[record.repository_id]
    url, page = f"{url_of(hub, repository)}/issues/{record.number}", _page(hub, record)
    simple = pull_simple(hub, record)
    same = ("number", "title", "user", "labels", "state", "locked", "assignee", "assignees", "milestone", "body")
    return {
        "url": url,
        "repository_url": url_of(hub, repository),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": page,
        "id": record.id + 1,
        "node_id": node_id("PR", record.id),
        **{key: simple[key] for key in same},
        "comments": len(hub.state.comments_on(repository.id, record.number)),
        "created_at": simple["created_at"],
        "updated_at": simple["updated_at"],
        "closed_at": simple["closed_at"],
        "author_association": simple["author_association"],
        "active_lock_reason": None,
        "draft": record.is_draft,
        "pull_request": {
            "url": simple["url"],
            "html_url": page,
            "diff_url": simple["diff_url"],
            "patch_url": simple["patch_url"],
            "merged_at": simple["merged_at"],
        },
        "reactions": _rollup(f"{url}/reactions", []),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": None,
        "state_reason": None,
    }


def comment(hub: Hub, record: Comment) -> dict[str, Any]:
    """Return the `issue-comment` document."""
    repository = hub.state.repositories[record.repository_id]
    url = f"{url_of(hub, repository)}/issues/comments/{record.id}"
    page = f"{page_of(hub, repository)}/pull/{record.number}#issuecomment-{record.id}"
    contents = [one.content for one in hub.state.reactions.values() if one.comment_id == record.id]
    return {
        "url": url,
        "html_url": page,
        "issue_url": f"{url_of(hub, repository)}/issues/{record.number}",
        "id": record.id,
        "node_id": node_id("IC", record.id),
        "user": user(hub, hub.state.accounts[record.author_id]),
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "author_association": association(hub, repository, record.author_id),
        "body": record.body,
        "reactions": _rollup(f"{url}/reactions", contents),
        "performed_via_github_app": app(hub) if record.is_by_app else None,
    }


def reaction(hub: Hub, record: Reaction) -> dict[str, Any]:
    """Return the `reaction` document."""
    return {
        "id": record.id,
        "node_id": node_id("REA", record.id),
        "user": user(hub, hub.state.accounts[record.user_id]),
        "content": record.content,
        "created_at": stamp(record.created_at),
    }


def association(hub: Hub, repository: Repository, account_id: int) -> str:
    """Return the author association: as on GitHub, it says little about permissions."""
    if account_id == repository.owner_id:
        return "OWNER"
    return "COLLABORATOR" if (repository.id, account_id) in hub.state.collaborators else "NONE"


def _auto_merge(hub: Hub, pull: PullRequest) -> dict[str, Any] | None:
    if pull.auto_merge is None:
        return None
    return {
        "enabled_by": user(hub, hub.state.accounts[pull.auto_merge.by_id]),
        "merge_method": pull.auto_merge.method,
        "commit_title": "",
        "commit_message": "",
    }


def _addresses(hub: Hub, pull: PullRequest) -> dict[str, Any]:
    url, page = _url(hub, pull), _page(hub, pull)
    repository_url = url_of(hub, hub.state.repositories[pull.repository_id])
    return {
        "url": url,
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": f"{repository_url}/issues/{pull.number}",
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{repository_url}/pulls/comments{{/number}}",
        "comments_url": f"{repository_url}/issues/{pull.number}/comments",
        "statuses_url": f"{repository_url}/statuses/{pull.head.sha}",
    }


def _links(hub: Hub, pull: PullRequest) -> dict[str, Any]:
    addresses = _addresses(hub, pull)
    hrefs = {"self": addresses["url"], "html": addresses["html_url"], "issue": addresses["issue_url"]}
    for name in ("comments", "review_comments", "review_comment", "commits", "statuses"):
        hrefs[name] = addresses[f"{name}_url"]
    return {name: {"href": href} for name, href in hrefs.items()}


def _branch(hub: Hub, head: Head) -> dict[str, Any]:
    owner = hub.state.accounts[head.owner_id]
    repository = hub.state.repositories.get(head.repository_id or 0)
    return {
        "label": f"{owner.login}:{head.ref}",
        "ref": head.ref,
        "sha": head.sha,
        "user": user(hub, owner),
        "repo": repository_in_pull(hub, repository) if repository else None,
    }


def _url(hub: Hub, pull: PullRequest) -> str:
    return f"{url_of(hub, hub.state.repositories[pull.repository_id])}/pulls/{pull.number}"


def _page(hub: Hub, pull: PullRequest) -> str:
    return f"{page_of(hub, hub.state.repositories[pull.repository_id])}/pull/{pull.number}"


def _rollup(url: str, contents: list[str]) -> dict[str, Any]:
    counts = {content: contents.count(content) for content in _REACTIONS}
    return {"url": url, "total_count": len(contents), **counts}
