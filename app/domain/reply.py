"""What people are told of what they asked for: a sentence or two, in words of ours alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from app.domain.command import (
    Approve,
    Command,
    Destroy,
    Explain,
    Extend,
    Help,
    Pin,
    Recreate,
    Redeploy,
    Rollback,
    Unpin,
)
from app.domain.recorded import Recorded

ONLY_THE_FIRST = "Only the first command of a comment counts."
NO_SUCH_BUTTON = "This button is not known any more; `/ephemera help` lists what works."
PULL_REQUEST_IS_MISSING = "GitHub does not show this pull request any more, so nothing was done."
GAVE_UP = "GitHub could not be asked whether this is allowed, so nothing was done; say it again in a new comment."
_DONE = {
    Redeploy: "It is deployed again.",
    Destroy: "It is removed; `/ephemera deploy` brings it back.",
    Recreate: "It is removed, and then made anew.",
    Unpin: "It follows the pull request again.",
}
NEEDS_NO_APPROVAL = "This pull request comes from the repository itself, so its commits need no approval."


def done(command: Redeploy | Destroy | Recreate | Unpin) -> str:
    """What was set going by a command that has only one meaning."""
    return _DONE[type(command)]


def extended(until: datetime) -> str:
    """What came of `extend`."""
    return f"It stays until {until.day} {until:%B %Y at %H:%M} UTC."


def pinned(sha: str) -> str:
    """What came of `pin`."""
    return f"It stays at commit `{sha[:12]}`, whatever is pushed; `/ephemera unpin` ends that."


def rolled_back(recorded: Recorded, head_sha: str | None) -> str:
    """What came of `rollback`, while the pull request's head is that one."""
    newest = ", the newest of this pull request," if recorded.head_sha == head_sha else " of this pull request"
    return (
        f"It runs commit `{recorded.head_sha[:12]}`{newest} as commit `{recorded.commit[:12]}` of the environments "
        "repository recorded it, whatever is pushed; `/ephemera unpin` ends that."
    )


def approved(sha: str) -> str:
    """What came of `approve`."""
    return f"Commit `{sha[:12]}` may run."


def words(command: Command) -> str:
    """The command as it was understood: `extend 24h`."""
    match command:
        case Extend(duration):
            hours = int(duration.total_seconds()) // 3600
            return f"extend {hours // 24}d" if hours % 24 == 0 and hours > 48 else f"extend {hours}h"
        case Pin(sha):
            return f"pin {sha[:12]}"
        case Rollback(sha):
            return f"rollback {sha[:12]}"
        case Approve(str(sha)):
            return f"approve {sha[:12]}"
        case Redeploy() | Destroy() | Recreate() | Unpin() | Approve() | Explain() | Help():
            return type(command).__name__.lower()
        case _:
            assert_never(command)


def may_not(repository: str) -> str:
    """Why somebody is refused who may not write to the repository."""
    return (
        f"This takes permission to write to `{repository}`; "
        "`/ephemera explain` and `/ephemera help` are open to everybody."
    )


def must_name(head_sha: str) -> str:
    """Why an approval that names no commit is refused: another may have been pushed since it was written."""
    return f"An approval has to name the commit that it is for; say `/ephemera approve {head_sha[:12]}`."


def is_not_the_head(sha: str, head_sha: str) -> str:
    """Why the approval of another commit than the head is refused."""
    return (
        f"Commit `{sha[:12]}` is not the head of this pull request; look at the head, "
        f"then say `/ephemera approve {head_sha[:12]}`."
    )


def is_ambiguous(sha: str) -> str:
    """Why the beginning of an id is refused that several commits share."""
    return f"Several commits of this environment begin with `{sha}`; say the whole id."


def is_unknown(sha: str, known: Sequence[str]) -> str:
    """Why a commit is refused that the environment never had."""
    some = ", ".join(f"`{each[:12]}`" for each in known[:5])
    return (
        f"The environment had no commit `{sha[:12]}`; it had {some}." if some else f"There is no commit `{sha[:12]}`."
    )


def was_never_published(sha: str, known: Sequence[str]) -> str:
    """Why a commit is refused that nothing is recorded of; `known` are some of the environments repository."""
    some = ", ".join(f"`{each[:12]}`" for each in known)
    other = f"say `/ephemera rollback` and one of {some}" if some else "nothing was deployed yet that could run again"
    return f"Nothing is recorded of a commit `{sha[:12]}`; {other}."


def is_unusable(commit: str) -> str:
    """Why a commit is refused whose record today's rules do not take."""
    return f"What is recorded of commit `{commit[:12]}` does not pass today's rules; choose another commit."
