"""A bare clone without file contents: a cache of the remote's commits and folders, thrown away when it breaks.

It is as large as the commits and folders, and publishing reads only the folders on the way to the changed ones, so
that neither grows with what lies beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from subprocess import Popen

from gitops.change import Change
from gitops.command import Command, Outcome, TimedOutError
from gitops.commits import answered_tree, import_stream, question
from gitops.errors import PublishError, Rejected, RemoteUnavailable
from gitops.reach import is_forbidden
from gitops.remote import TRACKED, Remote
from gitops.text import single_line

_PACK_LIMIT = 50


class BrokenCloneError(PublishError):
    """The clone itself fails: it is corrupt, locked by a process that died, or its disk is full."""


class UnansweredError(BrokenCloneError):
    """A transfer failed though the remote is there: its answer was lost, or the clone cannot be read."""


class Answer(Enum):
    """What the remote said to a push."""

    TAKEN = auto()
    REFUSED = auto()
    """The branch is not where we saw it, or a hook or rule says no."""


@dataclass(frozen=True, slots=True)
class Push:
    """A push that was answered."""

    answer: Answer
    words: str
    """What was said to it, for people."""


@dataclass(frozen=True, slots=True)
class Clone:
    """The clone in `command.directory`; one process uses it at a time."""

    command: Command
    remote: Remote

    def create(self) -> None:
        """Make the clone anew in its directory, which must not exist, also of a repository that holds nothing yet."""
        self.command.directory.mkdir(parents=True)
        self._local("init", "--quiet", "--bare", "--template=")
        self.fetch()

    def head(self) -> str | None:
        """The remote branch's head as we last saw it; None when there was no such branch."""
        # The file itself, for a process would cost as much as the import. The clone is ours, so are its ref files:
        # gitrepository-layout(5). Nothing packs them here.
        try:
            return (self.command.directory / TRACKED).read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise BrokenCloneError(f"reading {TRACKED}: {error}") from error

    def commit(self, head: str | None, changes: Sequence[Change]) -> list[str | None]:
        """Make a commit for each change that `head` does not hold yet, the first on `head`, each on the one before.

        Returns the commit of each change; None where the folder is already so. Nothing else refers to the commits.
        """
        try:
            with self.command.talk("fast-import", "--quiet", "--force", "--date-format=now", "--done") as git:
                differing = [change for change in changes if self._ask(git, head, change) != change.tree]
                output, complaint = git.communicate(import_stream(head, differing))
        except (OSError, ValueError) as error:
            raise BrokenCloneError(f"git fast-import: {error}") from error
        if git.returncode != 0:
            raise BrokenCloneError(f"git fast-import: {single_line(complaint.decode(errors='replace'))}")
        made = dict(zip((change.folder for change in differing), output.decode().split(), strict=True))
        return [made.get(change.folder) for change in changes]

    def push(self, commit: str, head: str | None) -> Push:
        """Move the remote's branch from exactly `head` to `commit`, a descendant.

        Raises RemoteUnavailable or UnansweredError when it may or may not have moved; Rejected when we may not write
        there at all.
        """
        # The lease makes the push stricter, not forced: without it, a branch that somebody set back would be moved
        # forward over the commits that he took away.
        lease = f"--force-with-lease={self.remote.ref}:{head or ''}"
        outcome = self._talk("push", "--porcelain", lease, "origin", f"{commit}:{self.remote.ref}")
        if outcome.status == 0:
            return Push(Answer.TAKEN, "")
        if any(line.startswith(b"!\t") for line in outcome.output.splitlines()):
            return Push(
                Answer.REFUSED, single_line(f"{outcome.complaint} {outcome.output.decode(errors='replace')}", 500)
            )
        self._refuse_forbidden("git-receive-pack")
        self.remote_head()
        raise UnansweredError(f"pushing to {self.remote.url}: {single_line(outcome.complaint)}")

    def fetch(self) -> str | None:
        """Learn the remote branch's head, also one that does not descend from the last; None when there is none.

        Raises RemoteUnavailable or Rejected. A head that vanished stays known.
        """
        arguments = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--filter=blob:none")
        outcome = self._talk("fetch", *arguments, "origin")
        if outcome.status != 0 and self.remote_head() is not None:
            raise UnansweredError(f"fetching from {self.remote.url}: {single_line(outcome.complaint)}")
        return self.head() if outcome.status == 0 else None

    def remote_head(self) -> str | None:
        """Where the remote's branch is now; None when there is no such branch. Raises as `fetch` does."""
        outcome = self._talk("ls-remote", "origin", self.remote.ref)
        if outcome.status != 0:
            self._refuse_forbidden("git-upload-pack")
            raise RemoteUnavailable(f"reaching {self.remote.url}: {single_line(outcome.complaint) or 'no answer'}")
        pairs = (line.split("\t") for line in outcome.output.decode().splitlines())
        return next((commit for commit, ref in pairs if ref == self.remote.ref), None)

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is in the history of `commit`."""
        outcome = self.command.run("merge-base", "--is-ancestor", ancestor, commit)
        if outcome.status > 1:
            raise BrokenCloneError(f"comparing {ancestor} with {commit}: {single_line(outcome.complaint)}")
        return outcome.status == 0

    def last_commit(self, head: str, folder: str) -> str | None:
        """The commit in the history of `head` that changed the folder last; None when none did."""
        outcome = self._local("rev-list", "--max-count=1", "--stdin", stdin=f"{head}\n--\n{folder}\n".encode())
        return outcome.output.decode().strip() or None

    def tidy(self) -> None:
        """Gather the packs that imports and fetches left behind, once there are many."""
        packs = list((self.command.directory / "objects" / "pack").glob("*.pack"))
        if len(packs) > _PACK_LIMIT:
            self._local("repack", "-a", "-d", "--quiet", "--window=10")

    def _ask(self, git: "Popen[bytes]", head: str | None, change: Change) -> str | None:
        if head is None:
            return None
        assert git.stdin is not None
        assert git.stdout is not None
        git.stdin.write(question(head, change))
        git.stdin.flush()
        return answered_tree(git.stdout.readline())

    def _refuse_forbidden(self, service: str) -> None:
        if is_forbidden(self.remote, service):
            verb = "write to" if service == "git-receive-pack" else "read"
            raise Rejected(
                f"reaching {self.remote.url}: it denies us; check the address, and that our credentials may {verb} it"
            )

    def _local(self, *arguments: str, stdin: bytes = b"") -> Outcome:
        try:
            outcome = self.command.run(*arguments, stdin=stdin)
        except (TimedOutError, OSError) as error:
            raise BrokenCloneError(str(error)) from error
        if outcome.status != 0:
            raise BrokenCloneError(f"git {arguments[0]}: {single_line(outcome.complaint)}")
        return outcome

    def _talk(self, *arguments: str) -> Outcome:
        try:
            return self.command.run(*arguments, settings=self.remote.settings())
        except TimedOutError as error:
            raise RemoteUnavailable(f"{self.remote.url}: {error}") from error
