"""What a caller wants an environment's folder to be, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from gitops.fields import is_bootstrap_folder, is_environment_folder, is_safe_component
from gitops.syncs import sync_path
from gitops.text import shown
from gitops.tree import blob_id, tree_id


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a commit names. Odd characters are dropped when it is written."""

    name: str
    email: str


def noreply(login: str, account_id: int | None = None, host: str = "users.noreply.github.com") -> Person:
    """A GitHub account under its no-reply address (https://docs.github.com/en/account-and-profile/reference/
    email-addresses-reference#your-noreply-email-address); without its id, the older form of that."""
    return Person(login, f"{account_id}+{login}@{host}" if account_id else f"{login}@{host}")


COMMITTER = Person("Ephemera", "ephemera@localhost")
"""Who commits, where nobody else is named."""


def usual_committer() -> Person:
    """Ephemera, without a GitHub App."""
    return COMMITTER


AUTHOR = Person("Ephemera", "noreply@ephemera.dev")
"""Whom commits name that no person caused."""


@dataclass(frozen=True, slots=True)
class Change:
    """The state that one environment should have in Git, and the commit's words should it differ.

    A folder of manifests that connect a cluster can be written the same way; it has neither `sync` nor a ref. Raises
    ValueError for a folder or file name that is not one plain, known path.
    """

    folder: str
    """An environment's, or `bootstrap/<cluster>`."""
    files: Mapping[str, bytes] | None
    """{file name: content}; None when the folder should be absent."""
    subject: str
    trailers: tuple[tuple[str, str], ...]
    """(name, value), as `Environment: pr-7-shop`; a value may be foreign text."""
    author: Person
    sync: bytes | None = None
    """The content of the file beside the folder by which its syncer follows the environment, as `syncs` renders it;
    None when there should be none, also where one is left from another syncer."""
    keep: bytes | None = None
    """The content of the file that keeps the folder of such files in being; None where no syncer needs it."""
    follows_ref: bool = False
    """Whether its syncer follows the environment's own ref: at the commit that changed folder or file last, and gone
    with the folder. Where it follows the branch, a ref goes when the file does, and is not looked for otherwise."""

    def __post_init__(self) -> None:
        is_environment = is_environment_folder(self.folder)
        if not is_environment and not is_bootstrap_folder(self.folder):
            raise ValueError(f"folder {shown(self.folder)} is not the folder of an environment")
        if self.sync is not None and (not is_environment or self.files is None):
            raise ValueError(f"a file that follows {shown(self.folder)}, where there is no environment")
        if self.follows_ref and not is_environment:
            raise ValueError(f"a ref of {shown(self.folder)}, which is no environment")
        if self.files is not None and not self.files:
            raise ValueError(f"no files for folder {shown(self.folder)}; use None to remove it")
        for name in self.files or ():
            if not is_safe_component(name):
                raise ValueError(f"file name {shown(name)} in {shown(self.folder)} is not a plain name")

    @property
    def tree(self) -> str | None:
        """The Git tree id that the folder should have; None when it should be absent."""
        return None if self.files is None else tree_id(self.files)

    @property
    def contents(self) -> Mapping[str, str | None]:
        """{path: Git id, None when absent}: the folder and, for an environment, the file beside it."""
        if (path := self.sync_path) is None:
            return {self.folder: self.tree}
        return {self.folder: self.tree, path: self.sync_blob}

    @property
    def sync_blob(self) -> str | None:
        """The Git blob id of the file beside the folder; None when there should be none."""
        return None if self.sync is None else blob_id(self.sync)

    @property
    def sync_path(self) -> str | None:
        """Where the file beside an environment's folder lies."""
        return sync_path(self.folder) if is_environment_folder(self.folder) else None

    @property
    def namespace(self) -> str:
        """The environment's one name, with which its folder ends."""
        return self.folder.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Published:
    """The remote's branch holds this now."""

    folder: str
    tree: str | None
    """The folder's tree id; None when it is absent."""
    commit: str | None
    """The commit that changed the folder, or the file beside it, last; None when no commit ever did."""
    changed: bool
    """Whether that commit was made by this call."""
    moved: bool = False
    """Whether this call moved or removed the environment's own ref: with its commit, or because it was not there."""
