"""An environments repository as seen from this machine: the remote, and the cache directory with its clones."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar

from gitops.change import Person, usual_committer
from gitops.clone import BrokenCloneError, Clone, UnansweredError
from gitops.command import TIMEOUT_SECONDS, Command
from gitops.errors import CloneUnusable, RemoteUnavailable
from gitops.remote import Remote
from gitops.signing import Signer

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Repository:
    """A remote and where its clones are kept. Losing the cache costs one clone."""

    remote: Remote
    cache: Path
    timeout_seconds: float = TIMEOUT_SECONDS
    """How long one git command may take."""
    signer: Signer | None = None
    """Who signs every commit that is made; None: nobody."""
    committer: Callable[[], Person] = usual_committer
    """Whom every commit names as its committer; asked when one is made."""

    def use(self, doing: str, work: Callable[[Clone], Result]) -> Result:
        """What `work` returns with a clone, done once more with a new one when that breaks.

        Raises as `work` does, and RemoteUnavailable or CloneUnusable when the new clone fails as well.
        """
        try:
            return self._use_once(work)
        except BrokenCloneError:
            pass  # it was thrown away
        try:
            return self._use_once(work)
        except UnansweredError as error:
            raise RemoteUnavailable(str(error)) from error
        except BrokenCloneError as error:
            raise CloneUnusable(f"{doing} {self.remote.url}: {error}") from error

    @contextmanager
    def clone(self) -> Iterator[Clone]:
        """A clone that no other process uses meanwhile; made now if this cache has none to spare. Raises as
        `Clone.create` does."""
        # A second process gets a second clone instead of waiting: the first may have been stopped, and it is the
        # push that decides who publishes.
        with self._free_directory() as directory:
            clone = Clone(Command(directory, self.timeout_seconds), self.remote, self.signer, self.committer)
            if not directory.exists():
                _create(clone)
            yield clone

    def discard(self, clone: Clone) -> None:
        """Throw the clone away."""
        shutil.rmtree(clone.command.directory, ignore_errors=True)

    def tidy(self, clone: Clone) -> None:
        """Gather what the work with the clone left behind; call it also after work that came to nothing."""
        try:
            clone.tidy()
        except BrokenCloneError:
            self.discard(clone)

    def _use_once(self, work: Callable[[Clone], Result]) -> Result:
        with self.clone() as clone:
            try:
                return work(clone)
            except BrokenCloneError:
                self.discard(clone)
                raise

    @contextmanager
    def _free_directory(self) -> Iterator[Path]:
        home = self.cache / _key(self.remote)
        number, lock = _take_free_number(home)
        try:
            yield home / f"{number}.git"
        finally:
            os.close(lock)


def _take_free_number(home: Path) -> tuple[int, int]:
    """The least number that no process holds, and the open file that now holds it."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        for number in count():
            lock = os.open(home / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
            else:
                return number, lock
    except OSError as error:
        raise CloneUnusable(f"making room for a clone in {home}: {error}") from error
    raise AssertionError("count() never ends")


def _create(clone: Clone) -> None:
    """Make the clone under another name first, so that a process killed meanwhile leaves no half of one."""
    directory = clone.command.directory
    unfinished = directory.with_suffix(".new")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        Clone(Command(unfinished, clone.command.timeout_seconds), clone.remote).create()
        unfinished.rename(directory)
    except OSError as error:
        raise BrokenCloneError(f"making a clone in {directory}: {error}") from error


def _key(remote: Remote) -> str:
    return hashlib.sha256(f"{remote.url}\n{remote.branch}".encode()).hexdigest()[:16]
