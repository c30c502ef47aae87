"""`installation`, `installation_repositories`, `repository`: where the App is, and what repositories are called.

They ask for a look at all installations, which finds out by itself what has changed. So the event's name, which nobody
signed, may tell them from others here: at worst it is looked once too often.
"""

from collections.abc import Mapping

from app.store.asking import Receipt
from app.web.doorbell.letter import MARKED, Letter

ACTIONS: Mapping[str, frozenset[str]] = {
    "installation": frozenset({"created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"}),
    "installation_repositories": frozenset({"added", "removed"}),
    "repository": frozenset({"renamed", "transferred", "deleted", "privatized"}),
}
"""By event."""


def read(letter: Letter) -> Receipt:
    """The receipt of everything that is about no pull request, comment or check."""
    if letter.action in ACTIONS.get(letter.event, ()):
        reason = "the App's installations are looked at again"
        return Receipt(letter.delivery, letter.event, letter.action, letter.body, MARKED, reason)
    if letter.event in ACTIONS:
        return letter.ignored(f"{letter.action or 'no action'} changes nothing about what the App sees")
    return letter.ignored("it is not about one pull request")
