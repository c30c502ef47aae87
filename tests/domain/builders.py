"""Values for the tests of the rules, each one small change away from an ordinary pull request."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.desire import Place
from app.domain.desired import Absent, Present
from app.domain.environment import Asked, Environment, Published
from app.domain.health import Health, Phase, Problem, Workload
from app.domain.proposal import Proposal, ProposalState
from app.domain.pull_request import Author, PullRequest, RepositoryRef
from app.domain.teardown import Teardown
from gitops.spec import Spec

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SHA = "0123456" + "a" * 33
OLD_SHA = "f" * 40
GRACE = Author(2, "grace")
"""Somebody else than the author of that pull request."""
SHOP = RepositoryRef(7, "Acme/Shop", 70)
PLACE = Place("pr-42-shop", "environments/default/Acme/Shop/pr-42-shop", "pr-42-shop.preview.test", "default")


def pull_request(**changes: Any) -> PullRequest:
    """An open pull request from a branch of the repository itself."""
    ordinary = PullRequest(
        repository=SHOP,
        number=42,
        title="Sell more",
        author=Author(1, "ada"),
        is_open=True,
        is_merged=False,
        is_draft=False,
        base_ref="main",
        head_sha=SHA,
        head_repository_id=SHOP.id,
    )
    return replace(ordinary, **changes)


def spec(**changes: Any) -> Spec:
    """The spec of that pull request's environment."""
    ordinary = Spec(
        cluster="default",
        namespace=PLACE.namespace,
        folder=PLACE.folder,
        owner="Acme",
        repository="Shop",
        number=42,
        head_sha=SHA,
        image=f"ghcr.io/acme/shop:{SHA}",
        port=8080,
        host=PLACE.host,
    )
    return replace(ordinary, **changes)


def environment(**changes: Any) -> Environment:
    """The row of that pull request, decided and published a minute ago, with nothing seen yet."""
    ordinary = Environment(
        id=5,
        repository=SHOP,
        number=42,
        place=PLACE,
        asked=Asked(3, "ada", "pull_request.synchronize", "d-1"),
        decided_generation=3,
        desired=Present(spec()),
        desired_generation=3,
        desired_at=NOW - timedelta(minutes=2),
        notice=None,
        commit_sha=SHA,
        was_ready=False,
        published=Published(3, "b" * 40, "c" * 40, NOW - timedelta(minutes=1), ("Deployment/web",)),
        health=None,
        observed_at=None,
    )
    return replace(ordinary, **changes)


def proposal(**changes: Any) -> Proposal:
    """The proposal of that change, opened half a minute ago and waiting for people."""
    ordinary = Proposal(
        id=3,
        state=ProposalState.OPEN,
        number=12,
        generation=3,
        is_wanted=True,
        is_removal=False,
        is_settled=False,
        merged_by_us=False,
        proposed_at=NOW - timedelta(seconds=30),
        head_sha=SHA,
        url="https://github.com/acme/environments/pull/12",
        tree="b" * 40,
    )
    return replace(ordinary, **changes)


def removed(**changes: Any) -> Environment:
    """The row of a closed pull request, whose folder left Git a minute ago."""
    gone = environment(
        desired=Absent("The pull request was closed.", is_closed=True),
        published=Published(3, None, "c" * 40, NOW - timedelta(minutes=1)),
        teardown=teardown(),
    )
    return replace(gone, **changes)


def teardown(*left: str) -> Teardown:
    """The removal a minute ago of an environment that lived for two hours; `left` is what lists still show of it,
    all of it where nothing is given."""
    removed_at = NOW - timedelta(minutes=1)
    begun = Teardown(
        removed_commit="d" * 40,
        removed_at=removed_at,
        made_commit="c" * 40,
        made_at=removed_at - timedelta(hours=2),
        objects=("Deployment/web", "Namespace/pr-42-shop", "Service/web"),
    ).seen(("Namespace/pr-42-shop", "Application/pr-42-shop"), removed_at)
    return begun.seen(left, removed_at + timedelta(seconds=6)) if left else begun


def torn_down() -> Teardown:
    """The same, confirmed gone."""
    return teardown().seen((), NOW - timedelta(seconds=54))


def health(*workloads: Workload, phase: Phase = Phase.ACTIVE) -> Health:
    """A namespace with these workloads."""
    return Health(phase, tuple(workloads))


def web(*, ready: bool = True, sha: str | None = SHA, generation: int = 0, problem: Problem | None = None) -> Workload:
    """The Deployment that an environment runs."""
    return Workload("Deployment/web", sha, generation, ready, problem)
