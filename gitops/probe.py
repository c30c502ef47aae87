"""Whether an environments repository can be used, without changing anything in it."""

from gitops.errors import Rejected
from gitops.reach import is_forbidden
from gitops.repository import Repository


def probe(repository: Repository) -> str | None:
    """The branch's head, or None when it has no commit yet.

    Raises Rejected when we may not read or write there, RemoteUnavailable when it does not answer.
    """
    with repository.clone() as clone:
        head = clone.fetch()
    if is_forbidden(repository.remote, "git-receive-pack"):
        raise Rejected(
            f"pushing to {repository.remote.url}: it may be read, not written: grant write access to contents"
        )
    return head
