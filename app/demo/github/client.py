"""The typed way to the control plane, for the demo and the tests: play the people, break things, read back."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Self

import requests

from app.demo.github.faults import Fault
from app.demo.github.ledger import LedgerEntry
from app.demo.github.readings import (
    CheckRun,
    Comment,
    Deployment,
    Installation,
    PullRequest,
    Repository,
    SentDelivery,
    Status,
    check_run_of,
    comment_of,
    delivery_of,
    deployment_of,
    entry_of,
    pull_of,
    status_of,
)
from app.demo.github.sender import Order, Sending


class ControlError(RuntimeError):
    """The control plane refused; says which call and why."""


class SimulatedGitHub:
    """A running simulator. Repositories are named `owner/name`; people are made when they are first named.

    Every action that sends webhooks takes `sending`; without it, the simulator's present default counts.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()

    def close(self) -> None:
        """Close the connections; the simulator itself runs on."""
        self._session.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Close the connections."""
        self.close()

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
        made = self._call("POST", "/installations", body | {"events": list(events)}, sending)
        return Installation(made["id"], made["account"]["login"])

    def change_installation(self, installation_id: int, *, sending: Sending | None = None, **changes: Any) -> None:
        """Change `permissions`, `suspended` or (selected) `repositories`: one of them in each call."""
        self._call("PATCH", f"/installations/{installation_id}", changes, sending)

    def uninstall(self, installation_id: int, *, sending: Sending | None = None) -> None:
        """Remove an installation; its tokens end at once."""
        self._call("DELETE", f"/installations/{installation_id}", {}, sending)

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
        made = self._call("POST", "/repos", body, sending)
        return Repository(made["id"], made["full_name"])

    def rename_repository(
        self, full_name: str, *, name: str | None = None, owner: str | None = None, sending: Sending | None = None
    ) -> Repository:
        """Rename a repository, or transfer it to another owner."""
        made = self._call("POST", f"/repos/{full_name}/rename", {"name": name, "owner": owner}, sending)
        return Repository(made["id"], made["full_name"])

    def delete_repository(self, full_name: str, *, sending: Sending | None = None) -> None:
        """Delete a repository with its pull requests."""
        self._call("DELETE", f"/repos/{full_name}", {}, sending)

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
        return str(self._call("PUT", f"/repos/{full_name}/files", body, sending)["sha"])

    def set_permission(self, full_name: str, login: str, permission: str) -> None:
        """Grant `admin`, `maintain`, `write`, `triage`, `read` or `none`."""
        self._call("PUT", f"/repos/{full_name}/collaborators/{login}", {"permission": permission})

    # Pull requests

    def open_pull_request(self, full_name: str, *, sending: Sending | None = None, **fields: Any) -> PullRequest:
        """Open one; `fields` are any of title, body, author, branch, base, fork, draft, labels, files, sha."""
        return pull_of(self._call("POST", f"/repos/{full_name}/pulls", fields, sending))

    def pull_request(self, full_name: str, number: int) -> PullRequest:
        """Return a pull request as it is now."""
        return pull_of(self._call("GET", f"/repos/{full_name}/pulls/{number}"))

    def push(self, full_name: str, number: int, *, sending: Sending | None = None, **fields: Any) -> PullRequest:
        """Push a commit to the head branch; `fields` are any of files, sha, by."""
        return self._act(full_name, number, "push", fields, sending)

    def close_pull_request(
        self, full_name: str, number: int, *, by: str | None = None, sending: Sending | None = None
    ) -> PullRequest:
        """Close without merging."""
        return self._act(full_name, number, "close", {"by": by}, sending)

    def merge(
        self, full_name: str, number: int, *, by: str | None = None, sending: Sending | None = None
    ) -> PullRequest:
        """Merge, which closes."""
        return self._act(full_name, number, "merge", {"by": by}, sending)

    def reopen(
        self, full_name: str, number: int, *, by: str | None = None, sending: Sending | None = None
    ) -> PullRequest:
        """Open again what was closed without merging."""
        return self._act(full_name, number, "reopen", {"by": by}, sending)

    def edit(self, full_name: str, number: int, *, sending: Sending | None = None, **fields: Any) -> PullRequest:
        """Change any of title, body, base."""
        return self._act(full_name, number, "edit", fields, sending)

    def set_draft(self, full_name: str, number: int, *, is_draft: bool, sending: Sending | None = None) -> PullRequest:
        """Convert to a draft, or mark ready for review."""
        return self._act(full_name, number, "draft" if is_draft else "ready", {}, sending)

    def add_label(self, full_name: str, number: int, label: str, *, sending: Sending | None = None) -> PullRequest:
        """Label a pull request."""
        return self._act(full_name, number, "label", {"label": label}, sending)

    def remove_label(self, full_name: str, number: int, label: str, *, sending: Sending | None = None) -> PullRequest:
        """Take a label off."""
        return self._act(full_name, number, "unlabel", {"label": label}, sending)

    def delete_fork(self, full_name: str, number: int) -> PullRequest:
        """Delete the repository that a pull request comes from."""
        return self._act(full_name, number, "delete-fork", {}, None)

    # What is written about them

    def comments(self, full_name: str, number: int) -> list[Comment]:
        """Return all comments, oldest first."""
        return [comment_of(one) for one in self._call("GET", f"/repos/{full_name}/pulls/{number}/comments")]

    def comment(
        self, full_name: str, number: int, *, author: str, body: str, sending: Sending | None = None
    ) -> Comment:
        """Write a comment as a person."""
        fields = {"author": author, "body": body}
        return comment_of(self._call("POST", f"/repos/{full_name}/pulls/{number}/comments", fields, sending))

    def edit_comment(
        self, full_name: str, comment_id: int, *, body: str, by: str | None = None, sending: Sending | None = None
    ) -> Comment:
        """Edit any comment, as whoever is named."""
        fields = {"body": body, "by": by}
        return comment_of(self._call("PATCH", f"/repos/{full_name}/comments/{comment_id}", fields, sending))

    def delete_comment(self, full_name: str, comment_id: int, *, sending: Sending | None = None) -> None:
        """Delete any comment."""
        self._call("DELETE", f"/repos/{full_name}/comments/{comment_id}", {}, sending)

    def statuses(self, full_name: str, sha: str) -> list[Status]:
        """Return every status ever set on a commit, oldest first."""
        return [status_of(one) for one in self._call("GET", f"/repos/{full_name}/commits/{sha}/statuses")]

    def check_runs(self, full_name: str, sha: str) -> list[CheckRun]:
        """Return every check run of a commit, oldest first."""
        return [check_run_of(one) for one in self._call("GET", f"/repos/{full_name}/commits/{sha}/check-runs")]

    def deployments(self, full_name: str) -> list[Deployment]:
        """Return every deployment, oldest first."""
        return [deployment_of(one) for one in self._call("GET", f"/repos/{full_name}/deployments")]

    def rerequest(self, full_name: str, check_run_id: int, *, by: str | None = None) -> None:
        """Press "Re-run" on a check run."""
        self._call("POST", f"/repos/{full_name}/check-runs/{check_run_id}/rerequest", {"by": by})

    def press(self, full_name: str, check_run_id: int, identifier: str, *, by: str | None = None) -> None:
        """Press a button that a completed check run shows."""
        fields = {"identifier": identifier, "by": by}
        self._call("POST", f"/repos/{full_name}/check-runs/{check_run_id}/press", fields)

    # Webhooks

    def set_hook(self, **fields: str) -> None:
        """Change the App's webhook: any of url, secret."""
        self._call("PUT", "/hook", fields)

    def set_sending(self, sending: Sending) -> None:
        """Change how webhooks leave from now on; `Sending()` is the default again."""
        self._call("PUT", "/sending", asdict(sending))

    def release(self, order: Order = "sent", seed: int = 0) -> int:
        """Send what was held, in that order; return how many."""
        return int(self._call("POST", "/sending/release", {"order": order, "seed": seed})["released"])

    def discard_held(self) -> int:
        """Lose what was held; return how many."""
        return int(self._call("POST", "/sending/release", {"discard": True})["discarded"])

    def deliver(self, event: str, payload: Mapping[str, Any] | bytes, **fields: str) -> SentDelivery:
        """Send a payload (bytes as they are) and return what the receiver answered.

        `fields` are any of delivery_id, and signature: a wrong one, or empty for none.
        """
        raw = payload if isinstance(payload, bytes) else None
        content = {"payload": payload} if raw is None else {"body_base64": base64.b64encode(raw).decode()}
        return delivery_of(self._call("POST", "/deliveries", {"event": event, **content, **fields}))

    def deliveries(self) -> list[SentDelivery]:
        """Return every attempt, oldest first."""
        return [delivery_of(one) for one in self._call("GET", "/deliveries")]

    def wait_deliveries(self, timeout_seconds: float = 10) -> None:
        """Wait until no webhook is under way, held ones aside. Raises TimeoutError."""
        if not self._call("GET", f"/deliveries/wait?timeout={timeout_seconds}")["idle"]:
            raise TimeoutError(f"webhooks are still under way after {timeout_seconds} s")

    # Conditions

    def fault(self, fault: Fault) -> None:
        """Arm a fault for the next matching requests."""
        self._call("POST", "/faults", asdict(fault))

    def clear_faults(self) -> None:
        """Disarm all faults; stalled requests go on at once."""
        self._call("DELETE", "/faults")

    def shift_clock(self, seconds: float) -> None:
        """Set the simulator's clock that far off wall time."""
        self._call("PUT", "/clock", {"shift_seconds": seconds})

    def set_limits(self, **fields: Any) -> None:
        """Change the rate limits: any of limit (None for GitHub's own), secondary, reset."""
        self._call("PUT", "/limits", fields)

    def ledger(self) -> list[LedgerEntry]:
        """Return every request to the API since the last reset."""
        return [entry_of(one) for one in self._call("GET", "/ledger")]

    def reset_ledger(self) -> None:
        """Forget the requests so far."""
        self._call("DELETE", "/ledger")

    def _act(
        self, full_name: str, number: int, action: str, fields: Mapping[str, Any], sending: Sending | None
    ) -> PullRequest:
        return pull_of(self._call("POST", f"/repos/{full_name}/pulls/{number}/{action}", fields, sending))

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, sending: Sending | None = None
    ) -> Any:
        payload = dict(body or {}) | ({"sending": asdict(sending)} if sending else {})
        response = self._session.request(method, f"{self.url}/_sim{path}", json=payload, timeout=60)
        if not response.ok:
            raise ControlError(f"{method} {path}: {response.status_code} {response.text[:200]}")
        return response.json()
