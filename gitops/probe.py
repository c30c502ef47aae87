"""Whether an environments repository can be used, without changing anything in its branch."""

from gitops.clone import Clone
from gitops.errors import Rejected
from gitops.reach import is_forbidden
from gitops.remote import PEEKED
from gitops.repository import Repository


def probe(repository: Repository, *, with_refs: bool = False) -> str | None:
    """The branch's head, or None when it has no commit yet.

    With refs, a ref is made where environments' own refs lie, at the branch's head, and removed again; not before the
    branch has a commit. Raises Rejected when we may not read or write there, RefsRefused when those refs are refused,
    RemoteUnavailable when it does not answer.
    """

    def work(clone: Clone) -> str | None:
        head = clone.fetch(PEEKED)
        if is_forbidden(repository.remote, "git-receive-pack"):
            raise Rejected(
                f"pushing to {repository.remote.url}: it may be read, not written: grant write access to contents"
            )
        if with_refs and head is not None:
            clone.try_own_ref(head)
        return head

    return repository.use("looking into", work)
