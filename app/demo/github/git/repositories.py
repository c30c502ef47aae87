"""The bare repositories below one folder, and the lock under which each is changed."""

import threading
from collections import defaultdict
from pathlib import Path

from app.demo.git_backend import git_environment
from app.demo.git_repositories import create_bare, repository_path
from app.demo.github.git.bare import Bare
from app.demo.github.git.protection import install_hook
from app.demo.github.records import Repository


class GitRepositories:
    """Finds the bare repository of a record.

    Who changes refs holds `lock` of the repository, and takes it before the state's lock, never after.
    """

    def __init__(self, root: Path | None) -> None:
        self.root = root.resolve() if root else None
        self.environment = git_environment(self.root) if self.root else {}
        self._bares: dict[int, Bare] = {}
        self._locks: defaultdict[int, threading.RLock] = defaultdict(threading.RLock)
        self._finding = threading.Lock()

    def create(self, full_name: str) -> str:
        """Make a bare repository with a README on `main`; return its path below the root, for the record.

        Raises ValueError when the simulator was started without a folder for them, or for a bad name.
        """
        if self.root is None:
            raise ValueError("the simulator was started without --git-root")
        path = repository_path(self.root, full_name)
        create_bare(self.root, full_name, self.environment, readme=True)
        install_hook(path)
        return str(path.relative_to(self.root))

    def of(self, repository: Repository) -> Bare | None:
        """Return the bare repository behind a record; None for one whose commits are inventions."""
        if repository.bare is None or self.root is None:
            return None
        with self._finding:
            if repository.id not in self._bares:
                path = self.root / repository.bare
                self._bares[repository.id] = Bare(path, self.environment, repository.id)
            return self._bares[repository.id]

    def lock(self, repository: Repository) -> threading.RLock:
        """Return the lock that serializes changes to a repository."""
        with self._finding:
            return self._locks[repository.id]
