"""One repository of application code, and what Ephemera knows and says about its pull requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from app.demo.github.readings import CheckRun, PullRequest
from app.demo.outside import SLUG
from tests.scenarios.world import World

_ROW = """
SELECT id, status, namespace, folder, commit_sha, published_commit,
    requested_generation = decided_generation
        AND decided_generation = greatest(published_generation, proposed_generation)
        AND report_wanted IS NOT DISTINCT FROM coalesce(report_held, report_digest)
        AND NOT EXISTS (SELECT 1 FROM troubles WHERE environment_id = environments.id)
FROM environments WHERE repository_id = %s AND number = %s
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What PostgreSQL holds of one environment."""

    id: int
    status: str
    namespace: str
    folder: str
    commit_sha: str | None
    published_commit: str | None
    is_settled: bool
    """No stage is behind and none has failed."""


@dataclass(slots=True)
class Shop:
    """A repository; `name` changes when it is renamed."""

    world: World
    name: str
    id: int
    numbers: list[int] = field(default_factory=list)
    """Every pull request that was opened."""

    @classmethod
    def create(cls, world: World, name: str | None = None) -> Self:
        """Make a repository with one commit. AssertionError when the world could not be mended before."""
        world.assert_whole()
        made = world.github.create_repository(name or next(world.names))
        return cls(world, made.full_name, made.id)

    # What people do

    def open(self, **fields: Any) -> PullRequest:
        """Open a pull request; `fields` as the simulator's client takes them."""
        pull = self.world.github.open_pull_request(self.name, **fields)
        self.numbers.append(pull.number)
        return pull

    def open_until_ready(self, **fields: Any) -> PullRequest:
        """Open a pull request, and wait until its environment is ready."""
        pull = self.open(**fields)
        self.await_status(pull, "ready")
        return pull

    def push(self, pull: PullRequest, **fields: Any) -> PullRequest:
        """Push a commit to the pull request."""
        return self.world.github.push(self.name, pull.number, **fields)

    def close(self, pull: PullRequest) -> None:
        """Close it without merging."""
        self.world.github.close_pull_request(self.name, pull.number)

    def now(self, pull: PullRequest) -> PullRequest:
        """The pull request as GitHub has it now."""
        return self.world.github.pull_request(self.name, pull.number)

    # What Ephemera knows

    def find(self, pull: PullRequest) -> Row | None:
        """The environment's row, if there is one."""
        rows = self.world.query(_ROW, self.id, pull.number)
        return Row(*rows[0]) if rows else None

    def row(self, pull: PullRequest) -> Row:
        """The environment's row."""
        row = self.find(pull)
        assert row is not None, f"{self.name}#{pull.number} has no row"
        return row

    def await_status(self, pull: PullRequest, status: str) -> Row:
        """The row, once everything is settled at that status and the pull request's present head."""
        head = self.now(pull).head_sha

        def look() -> Row | None:
            row = self.find(pull)
            return row if row and row.is_settled and (row.status, row.commit_sha) == (status, head) else None

        try:
            return self.world.await_true(look, f"{self.name}#{pull.number} to be {status} at {head[:7]}")
        except AssertionError as error:
            raise AssertionError(f"the row is {self.find(pull)}; {error}") from error

    # What it says

    def comments(self, pull: PullRequest) -> list[str]:
        """The comments that Ephemera wrote on the pull request."""
        comments = self.world.github.comments(self.name, pull.number)
        return [comment.body for comment in comments if comment.author == f"{SLUG}[bot]"]

    def comment(self, pull: PullRequest) -> str:
        """The one comment that Ephemera wrote."""
        comments = self.comments(pull)
        assert len(comments) == 1, comments
        return comments[0]

    def comment_id(self, pull: PullRequest) -> int:
        """The id of the one comment that Ephemera wrote."""
        comments = self.world.github.comments(self.name, pull.number)
        (found,) = [comment.id for comment in comments if comment.author == f"{SLUG}[bot]"]
        return found

    def checks(self, pull: PullRequest) -> list[CheckRun]:
        """The check runs at the pull request's head."""
        return self.world.github.check_runs(self.name, pull.head_sha)

    def says(self, pull: PullRequest) -> tuple[str | None, str | None]:
        """The newest check run's conclusion (or status while it has none) and the commit status's state."""
        checks = self.checks(pull)
        statuses = self.world.github.statuses(self.name, pull.head_sha)
        check = (checks[-1].conclusion or checks[-1].status) if checks else None
        return check, statuses[-1].state if statuses else None

    def writes(self) -> int:
        """How many calls have written something to this repository on GitHub, or tried to."""
        ledger = self.world.github.ledger()
        return sum(entry.method != "GET" and entry.target.startswith(f"/repos/{self.name}/") for entry in ledger)

    def payload(self, pull: PullRequest, document: Mapping[str, Any]) -> dict[str, Any]:
        """Somebody else's `pull_request` payload, rewritten to name this repository and pull request."""
        repository = {**document["repository"], "id": self.id, "full_name": self.name}
        return {
            **document,
            "number": pull.number,
            "pull_request": {**document["pull_request"], "number": pull.number},
            "repository": repository,
        }
