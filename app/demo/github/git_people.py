"""The client's part for repositories that are backed by Git: signing in, committing, reviewing, protecting."""

from collections.abc import Mapping
from typing import Any

from app.demo.github.levers import Levers
from app.demo.github.readings import PullRequest, Repository, Review, pull_of, review_of
from app.demo.github.sender import Sending


class GitPeople(Levers):
    """What people do where commits are real. The rest of their life is in `client`."""

    def create_git_repository(
        self, full_name: str, *, private: bool = True, sending: Sending | None = None
    ) -> Repository:
        """Make a repository backed by a bare Git repository, with a README on `main`; see `git_url`."""
        owner, name = full_name.split("/")
        made = self.call("POST", "/repos", {"owner": owner, "name": name, "private": private, "git": True}, sending)
        return Repository(made["id"], made["full_name"])

    def git_url(self, full_name: str) -> str:
        """Return the address to clone from, without credentials: `x-access-token` and an installation token, or a login
        and what `give_password` returned."""
        return f"{self.url}/{full_name}.git"

    def give_password(self, login: str) -> str:
        """Return a new password for Git; what it opens is up to `set_permission`."""
        return str(self.call("PUT", f"/accounts/{login}/password")["password"])

    def commit_to(
        self,
        full_name: str,
        branch: str,
        files: Mapping[str, str | None],
        *,
        by: str,
        message: str,
        sending: Sending | None = None,
    ) -> str:
        """Commit files (None removes one) to a branch of a Git-backed repository as a person; return the SHA.

        The branch is made when it is new. Protection is not asked: that is for a push.
        """
        body = {"files": dict(files), "branch": branch, "by": by, "message": message}
        return str(self.call("PUT", f"/repos/{full_name}/files", body, sending)["sha"])

    def protect(self, full_name: str, branch: str, **fields: Any) -> None:
        """Protect a branch; no fields end the protection.

        Any of approvals (how many, by people who may write: `set_permission`), checks (names), is_strict (heads have to
        be up to date), dismisses_stale_reviews, bypass (logins, or an App's slug, that may push directly),
        bypasses_merges (they merge past the requirements too).
        """
        self.call("PUT", f"/repos/{full_name}/protection/{branch}", fields)

    def enable_auto_merge(
        self, full_name: str, number: int, *, by: str, method: str = "merge", sending: Sending | None = None
    ) -> PullRequest:
        """Have it merged, as `by`, as soon as nothing is in the way."""
        return self.act(full_name, number, "enable-auto-merge", {"by": by, "method": method}, sending)

    def disable_auto_merge(self, full_name: str, number: int, *, by: str) -> PullRequest:
        """Take that back."""
        return self.act(full_name, number, "disable-auto-merge", {"by": by}, None)

    def review(
        self,
        full_name: str,
        number: int,
        *,
        by: str,
        state: str,
        body: str = "",
        sending: Sending | None = None,
    ) -> Review:
        """Submit a review: `APPROVED`, `CHANGES_REQUESTED` or `COMMENTED`."""
        fields = {"author": by, "state": state, "body": body}
        return review_of(self.call("POST", f"/repos/{full_name}/pulls/{number}/reviews", fields, sending))

    def dismiss_review(self, full_name: str, number: int, review_id: int, *, by: str) -> Review:
        """Dismiss a review."""
        return review_of(self.call("DELETE", f"/repos/{full_name}/pulls/{number}/reviews/{review_id}", {"by": by}))

    def act(
        self, full_name: str, number: int, action: str, fields: Mapping[str, Any], sending: Sending | None
    ) -> PullRequest:
        """Do something with a pull request and return it as it is then."""
        return pull_of(self.call("POST", f"/repos/{full_name}/pulls/{number}/{action}", fields, sending))
