"""A Git-backed repository of the simulated GitHub, and the people and the App that work in it."""

import json
import os
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from app.demo.github.client import SimulatedGitHub
from tests.fixtures.github import Caller, Receiver, Shop, installation_caller

EVENTS = ("check_run", "issue_comment", "pull_request", "pull_request_review", "push")
BRANCH = "ephemera/pr-1-change"


@dataclass(frozen=True, slots=True)
class Place:
    """The repository: `ada` may write, `bob` may write, `eve` may read; the App has every permission."""

    github: SimulatedGitHub
    installation: Caller
    shop: Shop
    directory: Path

    @property
    def name(self) -> str:
        """`owner/name`."""
        return self.shop.name

    @property
    def owner(self) -> str:
        """The organization."""
        return self.name.split("/")[0]

    @property
    def token(self) -> str:
        """The App's installation token."""
        return self.installation.authorization.removeprefix("token ")

    def api(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Call an operation of the repository as the App."""
        return self.installation.call(method, f"{self.shop.path}{path}", body)

    def git(self, *arguments: str) -> str:
        """Run Git in the bare repository and return what it printed."""
        return run(self.directory, *arguments).stdout

    def url(self, user: str, secret: str) -> str:
        """Return the address with credentials."""
        return self.github.git_url(self.name).replace("http://", f"http://{user}:{secret}@")

    def sha(self, branch: str = "main") -> str:
        """Return where a branch is."""
        return self.git("rev-parse", f"refs/heads/{branch}").strip()

    def change(self, files: dict[str, str | None], message: str, branch: str = BRANCH, by: str = "ada") -> str:
        """Commit to a branch as a person."""
        return self.github.commit_to(self.name, branch, files, by=by, message=message)

    def propose(self, title: str = "Add pr-1", branch: str = BRANCH) -> dict[str, Any]:
        """Open a pull request as the App."""
        answer = self.api("POST", "/pulls", {"title": title, "head": branch, "base": "main", "body": "Why."})
        assert answer.status_code == 201, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def pull(self, number: int = 1) -> dict[str, Any]:
        """Return a pull request as the App sees it."""
        document: dict[str, Any] = self.api("GET", f"/pulls/{number}").json()
        return document

    def forget(self, receiver: Receiver) -> None:
        """Let every webhook arrive that is under way, and forget them."""
        self.github.wait_deliveries()
        receiver.received.clear()

    def heard(self, receiver: Receiver) -> list[str]:
        """Return the webhooks so far in the order in which they were made, as `event.action`."""
        self.github.wait_deliveries()
        # They arrive in any order; their ids hold the time at which each was made.
        made = sorted(receiver.received, key=lambda one: uuid.UUID(one.headers["X-GitHub-Delivery"]).time)
        told = [(one.headers["X-GitHub-Event"], json.loads(one.body)) for one in made]
        return [f"{event}.{body['action']}" if "action" in body else event for event, body in told]


def make_place(github: SimulatedGitHub, as_app: Caller, owner: str, root: Path) -> Place:
    """Return a new Git-backed repository `<owner>/environments` with the App installed."""
    made = github.create_git_repository(f"{owner}/environments")
    installed = github.install(owner, events=EVENTS)
    for login, role in (("ada", "write"), ("bob", "write"), ("eve", "read")):
        github.set_permission(made.full_name, login, role)
    shop = Shop(made.full_name, installed.id, made.id)
    return Place(github, installation_caller(as_app, shop), shop, root / "git" / f"{made.full_name}.git")


def run(directory: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run Git as nobody in particular, without configuration or questions."""
    people = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _NOBODY.items()}
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        **people,
    }
    words = ["git", "-C", str(directory), *arguments]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=check)


_NOBODY = {"NAME": "Ada", "EMAIL": "ada@example.com"}
