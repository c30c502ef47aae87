"""The record of Git's requests, apart from the ledger: GitHub's rate limits do not count them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GitRequest:
    """A request of Git's protocol that was answered; `service` is `git-receive-pack` for a push."""

    method: str
    path: str
    service: str
    status: int
    login: str
    """Who asked; empty for nobody in particular."""

    @property
    def is_push(self) -> bool:
        """Tell whether it did the work of a push, not the listing of references before it."""
        return self.method == "POST" and self.service == "git-receive-pack"
