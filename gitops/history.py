"""The followed branch's history, whoever made it: every commit, what it changed, and what its signature was made of.

Read from the blobless clone: of what a commit changed only ids are asked for, so no file is ever fetched. What a
publisher knows stays as it is, as in `drift`.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from gitops.clone import BrokenCloneError, Clone, UnansweredError
from gitops.command import TimedOutError
from gitops.errors import CloneUnusable, RemoteUnavailable, UnknownRevision
from gitops.logged import FORMAT, OPTIONS, Commit, commits_of
from gitops.remote import PEEKED
from gitops.repository import Repository
from gitops.sign_commits import divided, raw_commits
from gitops.text import shown

AT_ONCE = 2000
"""Commits that one git process tells of, so that its deadline is never about the length of a history."""
_REVISION = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True, slots=True)
class History:
    """The history up to one head. Usable within `reading`."""

    clone: Clone
    head: str | None
    """None when there is no such branch, or nothing on it: no proof that there never was."""
    at_once: int = AT_ONCE

    def ids(self, until: str | None = None) -> list[str]:
        """Of all commits, or of `until` and all before it: oldest first, parents before their children."""
        return self._listed(until or self.head) if self.head else []

    def walk(self, since: str | None = None, *, with_signatures: bool = False) -> Iterator[Commit]:
        """Every commit after `since`, a full id of this history, or every one: oldest first, parents before children.

        A merge brings all that it merged. Raises RemoteUnavailable and CloneUnusable.
        """
        if self.head is None:
            return
        ids = self._listed(self.head, *([f"^{since}"] if since else []))
        for start in range(0, len(ids), self.at_once):
            yield from self._told(ids[start : start + self.at_once], with_signatures=with_signatures)

    def resolve(self, revision: str) -> str:
        """The full id of a commit of this history. Raises UnknownRevision where it is none."""
        if self.head is None or not _REVISION.fullmatch(revision):
            raise UnknownRevision(f"looking for {shown(revision)}: give the id of a commit of the followed branch")
        outcome = self.clone.command.run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        found = outcome.output.decode().strip()
        if outcome.status != 0 or not self.clone.descends(self.head, found):
            raise UnknownRevision(
                f"looking for {shown(revision)}: it is not in the followed branch's history, or not the only one that "
                "begins so; give the full id of a commit that `git log` shows there"
            )
        return found

    def _told(self, ids: Sequence[str], *, with_signatures: bool) -> Iterator[Commit]:
        asked = "".join(f"{each}\n" for each in ids).encode()
        output = self._run("log", "--no-walk=unsorted", "--stdin", *OPTIONS, f"--format={FORMAT}", stdin=asked)
        try:
            commits = list(commits_of(output))
            _refuse_others(commits, ids)
            if not with_signatures:
                yield from commits
                return
            for commit, raw in zip(commits, raw_commits(self.clone.command, ids), strict=True):
                payload, signature = divided(raw)
                yield replace(commit, payload=payload, signature=signature)
        except (ValueError, TimedOutError) as error:
            raise BrokenCloneError(str(error)) from error

    def _listed(self, *revisions: str | None) -> list[str]:
        asked = "".join(f"{each}\n" for each in revisions).encode()
        return self._run("rev-list", "--topo-order", "--reverse", "--stdin", stdin=asked).decode().split()

    def _run(self, *arguments: str, stdin: bytes) -> bytes:
        try:
            outcome = self.clone.command.run(*arguments, stdin=stdin)
        except (TimedOutError, OSError) as error:
            raise BrokenCloneError(str(error)) from error
        if outcome.status != 0:
            raise BrokenCloneError(f"git {arguments[0]}: {shown(outcome.complaint)}")
        return outcome.output


def _refuse_others(commits: Sequence[Commit], ids: Sequence[str]) -> None:
    if [commit.sha for commit in commits] != list(ids):
        raise ValueError("git log: it tells of other commits than it was asked for")


@contextmanager
def reading(repository: Repository) -> Iterator[History]:
    """The history as the remote has it now, fetched on entering.

    Raises RemoteUnavailable and Rejected; CloneUnusable where the clone fails, which is made anew by the next call.
    """
    with repository.clone() as clone:
        try:
            yield History(clone, clone.fetch(PEEKED))
        except BrokenCloneError as error:
            repository.discard(clone)
            if isinstance(error, UnansweredError):
                raise RemoteUnavailable(str(error)) from error
            where = repository.remote.url
            raise CloneUnusable(
                f"reading the history of {where}: {error}; the clone is thrown away, try again"
            ) from error


def walk(repository: Repository, since: str | None = None) -> Iterator[Commit]:
    """Every commit of the followed branch, or those after `since`, the id of one; as `History.walk` tells them."""
    with reading(repository) as history:
        yield from history.walk(history.resolve(since) if since else None)
