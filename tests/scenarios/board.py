"""The people who review the environments repository, and what Ephemera proposes to them."""

import json
from dataclasses import dataclass
from typing import Any

from app.demo.github.readings import PullRequest
from app.demo.outside import ENVIRONMENTS, PROPOSAL_CHECK
from tests.scenarios import remote
from tests.scenarios.shop import Shop
from tests.scenarios.world import World

_PROPOSED = """
    SELECT proposals.number FROM proposals JOIN environments ON environments.id = proposals.environment_id
    WHERE environments.repository_id = %s AND environments.number = %s AND proposals.is_current
    AND proposals.state = 'open' AND proposals.number IS NOT NULL
    AND proposals.told_wanted = proposals.told_digest AND proposals.pushes_wanted = proposals.pushes_done
    AND coalesce(proposals.desired->'spec'->>'head_sha', 'removal') = %s
"""


@dataclass(frozen=True, slots=True)
class Board:
    """Grace and Linus, who may write to the environments repository."""

    world: World

    def proposed(self, shop: Shop, pull: PullRequest, head: str | None = None) -> int:
        """The number of the proposal for the pull request's present head, once all is said about it."""
        wanted = head or shop.now(pull).head_sha

        def look() -> int | None:
            rows = self.world.query(_PROPOSED, shop.id, pull.number, wanted)
            return int(rows[0][0]) if rows else None

        return self.world.await_true(look, f"{shop.name}#{pull.number} to be proposed at {wanted[:7]}")

    def accept(self, number: int, method: str = "merge") -> None:
        """Approve and merge it."""
        self.world.github.review(ENVIRONMENTS, number, by="grace", state="APPROVED", body="Fine.")
        self.world.github.merge(ENVIRONMENTS, number, by="grace", method=method)

    def refuse(self, number: int, words: str) -> None:
        """Close it, with a comment."""
        self.world.github.comment(ENVIRONMENTS, number, author="linus", body=words)
        self.world.github.close_pull_request(ENVIRONMENTS, number, by="linus")

    def pull(self, number: int) -> PullRequest:
        """The proposal as it is on GitHub."""
        return self.world.github.pull_request(ENVIRONMENTS, number)

    def body(self, number: int) -> str:
        """What reviewers read."""
        return str(self.world.github.call("GET", f"/repos/{ENVIRONMENTS}/pulls/{number}")["body"])

    def conclusion(self, number: int) -> str | None:
        """What our check run on the proposal's head says."""
        runs = self.world.github.check_runs(ENVIRONMENTS, self.pull(number).head_sha)
        return next((run.conclusion for run in reversed(runs) if run.name == PROPOSAL_CHECK), None)

    def open_ones(self, shop: Shop, pull: PullRequest) -> int:
        """How many proposals are open for one environment on GitHub."""
        branch = f"ephemera/{shop.row(pull).namespace}"
        numbers = self.world.query("SELECT number FROM proposals WHERE number IS NOT NULL")
        pulls = [self.pull(int(number)) for (number,) in numbers]
        return sum(each.head_ref == branch and each.state == "open" for each in pulls)

    def audit(self) -> Any:
        """What `ephemera audit verify` says, as JSON. AssertionError where it could not look."""
        done = self.world.ephemera("audit", "verify", "--json")
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)


def waits(shop: Shop, pull: PullRequest) -> bool:
    """The pull request's check run says that it waits for review."""
    checks = shop.checks(pull)
    return bool(checks) and checks[-1].conclusion == "action_required" and "review" in (checks[-1].title or "").lower()


def main_head(world: World) -> str:
    """The followed branch's commit."""
    return remote.git(world, "rev-parse", "main").strip()
