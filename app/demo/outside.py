"""Everything around Ephemera on one machine: embedded PostgreSQL and Valkey, Git over HTTP, a simulated GitHub, and a
cluster, simulated or real. The product itself is given nothing but settings, as an operator would give them.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.demo.cluster import Cluster, RunningCluster, StartCluster
from app.demo.git_host import GitHost, HostedGit, RunningGitHost
from app.demo.github.client import SimulatedGitHub
from app.demo.github.launch import Registration, RunningGitHub
from app.demo.ports import free_port
from app.demo.postgres import Postgres
from app.demo.simulated import simulated
from app.demo.valkey import Valkey
from app.domain.report import STATUS_CONTEXT

APP_ID = 4711
SLUG = "ephemera-preview"
ORGANIZATION = "acme"
ENVIRONMENTS = f"{ORGANIZATION}/environments"
REVIEWERS = ("grace", "linus")
PROPOSAL_CHECK = "ephemera / proposal"


@dataclass(slots=True)
class Outside:
    """The running world; stop it and nothing is left. Data lies below `directory`."""

    directory: Path
    web_port: int
    webhook_secret: str
    postgres: Postgres
    valkey: Valkey
    git: GitHost
    github: SimulatedGitHub
    cluster: Cluster
    running_cluster: RunningCluster
    database_url: str
    review: str
    """What needs review, as `EPHEMERA_REVIEW` says it."""
    _stack: ExitStack

    @classmethod
    def start(
        cls, directory: Path, cluster: StartCluster | None = None, *, durable: bool = True, review: str | None = None
    ) -> Self:
        """Start everything, with a simulated cluster in about two seconds. Raises what the part that fails says.

        With a `review`, the environments repository lies on the simulated GitHub, whose people decide about it.
        """
        directory.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            postgres = Postgres.start(directory / "postgres", durable=durable)
            stack.callback(postgres.stop)
            valkey = Valkey.start(directory / "valkey")
            stack.callback(valkey.stop)
            web_port, secret = free_port(), secrets.token_hex(20)
            github = _start_github(directory, web_port, secret)
            stack.callback(github.stop)
            git = _git_beside(directory, stack) if review is None else _git_on(github.github)
            repository = git.repository_url(ENVIRONMENTS)
            running = (cluster or simulated())(directory, git, repository)
            stack.callback(running.stop)
            outside = cls(
                directory=directory,
                web_port=web_port,
                webhook_secret=secret,
                postgres=postgres,
                valkey=valkey,
                git=git,
                github=github.github,
                cluster=running.inside,
                running_cluster=running,
                database_url=postgres.create_database("ephemera"),
                review=review or "never",
                _stack=stack,
            )
            running.connect(outside.settings())
            outside._stack = stack.pop_all()
            return outside

    def stop(self) -> None:
        """End everything. May be called twice."""
        self._stack.close()

    @property
    def environments(self) -> Path:
        """Where the environments repository lies on this disk."""
        home = self.directory / "git" if self.review == "never" else self.directory / "github" / "git"
        return home / f"{ENVIRONMENTS}.git"

    @property
    def web_url(self) -> str:
        """Where Ephemera's web process answers."""
        return f"http://127.0.0.1:{self.web_port}"

    def settings(self) -> Mapping[str, str]:
        """The environment of the product's processes."""
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.directory),
            "PORT": str(self.web_port),
            "EPHEMERA_DATABASE_URL": self.database_url,
            "EPHEMERA_REDIS_URL": self.valkey.url(),
            "EPHEMERA_GITHUB_API_URL": self.github.url,
            "EPHEMERA_GITHUB_APP_ID": str(APP_ID),
            "EPHEMERA_GITHUB_PRIVATE_KEY": str(self.directory / "app.pem"),
            "EPHEMERA_GITHUB_WEBHOOK_SECRETS": self.webhook_secret,
            "EPHEMERA_ENVIRONMENTS_REPOSITORY": self.git.repository_url(ENVIRONMENTS),
            "EPHEMERA_GIT_USERNAME": self.git.username,
            "EPHEMERA_GIT_PASSWORD": self.git.password,
            "EPHEMERA_PREVIEW_DOMAIN": "preview.example.com",
            "EPHEMERA_CACHE_DIRECTORY": str(self.directory / "cache"),
            "EPHEMERA_COMMIT_STATUS": STATUS_CONTEXT,
            "EPHEMERA_GITHUB_LIMITS": "none",
            "EPHEMERA_REVIEW": self.review,
            **self.running_cluster.settings(),
        }


def _git_beside(directory: Path, stack: ExitStack) -> GitHost:
    """A Git server of its own, with the environments repository."""
    running = RunningGitHost.start(directory / "git")
    stack.callback(running.stop)
    running.host.create(ENVIRONMENTS, readme=True)
    return running.host


def _git_on(github: SimulatedGitHub) -> GitHost:
    """The environments repository on GitHub itself, its branch protected, and somebody who reads it for the syncer."""
    github.create_git_repository(ENVIRONMENTS)
    github.set_permission(ENVIRONMENTS, "syncer", "read")
    for person in REVIEWERS:
        github.set_permission(ENVIRONMENTS, person, "write")
    github.protect(ENVIRONMENTS, "main", approvals=1, checks=[PROPOSAL_CHECK], bypass=[SLUG])
    return HostedGit(github.url, "syncer", github.give_password("syncer"))


def _start_github(directory: Path, web_port: int, secret: str) -> RunningGitHub:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private_file, public_file = directory / "app.pem", directory / "app.pub"
    private_file.touch(mode=0o600)
    private_file.write_bytes(private)
    public_file.write_bytes(public)
    webhook_url = f"http://127.0.0.1:{web_port}/webhooks/github"
    running = RunningGitHub.start(directory / "github", Registration(APP_ID, public_file, webhook_url, secret, SLUG))
    running.github.install(ORGANIZATION)
    return running
