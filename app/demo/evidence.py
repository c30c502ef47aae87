"""What a demo step is believed by: reading back from PostgreSQL, the Git remote, GitHub and the cluster."""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from app.demo.github.readings import CheckRun, PullRequest
from app.demo.outside import ENVIRONMENTS, SLUG, Outside

HEAD_SHA = "ephemera.dev/head-sha"


class Evidence:
    """Reads back what the product did, by the ways that anyone else would use."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self._mirror = outside.directory / "mirror.git"

    # PostgreSQL

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with _connected(self._outside.database_url) as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def status(self, number: int) -> str | None:
        """The environment's status; None when there is no row."""
        rows = self.query("SELECT status FROM environments WHERE number = %s", number)
        return str(rows[0][0]) if rows else None

    # The Git remote

    def fetch(self) -> None:
        """Bring the mirror up to the remote's present state."""
        if not self._mirror.exists():
            url = self._outside.git.repository_url(ENVIRONMENTS)
            self._git(None, "clone", "--quiet", "--mirror", url, str(self._mirror))
        else:
            self._git(self._mirror, "fetch", "--quiet", "--prune")

    def heads(self) -> Mapping[str, str]:
        """Namespace -> the commit that its Deployment's pod template names, of every folder on the branch; fetches."""
        self.fetch()
        tree = self._git(self._mirror, "ls-tree", "-r", "main").splitlines()
        paths = [entry.partition("\t")[2] for entry in tree if entry.endswith("/deployment.yaml")]
        wanted = "".join(f"main:{path}\n" for path in paths)
        manifests = self._git(self._mirror, "cat-file", "--batch=%(objectname)", stdin=wanted)
        heads = re.findall(rf'{re.escape(HEAD_SHA)}"?: "([0-9a-f]+)"', manifests)
        # The Deployment names it twice: on itself and on its pod template, which comes last.
        return {path.split("/")[-2]: sha for path, sha in zip(paths, heads[1::2], strict=True)}

    def newest_commit(self) -> str:
        """The newest commit with its trailers, as `git log` shows it."""
        return self._git(self._mirror, "log", "-1", "--stat=78", "--stat-count=3", "main")

    def commits(self) -> int:
        """How many commits the branch has."""
        return int(self._git(self._mirror, "rev-list", "--count", "main"))

    def pushes(self) -> int:
        """How many pushes the Git server has taken."""
        return sum(request.is_push for request in self._outside.git.state().requests)

    # The simulated cluster and GitHub

    def running(self, namespace: str) -> str | None:
        """The commit that is fully rolled out in the namespace; None while there is none."""
        deployment = self._outside.cluster.deployment(namespace, "web")
        if deployment is None:
            return None
        status = deployment.get("status", {})
        is_out = (
            status.get("observedGeneration") == deployment["metadata"]["generation"]
            and status.get("updatedReplicas") == status.get("availableReplicas") == deployment["spec"]["replicas"]
        )
        return str(deployment["spec"]["template"]["metadata"]["annotations"][HEAD_SHA]) if is_out else None

    def is_gone(self, namespace: str) -> bool:
        """The cluster has no such namespace and the syncer no such Application."""
        return namespace not in self._outside.cluster.namespaces() and not self._outside.cluster.application(namespace)

    def commit_status(self, repository: str, pull: PullRequest) -> str | None:
        """The state of the newest commit status on the pull request's head."""
        statuses = self._outside.github.statuses(repository, pull.head_sha)
        return statuses[-1].state if statuses else None

    def conclusion(self, repository: str, pull: PullRequest) -> str | None:
        """The conclusion of the head's only check run."""
        run = self.check_run(repository, pull)
        return run.conclusion if run else None

    def check_run(self, repository: str, pull: PullRequest) -> CheckRun | None:
        """The head's only check run; None when there is none yet, or more than one."""
        runs = self._outside.github.check_runs(repository, pull.head_sha)
        return runs[0] if len(runs) == 1 else None

    def comment(self, repository: str, number: int) -> str | None:
        """The one comment that Ephemera wrote; None when there is none yet, or more than one."""
        comments = self._outside.github.comments(repository, number)
        ours = [comment.body for comment in comments if comment.author == f"{SLUG}[bot]"]
        return ours[0] if len(ours) == 1 else None

    def github_calls(self) -> Mapping[str, int]:
        """Method -> how many calls GitHub's API has answered."""
        calls: dict[str, int] = {}
        for entry in self._outside.github.ledger():
            calls[entry.method] = calls.get(entry.method, 0) + 1
        return calls

    def _git(self, directory: Path | None, *arguments: str, stdin: str = "") -> str:
        place: Sequence[str] = [] if directory is None else ["-C", str(directory)]
        environment = {"PATH": self._outside.settings()["PATH"], **self._outside.git.client_environment()}
        command = ["git", *place, *arguments]
        return subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, check=True).stdout


@contextmanager
def _connected(url: str) -> Iterator[Any]:
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
