"""The typed way to the control plane, for the demo and the tests: play the people, break things, read back."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.demo.github.git_people import GitPeople
from app.demo.github.readings import (
    CheckRun,
    Comment,
    Deployment,
    Installation,
    PullRequest,
    Repository,
    Status,
    check_run_of,
    comment_of,
    deployment_of,
    pull_of,
    status_of,
)
from app.demo.github.sender import Sending


class SimulatedGitHub(GitPeople):
    """A running simulator. Repositories are named `owner/name`; people are made when they are first named.

    Every action that sends webhooks takes `sending`; without it, the simulator's present default counts.
    """

    # People and what they own

    def install(
        self,
        account: str,
        *,
        kind: str = "Organization",
        repositories: list[str] | None = None,
        permissions: Mapping[str, str] | None = None,
        events: Iterable[str] = (),
        sending: Sending | None = None,
    ) -> Installation:
        """Install the App on an account, for all its repositories unless some are named."""
        body = {"account": account, "kind": kind, "repositories": repositories, "permissions": permissions}
        made = self.call("POST", "/installations", body | {"events": list(events)}, sending)
        return Installation(made["id"], made["account"]["login"])

    def change_installation(self, installation_id: int, *, sending: Sending | None = None, **changes: Any) -> None:
        """Change `permissions`, `suspended` or (selected) `repositories`: one of them in each call."""
        self.call("PATCH", f"/installations/{installation_id}", changes, sending)

    def uninstall(self, installation_id: int, *, sending: Sending | None = None) -> None:
        """Remove an installation; its tokens end at once."""
        self.call("DELETE", f"/installations/{installation_id}", {}, sending)

    def create_repository(
        self,
        full_name: str,
        *,
        private: bool = True,
        default_branch: str = "main",
        files: Mapping[str, str] | None = None,
        sending: Sending | None = None,
    ) -> Repository:
        """Make a repository with one commit; its owner is an organization unless made before as something else."""
        owner, name = full_name.split("/")
        body = {"owner": owner, "name": name, "private": private, "default_branch": default_branch, "files": files}
        made = self.call("POST", "/repos", body, sending)
        return Repository(made["id"], made["full_name"])

    def rename_repository(
        self, full_name: str, *, name: str | None = None, owner: str | None = None, sending: Sending | None = None
    ) -> Repository:
        """Rename a repository, or transfer it to another owner."""
        made = self.call("POST", f"/repos/{full_name}/rename", {"name": name, "owner": owner}, sending)
        return Repository(made["id"], made["full_name"])

    def delete_repository(self, full_name: str, *, sending: Sending | None = None) -> None:
        """Delete a repository with its pull requests."""
        self.call("DELETE", f"/repos/{full_name}", {}, sending)

    def write_files(
        self,
        full_name: str,
        files: Mapping[str, str | None],
        *,
        branch: str | None = None,
        sending: Sending | None = None,
    ) -> str:
        """Commit files (None removes one) to a branch, made when it is new; return the SHA."""
        body = {"files": dict(files), "branch": branch}
        return str(self.call("PUT", f"/repos/{full_name}/files", body, sending)["sha"])

    def set_permission(self, full_name: str, login: str, permission: str) -> None:
        """Grant `admin`, `maintain`, `write`, `triage`, `read` or `none`."""
        self.call("PUT", f"/repos/{full_name}/collaborators/{login}", {"permission": permission})

    def rename_account(self, login: str, new_login: str) -> None:
        """Give an account another login; whoever comes next may take the old one."""
        self.call("PATCH", f"/accounts/{login}", {"login": new_login})

    # Pull requests

    def open_pull_request(self, full_name: str, *, sending: Sending | None = None, **fields: Any) -> PullRequest:
        """Open one; `fields` are any of title, body, author, branch, base, fork, draft, labels, files, sha."""
        return pull_of(self.call("POST", f"/repos/{full_name}/pulls", fields, sending))

    def pull_request(self, full_name: str, number: int) -> PullRequest:
        """Return a pull request as it is now."""
        return pull_of(self.call("GET", f"/repos/{full_name}/pulls/{number}"))

    def push(self, full_name: str, number: int, *, sending: Sending | None = None, **fields: Any) -> PullRequest:
        """Push a commit to the head branch; `fields` are any of files, sha, by, and onto (the commit that a force push
        begins from, instead of the head)."""
        return self.act(full_name, number, "push", fields, sending)

    def close_pull_request(
        self, full_name: str, number: int, *, by: str | None = None, sending: Sending | None = None
    ) -> PullRequest:
        """Close without merging."""
        return self.act(full_name, number, "close", {"by": by}, sending)

    def merge(
        self,
        full_name: str,
        number: int,
        *,
        by: str | None = None,
        method: str = "merge",
        sending: Sending | None = None,
    ) -> PullRequest:
        """Merge, which closes. Git-backed: by `merge`, `squash` or `rebase`, and ControlError with GitHub's words where
        something is in the way. A merge queue is `by="github-merge-queue[bot]"`."""
        return self.act(full_name, number, "merge", {"by": by, "method": method}, sending)

    def reopen(
        self, full_name: str, number: int, *, by: str | None = None, sending: Sending | None = None
    ) -> PullRequest:
        """Open again what was closed without merging."""
        return self.act(full_name, number, "reopen", {"by": by}, sending)

    def edit(self, full_name: str, number: int, *, sending: Sending | None = None, **fields: Any) -> PullRequest:
        """Change any of title, body, base."""
        return self.act(full_name, number, "edit", fields, sending)

    def set_draft(self, full_name: str, number: int, *, is_draft: bool, sending: Sending | None = None) -> PullRequest:
        """Convert to a draft, or mark ready for review."""
        return self.act(full_name, number, "draft" if is_draft else "ready", {}, sending)

    def add_label(self, full_name: str, number: int, label: str, *, sending: Sending | None = None) -> PullRequest:
        """Label a pull request."""
        return self.act(full_name, number, "label", {"label": label}, sending)

    def remove_label(self, full_name: str, number: int, label: str, *, sending: Sending | None = None) -> PullRequest:
        """Take a label off."""
        return self.act(full_name, number, "unlabel", {"label": label}, sending)

    def delete_fork(self, full_name: str, number: int) -> PullRequest:
        """Delete the repository that a pull request comes from."""
        return self.act(full_name, number, "delete-fork", {}, None)

    # What is written about them

    def comments(self, full_name: str, number: int) -> list[Comment]:
        """Return all comments, oldest first."""
        return [comment_of(one) for one in self.call("GET", f"/repos/{full_name}/pulls/{number}/comments")]

    def comment(
        self, full_name: str, number: int, *, author: str, body: str, sending: Sending | None = None
    ) -> Comment:
        """Write a comment as a person."""
        fields = {"author": author, "body": body}
        return comment_of(self.call("POST", f"/repos/{full_name}/pulls/{number}/comments", fields, sending))

    def edit_comment(
        self, full_name: str, comment_id: int, *, body: str, by: str | None = None, sending: Sending | None = None
    ) -> Comment:
        """Edit any comment, as whoever is named."""
        fields = {"body": body, "by": by}
        return comment_of(self.call("PATCH", f"/repos/{full_name}/comments/{comment_id}", fields, sending))

    def delete_comment(self, full_name: str, comment_id: int, *, sending: Sending | None = None) -> None:
        """Delete any comment."""
        self.call("DELETE", f"/repos/{full_name}/comments/{comment_id}", {}, sending)

    def statuses(self, full_name: str, sha: str) -> list[Status]:
        """Return every status ever set on a commit, oldest first."""
        return [status_of(one) for one in self.call("GET", f"/repos/{full_name}/commits/{sha}/statuses")]

    def check_runs(self, full_name: str, sha: str) -> list[CheckRun]:
        """Return every check run of a commit, oldest first."""
        return [check_run_of(one) for one in self.call("GET", f"/repos/{full_name}/commits/{sha}/check-runs")]

    def deployments(self, full_name: str) -> list[Deployment]:
        """Return every deployment, oldest first."""
        return [deployment_of(one) for one in self.call("GET", f"/repos/{full_name}/deployments")]

    def rerequest(
        self, full_name: str, check_run_id: int, *, by: str | None = None, sending: Sending | None = None
    ) -> None:
        """Press "Re-run" on a check run."""
        self.call("POST", f"/repos/{full_name}/check-runs/{check_run_id}/rerequest", {"by": by}, sending)

    def press(
        self,
        full_name: str,
        check_run_id: int,
        identifier: str,
        *,
        by: str | None = None,
        sending: Sending | None = None,
    ) -> None:
        """Press a button that a completed check run shows."""
        fields = {"identifier": identifier, "by": by}
        self.call("POST", f"/repos/{full_name}/check-runs/{check_run_id}/press", fields, sending)

    def rerequest_all(self, full_name: str, sha: str, *, by: str | None = None) -> None:
        """Press "Re-run all checks" on a commit."""
        self.call("POST", f"/repos/{full_name}/commits/{sha}/check-suite", {"by": by})

    def finish_checks(
        self, full_name: str, sha: str, conclusion: str, *, app: str = "github-actions", sending: Sending | None = None
    ) -> None:
        """Let another App's check suite of a commit end."""
        fields = {"conclusion": conclusion, "app": app}
        self.call("POST", f"/repos/{full_name}/commits/{sha}/check-suite", fields, sending)
