"""What people ask for: `/ephemera extend 24h` in a comment, a button below a check run, a call of the API.

A comment is a command only where nobody can doubt that its author meant it as one: on a line of its own, and neither
quoted, nor code, nor in an HTML comment (`spoken`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.domain.pull_request import Author, RepositoryRef
from app.domain.spoken import plain_lines

KEPT_BY_BUTTON = timedelta(hours=24)
"""How much longer the button keeps an environment."""
SHORTEST_EXTENSION = timedelta(hours=1)
LONGEST_EXTENSION = timedelta(days=14)


class Source(StrEnum):
    """By what somebody asked."""

    COMMENT = "comment"
    BUTTON = "button"
    REREQUEST = "rerequest"
    API = "api"


@dataclass(frozen=True, slots=True)
class CommandBell:
    """Somebody asked for something on GitHub: who, and where to read what. Nothing of it is done before it is read."""

    source: Source
    repository: RepositoryRef
    actor: Author
    digest: bytes
    """SHA-256 of what makes it one command: the comment's id, or the whole signed body of a button."""
    number: int | None = None
    """The pull request that the comment stands on."""
    comment_id: int | None = None
    words: str | None = None
    """What the comment said, as in `Said`: an edit within the same second shows in nothing else."""
    environment_id: int | None = None
    """Whose check run it is; believed only where the environment is one of the repository."""
    head_sha: str | None = None
    """The head of the check run; where there is no environment, of all that are to be deployed again."""
    identifier: str | None = None
    """Which button."""


@dataclass(frozen=True, slots=True)
class Redeploy:
    """The same commit again, also where the environment was removed on request or has expired."""


@dataclass(frozen=True, slots=True)
class Destroy:
    """Removal, though the pull request is open."""


@dataclass(frozen=True, slots=True)
class Recreate:
    """Removal, and then everything anew."""


@dataclass(frozen=True, slots=True)
class Extend:
    """To be kept for so long from now."""

    duration: timedelta


@dataclass(frozen=True, slots=True)
class Pin:
    """To run this commit, whatever is pushed."""

    sha: str
    """The commit's id or the beginning of it, at least 7 characters, in lower case."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """To run what was recorded of an earlier commit, whatever is pushed."""

    sha: str
    """As in Pin, of the pull request or of the environments repository."""


@dataclass(frozen=True, slots=True)
class Unpin:
    """To run the pull request's head again."""


@dataclass(frozen=True, slots=True)
class Approve:
    """This commit of a fork may run."""

    sha: str | None
    """As in Pin; None where the comment named none."""


@dataclass(frozen=True, slots=True)
class Explain:
    """To be told why the environment is as it is."""


@dataclass(frozen=True, slots=True)
class Help:
    """To be told what can be said."""


Command = Redeploy | Destroy | Recreate | Extend | Pin | Rollback | Unpin | Approve | Explain | Help


@dataclass(frozen=True, slots=True)
class Mistake:
    """Somebody meant a command, and this is what is wrong with it: one sentence that says what would work."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a comment asks for."""

    command: Command | Mistake
    words: str
    """As it was written, cut; empty where it cannot be shown."""
    has_more: bool
    """Further commands followed, and are not heeded."""


_LINE = re.compile(r"/ephemera(?![\w/.-])(.*)", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(r"[ -~\t]*")
_DISORDER = re.compile("[\x00\u202a-\u202e\u2066-\u2069]")
"""What changes the order in which characters are shown, so that people and programs read different lines."""
_WORD = re.compile(r"[a-z]{1,20}")
_SHA = re.compile(r"[0-9a-f]{7,64}")
_DURATION = re.compile(r"([1-9][0-9]{0,3})([hd])")
_SIMPLE: Mapping[str, Command] = {
    "deploy": Redeploy(),
    "redeploy": Redeploy(),
    "destroy": Destroy(),
    "recreate": Recreate(),
    "unpin": Unpin(),
    "explain": Explain(),
    "help": Help(),
}
_SHOWN = 40
_UNSEEN = "The command holds characters that cannot be seen or are not plain ASCII; type it by hand in a new comment."


def parse(text: str) -> Said | None:
    """What the text of a comment asks for; None where it asks for nothing."""
    lines = [match[1] for line in plain_lines(text) if (match := _LINE.fullmatch(line))]
    if not lines:
        return None
    has_more = len(lines) > 1
    if _DISORDER.search(text) or not _PLAIN.fullmatch(lines[0]):
        return Said(Mistake(_UNSEEN), "", has_more)
    words = lines[0].lower().split()
    return Said(_command(words), " ".join(words)[:_SHOWN], has_more)


def pressed(identifier: str, head_sha: str) -> Command | None:
    """What a button of the commit's check run asks for; None where we have no such button."""
    match identifier:
        case "extend":
            return Extend(KEPT_BY_BUTTON)
        case "approve":
            return Approve(head_sha)
        case "redeploy" | "destroy" | "recreate":
            return _SIMPLE[identifier]
        case _:
            return None


def name(command: Command) -> str:
    """What history calls it: `extend`."""
    return type(command).__name__.lower()


def changes_something(command: Command) -> bool:
    """Whoever asks for it needs permission."""
    return not isinstance(command, Explain | Help)


def duration_of(text: str) -> timedelta | None:
    """The length of `24h` or `3d`, from an hour to 14 days; None for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    length = timedelta(hours=int(match[1])) if match[2] == "h" else timedelta(days=int(match[1]))
    return length if SHORTEST_EXTENSION <= length <= LONGEST_EXTENSION else None


def _command(words: Sequence[str]) -> Command | Mistake:
    verb, rest = (words[0], words[1:]) if words else ("help", ())
    if verb in _ARGUED:
        return _ARGUED[verb](rest)
    if verb not in _SIMPLE:
        known = f"There is no command `{verb}`" if _WORD.fullmatch(verb) else "That is no command"
        return Mistake(f"{known}; `/ephemera help` lists what works.")
    return Mistake(f"`{verb}` takes nothing more; say `/ephemera {verb}`.") if rest else _SIMPLE[verb]


def _extend(rest: Sequence[str]) -> Command | Mistake:
    length = duration_of(rest[0]) if len(rest) == 1 else None
    if length is None:
        return Mistake("`extend` takes a time from `1h` to `14d`; say `/ephemera extend 24h`.")
    return Extend(length)


def _pin(rest: Sequence[str]) -> Command | Mistake:
    if len(rest) == 1 and _SHA.fullmatch(rest[0]):
        return Pin(rest[0])
    return Mistake("`pin` takes a commit by at least 7 characters of its id; say `/ephemera pin abc1234`.")


def _rollback(rest: Sequence[str]) -> Command | Mistake:
    if len(rest) == 1 and _SHA.fullmatch(rest[0]):
        return Rollback(rest[0])
    return Mistake("`rollback` takes a commit by at least 7 characters of its id; say `/ephemera rollback abc1234`.")


def _approve(rest: Sequence[str]) -> Command | Mistake:
    if not rest:
        return Approve(None)
    if len(rest) == 1 and _SHA.fullmatch(rest[0]):
        return Approve(rest[0])
    return Mistake("`approve` takes a commit by at least 7 characters of its id; say `/ephemera approve abc1234`.")


_ARGUED: Mapping[str, Callable[[Sequence[str]], Command | Mistake]] = {
    "extend": _extend,
    "pin": _pin,
    "rollback": _rollback,
    "approve": _approve,
}
