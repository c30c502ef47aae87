"""A bare clone without file contents: a cache of the remote's commits and folders, thrown away when it breaks.

It is as large as the commits and folders, and publishing reads only the folders on the way to the changed ones, so
that neither grows with what lies beside them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import compress
from subprocess import Popen

from gitops.change import Change, Person, usual_committer
from gitops.command import Command, Outcome, TimedOutError
from gitops.commits import answered_id, import_stream, questions
from gitops.errors import OddContents, PublishError, RefsRefused, Rejected, RemoteUnavailable
from gitops.reach import is_forbidden
from gitops.remote import BRANCH_REFS, SCRATCH_NAME, TRACKED, Remote
from gitops.sign_commits import signed
from gitops.signing import Signer
from gitops.text import single_line

_PACK_LIMIT = 50
_QUIETLY = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")


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
class Made:
    """A commit that is not pushed yet."""

    commit: str
    ends_sync: bool
    """Whether it takes away the file by which a syncer followed the environment's own ref."""


@dataclass(frozen=True, slots=True)
class Move:
    """Where a branch is, and where it is to be; None: nowhere."""

    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Clone:
    """The clone in `command.directory`; one process uses it at a time."""

    command: Command
    remote: Remote
    signer: Signer | None = None
    """Who signs the commits that are made here; None: nobody."""
    committer: Callable[[], Person] = usual_committer
    """Whom they name as committer."""

    def create(self) -> None:
        """Make the clone anew in its directory, which must not exist, also of a repository that holds nothing yet."""
        self.command.directory.mkdir(parents=True)
        self._local("init", "--quiet", "--bare", "--template=")
        self.fetch()

    def head(self, tracked: str = TRACKED) -> str | None:
        """The remote branch's head as we last saw it; None when there was no such branch."""
        # The file itself, for a process would cost as much as the import. The clone is ours, so are its ref files:
        # gitrepository-layout(5). Nothing packs them here.
        try:
            return (self.command.directory / tracked).read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise BrokenCloneError(f"reading {tracked}: {error}") from error

    def commit(self, head: str | None, changes: Sequence[Change], *, is_apart: bool = False) -> list[Made | None]:
        """Make a commit for each change that `head` does not hold yet, the first on `head`, each on the one before;
        with `is_apart`, every one on `head`.

        Returns what was made of each change; None where all is already so. Nothing else refers to the commits.
        """
        try:
            with self.command.talk("fast-import", "--quiet", "--force", "--date-format=now", "--done") as git:
                found = [self._ask(git, head, change.contents) for change in changes]
                differs = [held != change.contents for held, change in zip(found, changes, strict=True)]
                output, complaint = git.communicate(
                    import_stream(head, list(compress(changes, differs)), self.committer(), is_apart=is_apart)
                )
        except (OSError, ValueError) as error:
            raise BrokenCloneError(f"git fast-import: {error}") from error
        if git.returncode != 0:
            raise BrokenCloneError(f"git fast-import: {single_line(complaint.decode(errors='replace'))}")
        commits = iter(self.sign(output.decode().split()))
        return [
            Made(next(commits), ends_sync=_ends_sync(change, held)) if is_new else None
            for change, held, is_new in zip(changes, found, differs, strict=True)
        ]

    def holds(self, asked: Sequence[tuple[str, Change]]) -> list[bool]:
        """Whether each commit, which is here, holds its change already."""
        if not asked:
            return []
        try:
            with self.command.talk("fast-import", "--quiet", "--done") as git:
                held = [self._ask(git, commit, wanted) == wanted for commit, wanted in _contents_of(asked)]
                _, complaint = git.communicate(b"done\n")
        except (OSError, ValueError) as error:
            raise BrokenCloneError(f"git fast-import: {error}") from error
        if git.returncode != 0:
            raise BrokenCloneError(f"git fast-import: {single_line(complaint.decode(errors='replace'))}")
        return held

    def sign(self, commits: Sequence[str]) -> list[str]:
        """Ids of the same new commits with signatures, where there is a signer; a parent comes before its children."""
        if self.signer is None or not commits:
            return list(commits)
        try:
            return signed(self.command, commits, self.signer)
        except (OSError, ValueError, TimedOutError) as error:
            raise BrokenCloneError(f"signing commits: {error}") from error

    def push(self, commit: str | None, head: str | None, refs: Mapping[str, str | None]) -> Push:
        """Move the remote's branch from exactly `head` to `commit`, a descendant, and environments' own refs with it.

        `refs` is {full name: commit, None to remove it}; they move whatever they were. All of it happens or nothing.
        Raises RemoteUnavailable or UnansweredError when it may or may not have; Rejected when we may not write there
        at all.
        """
        # The lease makes the push stricter, not forced: without it, a branch that somebody set back would be moved
        # forward over the commits that he took away.
        lease = f"--force-with-lease={self.remote.ref}:{head or ''}"
        branch = [] if commit is None else [f"{commit}:{self.remote.ref}"]
        return self._push([*branch, *(_refspec(ref, target) for ref, target in refs.items())], lease)

    def try_own_ref(self, commit: str) -> None:
        """Make a ref where environments' own refs lie, and remove it. Raises RefsRefused, and else as `push`."""
        scratch = self.remote.own_ref(SCRATCH_NAME)
        for verb, target in (("make", commit), ("remove", None)):
            push = self._push([_refspec(scratch, target)])
            if push.answer is Answer.REFUSED:
                prefix = self.remote.environment_refs
                advice = "" if prefix == BRANCH_REFS else f", or set another prefix for them: {BRANCH_REFS}"
                raise RefsRefused(
                    f"pushing to {self.remote.url}: it refuses that we {verb} refs under {prefix}: {push.words}; "
                    f"have them allowed{advice}"
                )

    def fetch(self, tracked: str = TRACKED) -> str | None:
        """Learn the remote branch's head, also one that does not descend from the last; None when there is none.

        Raises RemoteUnavailable or Rejected. A head that vanished stays known. With another ref to keep it in, what
        `head` knows stays as it is.
        """
        outcome = self._talk(
            "fetch", *_QUIETLY, "--filter=blob:none", "--refmap=", "origin", f"+{self.remote.ref}:{tracked}"
        )
        if outcome.status != 0 and self.remote_head() is not None:
            raise UnansweredError(f"fetching from {self.remote.url}: {single_line(outcome.complaint)}")
        return self.head(tracked) if outcome.status == 0 else None

    def remote_head(self) -> str | None:
        """Where the remote's branch is now; None when there is no such branch. Raises as `fetch` does."""
        return self._list_refs(self.remote.ref).get(self.remote.ref)

    def remote_refs(self) -> dict[str, str]:
        """{full name: commit} of the remote's branch and all environments' own refs. Raises as `fetch` does."""
        # All of them, for git lists all of a remote's refs to itself whatever it is asked for, and comparing many
        # names with many refs takes it longer than us.
        return self._list_refs(self.remote.ref, f"{self.remote.environment_refs}*")

    def branches(self, prefix: str) -> dict[str, str]:
        """{full name: commit} of the remote's branch and of all that begin with the prefix. Raises as `fetch` does."""
        return self._list_refs(self.remote.ref, f"{prefix}*")

    def bring(self, refs: Mapping[str, str]) -> None:
        """Fetch, without file contents: {full name on the remote: full name here}. Raises as `fetch` does."""
        if not refs:
            return
        outcome = self._talk(
            "fetch",
            *_QUIETLY,
            "--filter=blob:none",
            "--refmap=",
            "--stdin",
            "origin",
            stdin=_lines(f"+{there}:{here}" for there, here in refs.items()),
        )
        if outcome.status != 0:
            self.remote_head()
            raise UnansweredError(f"fetching from {self.remote.url}: {single_line(outcome.complaint)}")

    def forget(self, prefix: str, kept: Collection[str]) -> None:
        """Drop the refs that lie directly below the prefix here, but for those with these names."""
        try:
            for file in (self.command.directory / prefix).glob("*"):
                if file.name not in kept:
                    file.unlink(missing_ok=True)
        except OSError as error:
            raise BrokenCloneError(f"removing refs below {prefix}: {error}") from error

    def blobs(self, ids: Sequence[str], size_limit: int) -> list[bytes]:
        """Contents of files, by their Git ids; they are fetched. Raises OddContents when they are larger together,
        before any is read, and else as `fetch` does."""
        wanted = list(dict.fromkeys(ids))
        if wanted:
            outcome = self._talk("fetch", *_QUIETLY, "--refmap=", "--stdin", "origin", stdin=_lines(wanted))
            if outcome.status != 0:
                self.remote_head()
                raise UnansweredError(f"fetching from {self.remote.url}: {single_line(outcome.complaint)}")
        sizes = self._local("cat-file", "--batch-check=%(objectsize)", stdin=_lines(wanted)).output.split()
        if not all(map(bytes.isdigit, sizes)):
            raise BrokenCloneError("git cat-file: a file that was fetched is not here")
        if (size := sum(map(int, sizes))) > size_limit:
            raise OddContents(f"files of {size} bytes; at most {size_limit} are read")
        return _contents(self._local("cat-file", "--batch", stdin=_lines(ids)).output, ids)

    def push_apart(self, moves: Mapping[str, "Move"]) -> dict[str, str | None]:
        """Move each branch from exactly where it is said to be, or leave it: {full name: None, or the refusal's words}.

        Raises RemoteUnavailable or UnansweredError when some may or may not have been moved; Rejected when we may not
        write there at all.
        """
        leases = [f"--force-with-lease={ref}:{move.before or ''}" for ref, move in moves.items()]
        # Without a plus sign: that would force past the lease. One that is kept forces by itself (git-push(1)).
        outcome = self._send([f"{move.after or ''}:{ref}" for ref, move in moves.items()], *leases)
        told = dict(_told(line) for line in outcome.output.decode(errors="replace").splitlines() if "\t" in line)
        if not told.keys() >= moves.keys():
            self._refuse_forbidden("git-receive-pack")
            self.remote_head()
            raise UnansweredError(f"pushing to {self.remote.url}: {single_line(outcome.complaint)}")
        return {ref: told[ref] for ref in moves}

    def output(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What git says of what is here. Raises BrokenCloneError where it fails."""
        return self._local(*arguments, stdin=stdin).output

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is in the history of `commit`."""
        outcome = self.command.run("merge-base", "--is-ancestor", ancestor, commit)
        if outcome.status > 1:
            raise BrokenCloneError(f"comparing {ancestor} with {commit}: {single_line(outcome.complaint)}")
        return outcome.status == 0

    def last_commit(self, head: str, paths: Iterable[str]) -> str | None:
        """The commit in the history of `head` that changed one of the paths last; None when none did."""
        question = "\n".join([head, "--", *paths, ""])
        outcome = self._local("rev-list", "--max-count=1", "--stdin", stdin=question.encode())
        return outcome.output.decode().strip() or None

    def entries(self, commit: str, root: str, *options: str) -> dict[str, str]:
        """{path: Git id} of all that lies below `root` at the commit, as `git ls-tree -r` with these options tells."""
        outcome = self._local("ls-tree", "-r", "-z", "--full-tree", *options, commit, "--", f"{root}/")
        lines = (line.split("\t", 1) for line in outcome.output.decode(errors="replace").split("\0") if line)
        return {path: told.split()[2] for told, path in lines}

    def tidy(self) -> None:
        """Gather the packs that imports and fetches left behind, once there are many."""
        packs = list((self.command.directory / "objects" / "pack").glob("*.pack"))
        if len(packs) > _PACK_LIMIT:
            self._local("repack", "-a", "-d", "--quiet", "--window=10")

    def _ask(self, git: "Popen[bytes]", head: str | None, paths: Iterable[str]) -> dict[str, str | None]:
        if head is None:
            return dict.fromkeys(paths)
        assert git.stdin is not None
        assert git.stdout is not None
        git.stdin.write(questions(head, paths))
        git.stdin.flush()
        return {path: answered_id(git.stdout.readline()) for path in paths}

    def _push(self, refspecs: Sequence[str], *options: str) -> Push:
        # One ref is atomic by itself, also on a host that cannot do several.
        atomic = ["--atomic"] if len(refspecs) > 1 else []
        outcome = self._send(refspecs, *atomic, *options)
        if outcome.status == 0:
            return Push(Answer.TAKEN, "")
        if any(line.startswith(b"!\t") for line in outcome.output.splitlines()):
            return Push(
                Answer.REFUSED, single_line(f"{outcome.complaint} {outcome.output.decode(errors='replace')}", 500)
            )
        self._refuse_forbidden("git-receive-pack")
        self.remote_head()
        raise UnansweredError(f"pushing to {self.remote.url}: {single_line(outcome.complaint)}")

    def _send(self, refspecs: Sequence[str], *options: str) -> Outcome:
        # Not as arguments: those are seen by everybody, and there is room for some thousands only.
        file = self.command.directory / "refspecs"
        try:
            file.write_text("".join(['[remote "origin"]\n', *(f"push = {each}\n" for each in refspecs)]), "utf-8")
        except OSError as error:
            raise BrokenCloneError(f"writing {file}: {error}") from error
        return self._talk("push", "--porcelain", *options, "origin", settings={"include.path": str(file)})

    def _list_refs(self, *patterns: str) -> dict[str, str]:
        heads = ["--heads"] if all(pattern.startswith("refs/heads/") for pattern in patterns) else []
        outcome = self._talk("ls-remote", *heads, "origin", *patterns)
        if outcome.status != 0:
            self._refuse_forbidden("git-upload-pack")
            raise RemoteUnavailable(f"reaching {self.remote.url}: {single_line(outcome.complaint) or 'no answer'}")
        pairs = (line.split("\t") for line in outcome.output.decode().splitlines())
        return {ref: commit for commit, ref in pairs}

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

    def _talk(self, *arguments: str, settings: Mapping[str, str] | None = None, stdin: bytes = b"") -> Outcome:
        try:
            return self.command.run(*arguments, stdin=stdin, settings={**self.remote.settings(), **(settings or {})})
        except TimedOutError as error:
            raise RemoteUnavailable(f"{self.remote.url}: {error}") from error


def _contents_of(asked: Sequence[tuple[str, Change]]) -> list[tuple[str, Mapping[str, str | None]]]:
    return [(commit, change.contents) for commit, change in asked]


def _ends_sync(change: Change, held: Mapping[str, str | None]) -> bool:
    path = change.sync_path
    return path is not None and held[path] is not None and change.sync is None


def _refspec(ref: str, commit: str | None) -> str:
    """What moves a ref whatever it was, or removes it."""
    return f":{ref}" if commit is None else f"+{commit}:{ref}"


def _lines(values: Iterable[str]) -> bytes:
    return "".join(f"{value}\n" for value in values).encode()


def _told(line: str) -> tuple[str, str | None]:
    """What `git push --porcelain` says of one ref: its name, and the words of a refusal."""
    flag, moved, *words = line.split("\t")
    return moved.rpartition(":")[2], None if flag != "!" else single_line(" ".join(words), 300)


def _contents(output: bytes, ids: Sequence[str]) -> list[bytes]:
    """The files in what `git cat-file --batch` says, which is asked for each in turn."""
    contents, start = [], 0
    for wanted in ids:
        end = output.index(b"\n", start)
        head = output[start:end].decode().split()
        if len(head) != 3 or head[0] != wanted:
            raise BrokenCloneError(f"git cat-file: {' '.join(head)!r} of {wanted}")
        start = end + 1 + int(head[2])
        contents.append(output[end + 1 : start])
        start += 1
    return contents
