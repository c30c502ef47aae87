"""What happens in the environments repository: a proposal was reviewed, merged, closed or changed. It never makes an
environment, and nothing said there is a command.
"""

from dataclasses import replace
from typing import Any

from app.domain.review import BRANCHES
from app.store.asking import Receipt
from app.web.doorbell import installations
from app.web.doorbell.letter import MARKED, MAX_NUMBER, Letter, inner, integer, repository_of, wrong

ACTIONS = frozenset(
    {
        "closed",
        "reopened",
        "synchronize",
        "ready_for_review",
        "converted_to_draft",
        "auto_merge_enabled",
        "enqueued",
        "dequeued",
        "submitted",
        "dismissed",
    }
)
"""What can change where a proposal stands, of `pull_request` and `pull_request_review`. Most of the others are what
Ephemera does itself: opening it, wording it, labelling it."""

_ABOUT = "it is about the environments repository"


def is_there(letter: Letter, environments: str) -> bool:
    """It is about the repository `environments`, `owner/name` in any case."""
    repository = letter.payload.get("repository")
    name = repository.get("full_name") if isinstance(repository, dict) else None
    return isinstance(name, str) and name.lower() == environments.lower()


def read(letter: Letter) -> Receipt:
    """The receipt of whatever is about that repository. Raises Odd."""
    if letter.is_about("pull_request"):
        return _proposal(letter)
    if letter.event in installations.ACTIONS:
        return installations.read(letter)
    return letter.ignored(_ABOUT)


def _proposal(letter: Letter) -> Receipt:
    if letter.action not in ACTIONS and not _is_retargeted(letter):
        return letter.ignored(f"{_ABOUT}, and {letter.action or 'no action'} decides nothing about a proposal")
    pull_request = inner(letter.payload, "pull_request")
    if not _is_ours(letter, pull_request):
        return letter.ignored(f"{_ABOUT}, and no branch of a proposal")
    number = integer("pull_request.number", pull_request.get("number"), MAX_NUMBER)
    kept = letter.ignored(f"proposal {number} is looked at")
    return replace(kept, outcome=MARKED, proposal=number)


def _is_retargeted(letter: Letter) -> bool:
    """Its base was changed (https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request, edited)."""
    changes = letter.payload.get("changes")
    return letter.action == "edited" and isinstance(changes, dict) and "base" in changes


def _is_ours(letter: Letter, pull_request: Any) -> bool:
    """Its head is a proposal's branch, and lies in the repository itself."""
    head = inner(pull_request, "head")
    branch, repository = head.get("ref"), head.get("repo")
    if not isinstance(branch, str):
        raise wrong("pull_request.head.ref", branch, "the name of a branch")
    is_here = isinstance(repository, dict) and repository.get("id") == repository_of(letter.payload).id
    return is_here and branch.startswith(BRANCHES)
