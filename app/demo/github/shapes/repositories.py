"""Repositories, labels and commits."""

from typing import Any

from app.demo.github.clock import stamp
from app.demo.github.hub import Hub
from app.demo.github.records import Commit, Label, Repository
from app.demo.github.shapes.accounts import user
from app.demo.github.shapes.nodes import node_id
from app.demo.github.shapes.signatures import account_behind, dated, signatures

# Key -> path under the repository's address, with GitHub's URI templates.
_LINKS = {
    "forks_url": "/forks",
    "keys_url": "/keys{/key_id}",
    "collaborators_url": "/collaborators{/collaborator}",
    "teams_url": "/teams",
    "hooks_url": "/hooks",
    "issue_events_url": "/issues/events{/number}",
    "events_url": "/events",
    "assignees_url": "/assignees{/user}",
    "branches_url": "/branches{/branch}",
    "tags_url": "/tags",
    "blobs_url": "/git/blobs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "trees_url": "/git/trees{/sha}",
    "statuses_url": "/statuses/{sha}",
    "languages_url": "/languages",
    "stargazers_url": "/stargazers",
    "contributors_url": "/contributors",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "commits_url": "/commits{/sha}",
    "git_commits_url": "/git/commits{/sha}",
    "comments_url": "/comments{/number}",
    "issue_comment_url": "/issues/comments{/number}",
    "contents_url": "/contents/{+path}",
    "compare_url": "/compare/{base}...{head}",
    "merges_url": "/merges",
    "archive_url": "/{archive_format}{/ref}",
    "downloads_url": "/downloads",
    "issues_url": "/issues{/number}",
    "pulls_url": "/pulls{/number}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "labels_url": "/labels{/name}",
    "releases_url": "/releases{/id}",
    "deployments_url": "/deployments",
}


def url_of(hub: Hub, repository: Repository) -> str:
    """Return the API address of a repository."""
    return f"{hub.options.url}/repos/{hub.state.full_name(repository)}"


def page_of(hub: Hub, repository: Repository) -> str:
    """Return the web address of a repository."""
    return f"{hub.options.url}/{hub.state.full_name(repository)}"


def repository(hub: Hub, record: Repository) -> dict[str, Any]:
    """Return the `repository` document."""
    url, page = url_of(hub, record), page_of(hub, record)
    host = hub.options.url.partition("://")[2]
    open_pulls = sum(one.closed_at is None for one in hub.state.pulls_of(record.id))
    return {
        "id": record.id,
        "node_id": node_id("R", record.id),
        "name": record.name,
        "full_name": hub.state.full_name(record),
        "private": record.private,
        "owner": user(hub, hub.state.accounts[record.owner_id]),
        "html_url": page,
        "description": None,
        "fork": record.parent_id is not None,
        "url": url,
        **{key: url + path for key, path in _LINKS.items()},
        "created_at": stamp(record.created_at),
        "updated_at": stamp(record.updated_at),
        "pushed_at": stamp(record.updated_at),
        "git_url": f"git://{host}/{hub.state.full_name(record)}.git",
        "ssh_url": f"git@{host}:{hub.state.full_name(record)}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "homepage": None,
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": None,
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": True,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 0,
        "mirror_url": None,
        "archived": False,
        "disabled": False,
        "open_issues_count": open_pulls,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if record.private else "public",
        "forks": 0,
        "open_issues": open_pulls,
        "watchers": 0,
        "default_branch": record.default_branch,
    }


def repository_in_event(hub: Hub, record: Repository) -> dict[str, Any]:
    """Return the document that webhooks carry, which has custom properties as well."""
    return repository(hub, record) | {"custom_properties": {}}


def repository_in_pull(hub: Hub, record: Repository) -> dict[str, Any]:
    """Return the document of a pull request's head or base, which has merge settings as well."""
    return repository_in_event(hub, record) | {
        "allow_squash_merge": True,
        "allow_merge_commit": True,
        "allow_rebase_merge": True,
        "allow_auto_merge": False,
        "delete_branch_on_merge": False,
        "allow_update_branch": False,
        "use_squash_pr_title_as_default": False,
        "squash_merge_commit_message": "COMMIT_MESSAGES",
        "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
        "merge_commit_message": "PR_TITLE",
        "merge_commit_title": "MERGE_MESSAGE",
    }


def full_repository(hub: Hub, record: Repository) -> dict[str, Any]:
    """Return the `full-repository` document, with the parent of a fork."""
    shape = repository_in_event(hub, record) | {"network_count": 0, "subscribers_count": 0, "temp_clone_token": None}
    parent = hub.state.repositories.get(record.parent_id or 0)
    if parent:
        shape |= {"parent": repository(hub, parent), "source": repository(hub, parent)}
    return shape


def repository_summary(hub: Hub, record: Repository) -> dict[str, Any]:
    """Return the five fields that installation webhooks carry."""
    shape = repository(hub, record)
    return {key: shape[key] for key in ("id", "node_id", "name", "full_name", "private")}


def label(hub: Hub, record: Label) -> dict[str, Any]:
    """Return the `label` document."""
    owner = hub.state.repositories[record.repository_id]
    return {
        "id": record.id,
        "node_id": node_id("LA", record.id),
        "url": f"{url_of(hub, owner)}/labels/{record.name}",
        "name": record.name,
        "description": None,
        "color": record.color,
        "default": False,
    }


def commit(hub: Hub, owner: Repository, record: Commit) -> dict[str, Any]:
    """Return the `commit` document, without files and statistics."""
    author, committer = signatures(hub, record)
    writer, maker = account_behind(hub, author), account_behind(hub, committer)
    url, tree = url_of(hub, owner), record.tree or record.sha
    return {
        "url": f"{url}/commits/{record.sha}",
        "sha": record.sha,
        "node_id": node_id("C", int(record.sha[:12], 16)),
        "html_url": f"{page_of(hub, owner)}/commit/{record.sha}",
        "comments_url": f"{url}/commits/{record.sha}/comments",
        "commit": {
            "url": f"{url}/git/commits/{record.sha}",
            "author": dated(author),
            "committer": dated(committer),
            "message": record.message,
            "comment_count": 0,
            "tree": {"sha": tree, "url": f"{url}/git/trees/{tree}"},
            "verification": {
                "verified": False,
                "reason": "unknown_key" if record.signature else "unsigned",
                "signature": record.signature,
                "payload": None,
                "verified_at": None,
            },
        },
        "author": user(hub, writer) if writer else None,
        "committer": user(hub, maker) if maker else None,
        "parents": [
            {
                "sha": sha,
                "url": f"{url}/commits/{sha}",
                "html_url": f"{page_of(hub, owner)}/commit/{sha}",
            }
            for sha in record.parents
        ],
    }
