"""`pull_request`: something happened to a pull request, so somebody should look at it."""

from app.store.asking import HIGH, LOW, Ask, Receipt
from app.web.doorbell.letter import (
    MAX_NUMBER,
    Letter,
    inner,
    integer,
    repository_of,
    sender_of,
    wrong,
)

ACTIONS = frozenset(
    {
        "opened",
        "reopened",
        "synchronize",
        "closed",
        "labeled",
        "unlabeled",
        "edited",
        "ready_for_review",
        "converted_to_draft",
    }
)
"""What can change whether an environment should exist, or which commit it runs."""


def read(letter: Letter) -> Receipt:
    """The receipt, with the mark that it asks for. Raises Odd."""
    if letter.action is not None and letter.action not in ACTIONS:
        return letter.ignored(f"{letter.action} changes nothing about an environment")
    if letter.action is None and letter.event != "pull_request":
        return letter.ignored("it names no action")
    return letter.asks(_ask(letter))


def _ask(letter: Letter) -> Ask:
    payload, action = letter.payload, letter.action
    if action is None:
        raise wrong("action", payload.get("action"), "one of GitHub's actions of a pull_request event")
    pull_request = inner(payload, "pull_request")
    number = payload.get("number", pull_request.get("number"))
    return Ask(
        repository=repository_of(payload),
        number=integer("number", number, MAX_NUMBER),
        by=sender_of(payload),
        reason=f"pull_request.{action}",
        queue=LOW if action == "closed" else HIGH,
        delivery=letter.delivery,
    )
