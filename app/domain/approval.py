"""Approvals: whoever may write to a repository lets exactly one commit of a fork run there, for a while."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.command import Source
from app.domain.pull_request import Author, PullRequest

ONCE_MORE = "It was approved once more."
"""Why an approval ended that another one of the same commit took the place of."""

NO_LONGER_WRITES = "Whoever approved it may not write to the repository any more."
TOKEN_IS_GONE = "The API token that approved it may not act any more."  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody let this commit run. Times are aware and UTC."""

    id: int
    sha: str
    """In full; an approval of a shortened one would be an approval of several."""
    approver: Author
    source: Source
    at: datetime
    retracted_why: str | None = None
    """A sentence; None while nobody took it back."""

    def stands(self, lasts: timedelta, now: datetime) -> bool:
        """The commit may run by it at `now`."""
        return self.retracted_why is None and now < self.at + lasts


def standing(approvals: Iterable[Approval], sha: str, lasts: timedelta, now: datetime) -> Approval | None:
    """The approval by which the commit may run at `now`."""
    return next((each for each in approvals if each.sha == sha and each.stands(lasts, now)), None)


def objection(approver: Author, pull_request: PullRequest) -> str | None:
    """Why the account may not approve commits of the pull request, whatever it may do otherwise; None where it may.

    GitHub names the accounts of Apps `name[bot]`, and lets nobody else have brackets in a login.
    """
    if approver.login.endswith("[bot]"):
        return "A bot approved it."
    if approver.id == pull_request.author.id:
        return "The author of the pull request approved it; somebody else has to."
    return None
