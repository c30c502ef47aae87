"""`route`: how what should exist comes into the environments repository: at once, by a proposal, or not for now.

Nothing reaches the followed branch that needs review, unless it is exactly what was proposed and merged.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from app.domain.desired import Absent, Waiting
from app.domain.environment import Environment
from app.domain.proposal import Proposal, ProposalState
from app.domain.review import Requirement


class Way(StrEnum):
    """What to do about an environment that was decided."""

    ACCEPTED = "accepted"
    """Take over what was proposed and merged, or put it back."""
    DIRECT = "direct"
    """Commit what should exist."""
    PROPOSE = "propose"
    HELD = "held"
    """It was refused, and is not asked for again."""
    NOTHING = "nothing"
    """What the followed branch holds stays."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way, and what goes with it."""

    way: Way
    restores: bool = False
    """What is not accepted may lie on the followed branch: put back what was published last."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What should exist, as Git would hold it."""

    tree: str | None
    """Of the folder; None when it should be absent."""
    sync: str | None
    """Blob id of the file beside it."""
    templates: str
    """Their digest."""


def route(environment: Environment, wanted: Rendered, requirement: Requirement, *, is_drifted: bool) -> Route:
    """The way for an environment that should exist, or be gone. `is_drifted`: somebody else changed it in Git."""
    proposal, published = environment.proposal, environment.published
    if proposal is not None and _is_taken_over(environment, proposal, wanted):
        return Route(Way.ACCEPTED)
    is_same = (wanted.tree, wanted.sync) == (published.tree, published.sync)
    if is_same or not requirement.is_required:
        return Route(Way.DIRECT)
    is_spoiled = proposal is not None and proposal.state is ProposalState.SPOILED and not proposal.is_settled
    way = Way.HELD if proposal is not None and proposal.is_refusal else Way.PROPOSE
    return Route(way, restores=is_drifted or is_spoiled)


def route_waiting(environment: Environment, waiting: Waiting, *, is_drifted: bool) -> Route:
    """The way for one whose next commit waits for an approval: what runs stays if it is one of those that may."""
    proposal, kept = environment.proposal, waiting.kept
    is_merged = proposal is not None and _is_unsettled(environment, proposal)
    if is_merged and _may_stay(proposal, kept):
        return Route(Way.ACCEPTED)
    if kept is None:
        return Route(Way.NOTHING, restores=is_merged)
    if environment.published.head_sha not in kept or is_drifted:
        return Route(Way.DIRECT)
    return Route(Way.NOTHING, restores=is_merged)


def is_outdated(environment: Environment, route: Route) -> bool:
    """What is proposed is not to be accepted any more."""
    proposal, desired = environment.proposal, environment.desired
    if proposal is None or proposal.state is not ProposalState.OPEN or route.way is Way.PROPOSE:
        return False
    if isinstance(desired, Waiting) and route.way is Way.NOTHING:
        return desired.kept is not None and proposal.head_sha not in desired.kept
    return True


def _is_taken_over(environment: Environment, proposal: Proposal, wanted: Rendered) -> bool:
    if proposal.state is not ProposalState.MERGED:
        return False
    if proposal.is_wanted:
        return proposal.is_removal or proposal.templates == wanted.templates or not proposal.is_settled
    # Something else was decided since; what was merged is the branch's all the same, until that takes its place.
    return _is_unsettled(environment, proposal) and not isinstance(environment.desired, Absent)


def _is_unsettled(environment: Environment, proposal: Proposal) -> bool:
    is_new = proposal.generation > environment.published.generation
    return proposal.state is ProposalState.MERGED and not proposal.is_settled and is_new


def _may_stay(proposal: Proposal | None, kept: Collection[str] | None) -> bool:
    return proposal is not None and kept is not None and proposal.head_sha in kept
