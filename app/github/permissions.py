"""What a token is asked for: no more than its use needs, of what `app.domain.permissions` has the App be granted.

https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.permissions import lacking, needed


@dataclass(frozen=True, slots=True)
class Use:
    """What a token is for."""

    name: str
    permissions: Mapping[str, str] = field(hash=False)
    """`{"checks": "write"}`."""


LISTING = Use("listing", {"metadata": "read", "pull_requests": "read"})
"""Looking over a whole installation; a token for each of its repositories would cost a call each."""
PUSHING = Use("pushing", {"metadata": "read", "contents": "write"})
"""Git, in the environments repository."""
REVIEWING = Use(
    "reviewing",
    {"metadata": "read", "contents": "write", "pull_requests": "write", "checks": "write", "issues": "write"},
)
"""Pull requests on the environments repository; to merge one needs what pushing needs."""


def speaking(*, sets_statuses: bool) -> Use:
    """Reading and answering pull requests, in one token, since each token costs a call."""
    return Use("speaking", needed(with_statuses=sets_statuses, with_contents=False))


def within(wanted: Mapping[str, str], granted: Mapping[str, str]) -> dict[str, str]:
    """As much of `wanted` as is granted; to read metadata always is."""
    lacks = lacking(wanted, granted)
    levels = {name: granted.get(name) if name in lacks else level for name, level in wanted.items()}
    return {"metadata": "read"} | {name: level for name, level in levels.items() if level in ("read", "write")}


def words(permissions: Mapping[str, str]) -> str:
    """`checks: write, issues: write`; empty for none."""
    return ", ".join(f"{name}: {level}" for name, level in permissions.items())
