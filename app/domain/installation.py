"""The App's installations as GitHub shows them, and what that says about a repository."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from app.domain.pull_request import RepositoryRef


@dataclass(frozen=True, slots=True)
class Installation:
    """The App at one account, as GitHub has it now."""

    id: int
    account: str
    is_suspended: bool
    permissions: Mapping[str, str]
    """What it grants: `{"checks": "write"}`."""
    repositories: tuple[RepositoryRef, ...] | None
    """All that it covers; None where they could not be listed, which says nothing about any of them."""


class Sight(Enum):
    """What the App sees of a repository."""

    SEEN = auto()
    SUSPENDED = auto()
    """Its account suspended the App."""
    REMOVED = auto()
    """Its account has the App, for other repositories; or it was deleted, or transferred out of reach."""
    UNINSTALLED = auto()
    """Its account does not have the App any more."""
    UNCERTAIN = auto()
    """Nothing that GitHub showed tells."""


def covered(installations: Collection[Installation]) -> Mapping[int, RepositoryRef]:
    """Repository id -> the repository under its present name and installation, for all that the App sees."""
    return {repository.id: repository for one in installations for repository in one.repositories or ()}


def sight(repository: RepositoryRef, installations: Mapping[int, Installation]) -> Sight:
    """What the App sees of a repository that is not `covered`, going by the installation that it last belonged to."""
    if repository.installation_id is None:
        return Sight.UNCERTAIN
    own = installations.get(repository.installation_id)
    if own is None:
        return Sight.UNINSTALLED
    if own.is_suspended:
        return Sight.SUSPENDED
    return Sight.UNCERTAIN if own.repositories is None else Sight.REMOVED


def why_kept(repository: RepositoryRef, seen: Sight) -> str:
    """Why its environments stay as they are, for whoever has to decide about them.

    Never that the repository is gone: an App that was taken off a repository sees no more of it than of a deleted one.
    """
    match seen:
        case Sight.SUSPENDED:
            return f"The App is suspended at {repository.owner}. {_kept('end the suspension')}"
        case Sight.UNINSTALLED:
            return f"The App was removed from {repository.owner}. {_kept('install the App again')}"
        case _:
            return f"The App was removed from {repository.full_name}. {_kept('install the App there again')}"


def _kept(otherwise: str) -> str:
    return f"This environment was kept: destroy it through the API, or {otherwise} and it goes on."
