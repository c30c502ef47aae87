"""What a caller wants an environment's folder to be, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from gitops.fields import is_environment_folder, is_safe_component
from gitops.text import shown
from gitops.tree import tree_id


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a commit names. Odd characters are dropped when it is written."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Change:
    """The state that one environment's folder should have, and the commit's words should it differ.

    Raises ValueError for a folder or file name that is not one plain, known path.
    """

    folder: str
    files: Mapping[str, bytes] | None
    """{file name: content}; None when the folder should be absent."""
    subject: str
    trailers: tuple[tuple[str, str], ...]
    """(name, value), as `Environment: pr-7-shop`; a value may be foreign text."""
    author: Person

    def __post_init__(self) -> None:
        if not is_environment_folder(self.folder):
            raise ValueError(f"folder {shown(self.folder)} is not the folder of an environment")
        if self.files is not None and not self.files:
            raise ValueError(f"no files for folder {shown(self.folder)}; use None to remove it")
        for name in self.files or ():
            if not is_safe_component(name):
                raise ValueError(f"file name {shown(name)} in {shown(self.folder)} is not a plain name")

    @property
    def tree(self) -> str | None:
        """The Git tree id that the folder should have; None when it should be absent."""
        return None if self.files is None else tree_id(self.files)


@dataclass(frozen=True, slots=True)
class Published:
    """The remote's branch holds this now."""

    folder: str
    tree: str | None
    """The folder's tree id; None when it is absent."""
    commit: str | None
    """The commit that changed the folder last; None when no commit ever did."""
    changed: bool
    """Whether that commit was made by this call."""

    @classmethod
    def by(cls, change: Change, commit: str | None, *, changed: bool) -> Self:
        """The change, seen to be there."""
        return cls(change.folder, change.tree, commit, changed)
