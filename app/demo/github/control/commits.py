"""Commits that people make."""

import secrets
from collections.abc import Mapping

from app.demo.github.hub import Hub
from app.demo.github.records import Account, Commit, Repository


def make_commit(
    hub: Hub,
    home: Repository,
    parent: str | None,
    author: Account,
    files: Mapping[str, str | None],
    sha: str | None = None,
) -> Commit:
    """Remember a commit of `home` on `parent` with changed `files` (None removes one); `sha` is random unless given."""
    tree = dict(hub.state.commits[parent].files) if parent else {}
    for path, text in files.items():
        if text is None:
            tree.pop(path, None)
        else:
            tree[path] = text.encode()
    message = f"Change {', '.join(files) or 'nothing'}"[:72]
    sha = sha or secrets.token_hex(20)
    same = hub.state.commits.get(sha)
    networks = (same.network_ids if same else frozenset()) | {hub.state.network_of(home)}
    commit = Commit(sha, parent, message, author.id, tree, hub.clock.now(), networks)
    hub.state.commits[commit.sha] = commit
    return commit
