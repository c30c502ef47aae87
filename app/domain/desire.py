"""`desire`: what should exist for a pull request. A table; the first rule that answers wins.

A new rule is one function, one line in RULES and one row in its test. The reason is what people read on the pull
request, so it is written for its author.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from app.domain.desired import Absent, Decision, Keep, Present, Waiting
from app.domain.policy import Policy
from app.domain.pull_request import Missing, PullRequest
from gitops.spec import Spec


@dataclass(frozen=True, slots=True)
class Place:
    """Where an environment lives: allocated once, kept for life."""

    namespace: str
    folder: str
    host: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What people asked for beyond the pull request itself."""

    redeploys: int = 0
    """How often somebody asked for the same commit again."""
    is_stopped: bool = False
    """Somebody had the environment removed while the pull request is open."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything the rules may look at."""

    pull_request: PullRequest
    policy: Policy
    place: Place
    wish: Wish


Rule = Callable[[Situation], Decision | None]


def desire(found: PullRequest | Missing, policy: Policy, place: Place, wish: Wish) -> Decision:
    """What should exist now for what GitHub says now."""
    if isinstance(found, Missing):
        return Keep("GitHub no longer shows this pull request. Nothing was removed: a person should look.")
    situation = Situation(found, policy, place, wish)
    for rule in RULES:
        if (decision := rule(situation)) is not None:
            return decision
    return Present(_spec(situation))


def _closed(situation: Situation) -> Decision | None:
    if situation.pull_request.is_open:
        return None
    how = "merged" if situation.pull_request.is_merged else "closed"
    return Absent(f"The pull request was {how}.", is_closed=True)


def _stopped(situation: Situation) -> Decision | None:
    return Absent("It was removed on request. A redeploy brings it back.") if situation.wish.is_stopped else None


def _fork(situation: Situation) -> Decision | None:
    if not situation.pull_request.is_from_fork:
        return None
    return Waiting(
        "The commits come from a fork. They do not run before somebody who may write here has approved them."
    )


def _draft(situation: Situation) -> Decision | None:
    if not situation.pull_request.is_draft:
        return None
    return Absent("The pull request is a draft. It gets an environment when it is ready for review.")


def _base_branch(situation: Situation) -> Decision | None:
    base = situation.pull_request.base_ref
    if any(fnmatchcase(base, pattern) for pattern in situation.policy.base_branches):
        return None
    wanted = ", ".join(situation.policy.base_branches)
    return Absent(f"Environments are made for pull requests into {wanted} only; this one goes elsewhere.")


RULES: tuple[Rule, ...] = (_closed, _stopped, _fork, _draft, _base_branch)


def _spec(situation: Situation) -> Spec:
    pull_request, policy, place = situation.pull_request, situation.policy, situation.place
    repository = pull_request.repository
    return Spec(
        cluster=place.cluster,
        namespace=place.namespace,
        folder=place.folder,
        owner=repository.owner,
        repository=repository.name,
        number=pull_request.number,
        head_sha=pull_request.head_sha,
        image=image_of(policy.image, pull_request),
        port=policy.port,
        host=place.host,
        generation=situation.wish.redeploys,
        ingress_namespace=policy.cluster_named(place.cluster).ingress_namespace,
        web_url=policy.web_url,
    )


def image_of(pattern: str, pull_request: PullRequest) -> str:
    """The image reference that a pattern gives. Registries want lower case, so the name parts are lower-cased."""
    return pattern.format(
        owner=pull_request.repository.owner.lower(),
        repository=pull_request.repository.name.lower(),
        head_sha=pull_request.head_sha,
        number=pull_request.number,
    )
