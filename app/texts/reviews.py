"""What people are told of the proposal that an environment's change waits for: its name, its link, what they said."""

import re
from dataclasses import dataclass

from app.domain.environment import Environment
from app.domain.markdown import Markdown, code
from app.domain.proposal import Proposal
from app.texts.times import spoken_time

MAX_WORDS = 500
"""Characters of somebody's last words that are quoted."""

_URL = re.compile(r"https?://[\w.:-]+/(?:[\w.-]+/)*?([\w.-]+/[\w.-]+)/pull/([0-9]+)", re.ASCII)
"""Of a pull request (https://docs.github.com/en/rest/pulls/pulls, `html_url`): nothing in it can be live."""


@dataclass(frozen=True, slots=True)
class Review:
    """A change that waits for review, or was refused, as a template tells it."""

    proposal: Proposal
    since: Markdown
    """When it was proposed."""

    @property
    def is_refused(self) -> bool:
        """People said no."""
        return self.proposal.is_refusal

    @property
    def is_open(self) -> bool:
        """There is a pull request to look at."""
        return self.proposal.number is not None

    @property
    def name(self) -> Markdown:
        """`acme/environments#12`, in plain text."""
        return proposal_name(self.proposal)

    @property
    def link(self) -> Markdown:
        """The same, as a link where it is known where to."""
        url = self.proposal.url
        return Markdown(f"[{self.name}]({url})") if url and _URL.fullmatch(url) else self.name

    @property
    def by(self) -> str:
        """Who refused it: foreign text."""
        return self.proposal.decided_by or "somebody"

    @property
    def at(self) -> Markdown | None:
        """When they did."""
        return spoken_time(self.proposal.decided_at) if self.proposal.decided_at is not None else None

    @property
    def words(self) -> Markdown | None:
        """What they said last, in a quote block; None where they said nothing."""
        return quote(self.proposal.decided_words or "", MAX_WORDS)


def review(environment: Environment) -> Review | None:
    """The change that waits for review, or was refused; None where neither is so."""
    proposal = environment.in_review
    if proposal is None:
        return None
    return Review(proposal, spoken_time(max(proposal.proposed_at, environment.desired_at or proposal.proposed_at)))


def proposal_name(proposal: Proposal) -> Markdown:
    """`acme/environments#12`, or `proposal 12` where its address does not tell the repository."""
    found = _URL.fullmatch(proposal.url or "")
    if found is not None:
        return Markdown(f"{found[1]}#{found[2]}")
    return Markdown("its proposal" if proposal.number is None else f"proposal {proposal.number}")


def quote(text: str, max_characters: int) -> Markdown | None:
    """The text in a quote block, each line a code span, so that nothing in it is live; None where it is blank."""
    kept = text if len(text) <= max_characters else f"{text[: max_characters - 1]}…"
    lines = [line.strip() for line in kept.splitlines() if line.strip()]
    longest = 4 * max_characters
    """A character is at most so many bytes of UTF-8: nothing is cut a second time."""
    return Markdown("\n".join(f"> {code(line, longest)}" for line in lines)) if lines else None
