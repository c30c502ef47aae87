"""A pull request as GitHub describes it now, reduced to what the rules look at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RepositoryRef:
    """A repository on GitHub: the id is its identity, the name only today's address."""

    id: int
    full_name: str
    """`owner/name`."""
    installation_id: int | None = None
    """None where no payload has named the installation yet; it can be looked up."""

    @property
    def owner(self) -> str:
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        return self.full_name.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Author:
    """A GitHub account."""

    id: int
    login: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What `GET /repos/{owner}/{repo}/pulls/{number}` says, at one moment."""

    repository: RepositoryRef
    """The base repository, under its present name."""
    number: int
    title: str
    author: Author
    is_open: bool
    is_merged: bool
    is_draft: bool
    base_ref: str
    head_sha: str
    head_repository_id: int | None
    """None when the fork that the head lay in was deleted."""

    @property
    def is_from_fork(self) -> bool:
        """True also for a deleted fork: its code came from somewhere else."""
        return self.head_repository_id != self.repository.id


@dataclass(frozen=True, slots=True)
class Missing:
    """GitHub let us see the repository and said for certain that it has no such pull request."""
