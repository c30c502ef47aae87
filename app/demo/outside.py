"""Everything around Ephemera on one machine: embedded PostgreSQL and Valkey, Git over HTTP, a simulated GitHub and
cluster. The product itself is given nothing but settings, as an operator would give them.
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

from app.demo.children import Child, spawn
from app.demo.git_host import GitHost, RunningGitHost
from app.demo.github.client import SimulatedGitHub
from app.demo.github.launch import Registration, RunningGitHub
from app.demo.kubernetes.client import SimulatedKubernetes
from app.demo.ports import free_port, listens, wait_until
from app.demo.postgres import Postgres
from app.demo.valkey import Valkey

APP_ID = 4711
SLUG = "ephemera-preview"
ORGANIZATION = "acme"
ENVIRONMENTS = f"{ORGANIZATION}/environments"
_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the simulated cluster is, in seconds."""

    rollout: float = 0.3
    termination: float = 0.3
    poll: float = 120.0
    """Argo CD's usual interval: without pokes, a commit waits for it."""


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
    cluster: SimulatedKubernetes
    cluster_token: str
    database_url: str
    _stack: ExitStack

    @classmethod
    def start(cls, directory: Path, pace: Pace | None = None, *, durable: bool = True) -> Self:
        """Start everything, in about two seconds. Raises what the part that does not start says."""
        directory.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            postgres = Postgres.start(directory / "postgres", durable=durable)
            stack.callback(postgres.stop)
            valkey = Valkey.start(directory / "valkey")
            stack.callback(valkey.stop)
            git = RunningGitHost.start(directory / "git")
            stack.callback(git.stop)
            git.host.create(ENVIRONMENTS, readme=True)
            web_port, secret = free_port(), secrets.token_hex(20)
            github = _start_github(directory, web_port, secret)
            stack.callback(github.stop)
            token = secrets.token_urlsafe(24)
            cluster, child = _start_cluster(directory, git.host, token, pace or Pace())
            stack.callback(child.stop)
            return cls(
                directory=directory,
                web_port=web_port,
                webhook_secret=secret,
                postgres=postgres,
                valkey=valkey,
                git=git.host,
                github=github.github,
                cluster=cluster,
                cluster_token=token,
                database_url=postgres.create_database("ephemera"),
                _stack=stack.pop_all(),
            )

    def stop(self) -> None:
        """End everything. May be called twice."""
        self._stack.close()

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
            "EPHEMERA_CLUSTER_URL": self.cluster.url,
            "EPHEMERA_CLUSTER_TOKEN": self.cluster_token,
            "EPHEMERA_SYNCER": "argocd",
            "EPHEMERA_CACHE_DIRECTORY": str(self.directory / "cache"),
        }


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


def _start_cluster(directory: Path, git: GitHost, token: str, pace: Pace) -> tuple[SimulatedKubernetes, Child]:
    port = free_port()
    command = [
        *(sys.executable, "-m", "app.demo.kubernetes", f"--port={port}", f"--token={token}"),
        f"--repository={git.repository_url(ENVIRONMENTS)}",
        f"--rollout-seconds={pace.rollout}",
        f"--termination-seconds={pace.termination}",
        f"--poll-seconds={pace.poll}",
    ]
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), **git.client_environment()}
    log = directory / "cluster.log"
    with log.open("wb") as output:
        child = spawn(command, environment, output=output)
    wait_until(lambda: listens(port) or not child.is_running, _START_SECONDS, f"the cluster on port {port}")
    if not child.is_running:
        child.stop()
        raise RuntimeError(f"starting the simulated cluster: {log.read_text()[-2000:]}")
    return SimulatedKubernetes(f"http://127.0.0.1:{port}", token), child
