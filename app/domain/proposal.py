"""A proposal: the change of one environment as a pull request on the environments repository, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ProposalState(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    """It waits to be opened, reviewed or merged."""
    MERGED = "merged"
    """What was merged is what was proposed, or passed the same checks: accepted."""
    REFUSED = "refused"
    """A person closed it."""
    WITHDRAWN = "withdrawn"
    """Ephemera closed it: nothing is to be accepted any more."""
    SPOILED = "spoiled"
    """What was merged is not what was proposed, and must not run: it is put back."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An environment's newest proposal, as status and texts see it. Times are aware and UTC."""

    id: int
    state: ProposalState
    number: int | None
    """The pull request on the environments repository; None until it was opened."""
    generation: int
    """`decided_generation` of what is proposed."""
    is_wanted: bool
    """What is proposed is what should be: False once something else was decided."""
    is_removal: bool
    is_settled: bool
    """What was merged was taken over."""
    merged_by_us: bool
    """Ephemera merges it as soon as GitHub allows; else people do."""
    proposed_at: datetime
    head_sha: str | None
    """The pull request's commit that is proposed; None for a removal."""
    url: str | None = None
    """Where people see it; None until it was opened."""
    problems: tuple[str, ...] = ()
    """Why what its branch holds now may not be merged."""
    trouble: str | None = None
    """Why it could not be proposed."""
    decided_at: datetime | None = None
    decided_by: str | None = None
    """A login."""
    decided_words: str | None = None
    """The last comment before it was closed; foreign text."""
    templates: str = ""
    """The digest of those that it was rendered with."""
    tree: str | None = None
    """Git tree id of what is proposed; None for a removal."""
    sync: str | None = None
    """Git blob id of the file beside it; None where there is none."""

    @property
    def awaits_review(self) -> bool:
        """What should be waits for people."""
        return self.state is ProposalState.OPEN and self.is_wanted

    @property
    def is_refusal(self) -> bool:
        """What should be was refused, and is not asked for again."""
        return self.state is ProposalState.REFUSED and self.is_wanted
