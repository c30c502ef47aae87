"""The pull requests of an environments repository, and the people who decide about them, on the bare repository itself.

It stands in for GitHub where many short lives have to be lived; the same is proven on the simulated GitHub elsewhere.
"""

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from app.domain.pull_request import Missing
from app.domain.report import CheckRun
from app.errors import Transient
from app.ports import Listed, NotMerged, Reviewed, Verdict
from tests.stages.fakes import nothing

METHODS = ("merge", "squash", "rebase")
PERSON = "grace"


@dataclass(frozen=True)
class Case:
    """One pull request."""

    number: int
    branch: str
    title: str
    body: str
    verdict: Verdict = Verdict.OPEN
    decided_by: str | None = None
    merge_commit: str | None = None
    words: str | None = None
    labels: frozenset[str] = frozenset()
    last_head: str = ""


@dataclass
class Court:
    """Implements the port `Proposals`. `approved`: whether GitHub's own rules let a proposal be merged now."""

    remote: Path
    cases: dict[int, Case] = field(default_factory=dict)
    checks: dict[str, CheckRun] = field(default_factory=dict)
    """The check run of each commit."""
    writes: list[str] = field(default_factory=list)
    is_approved: bool = True
    loses_answers: bool = False
    """What is asked for is done, and the answer never arrives."""
    meanwhile: Callable[[], None] = nothing
    """Runs once, before the next look is answered."""

    # The port

    def installation_id(self) -> int:
        return 77

    def open(self, branch: str, base: str, title: str, body: str, *, look: bool = True) -> int:
        assert base == "main"
        self.writes.append("open")
        known = [case.number for case in self.cases.values() if (case.branch, case.verdict) == (branch, Verdict.OPEN)]
        number = known[0] if known else len(self.cases) + 1
        if not known:
            assert self.head(branch), "GitHub opens none without commits"
            self.cases[number] = Case(number, branch, title, body)
        self._answer()
        return number

    def edit(self, number: int, title: str, body: str) -> None:
        self._write(number, "edit", title=title, body=body)

    def label(self, number: int, labels: Sequence[str]) -> None:
        self._write(number, "label", labels=self.cases[number].labels | set(labels))

    def put_check_run(self, check: CheckRun, known_id: int | None, *, look: bool = True) -> int:
        self.writes.append("check")
        self.checks[check.head_sha] = check
        self._answer()
        return known_id or len(self.checks)

    def merge(self, number: int, head_sha: str) -> str | NotMerged:
        self.writes.append("merge")
        case = self.cases[number]
        if case.verdict is not Verdict.OPEN or self.head(case.branch) != head_sha:
            return NotMerged("Head branch was modified. Review and try the merge again.")
        if self._mergeable(case) == "dirty":
            return NotMerged("Pull Request is not mergeable")
        if not self.is_approved:
            return NotMerged("At least 1 approving review is required by reviewers with write access.")
        commit = self.decide_merge(number, "merge", "ephemera[bot]")
        self._answer()
        return commit

    def close(self, number: int) -> None:
        self.writes.append("close")
        if self.cases[number].verdict is Verdict.OPEN:
            self.cases[number] = replace(self.cases[number], verdict=Verdict.CLOSED, decided_by="ephemera[bot]")
        self._answer()

    def look_up(self, number: int) -> Reviewed | Missing:
        meanwhile, self.meanwhile = self.meanwhile, nothing
        meanwhile()
        case = self.cases.get(number)
        if case is None:
            return Missing()
        head = self.head(case.branch) or case.last_head or "0" * 40
        decided_at = None if case.verdict is Verdict.OPEN else datetime.now(UTC)
        return Reviewed(
            number,
            case.verdict,
            case.branch,
            head,
            self._mergeable(case),
            case.decided_by,
            decided_at,
            case.merge_commit,
            (PERSON,) if case.verdict is Verdict.MERGED else (),
            case.words,
        )

    def all_open(self) -> Sequence[Listed]:
        return [
            Listed(case.number, case.branch, self.head(case.branch) or "", is_ours=True)
            for case in self.cases.values()
            if case.verdict is Verdict.OPEN
        ]

    def url(self, number: int) -> str:
        return f"https://github.test/acme/environments/pull/{number}"

    # What people do

    def open_ones(self) -> list[int]:
        """Numbers of those that can be decided: open, and with a branch."""
        return [n for n, case in self.cases.items() if case.verdict is Verdict.OPEN and self.head(case.branch)]

    def decide_merge(self, number: int, method: str, by: str = PERSON) -> str:
        """Merge it, as GitHub does; raises subprocess.CalledProcessError for a conflict."""
        case = self.cases[number]
        main, head = self.head("main"), self.head(case.branch)
        assert main is not None
        assert head is not None
        tree = self.git("merge-tree", "--write-tree", "main", case.branch).splitlines()[0]
        match method:
            case "merge":
                words = f"Merge pull request #{number} from acme/{case.branch}\n\n{case.title}"
                commit = self.git("commit-tree", tree, "-p", main, "-p", head, "-m", words)
            case "squash":
                body = self.git("log", "-1", "--format=%b", case.branch)
                commit = self.git("commit-tree", tree, "-p", main, "-m", f"{case.title} (#{number})\n\n{body}")
            case _:
                commit = self._rebased(main, case.branch)
        self.git("update-ref", "refs/heads/main", commit, main)
        self.cases[number] = replace(
            case, verdict=Verdict.MERGED, decided_by=by, merge_commit=commit, last_head=self.head(case.branch) or ""
        )
        return commit

    def decide_close(self, number: int, words: str | None = None) -> None:
        """Refuse it."""
        self.cases[number] = replace(self.cases[number], verdict=Verdict.CLOSED, decided_by=PERSON, words=words)

    def decide_reopen(self, number: int) -> None:
        """Take the refusal back."""
        self.cases[number] = replace(self.cases[number], verdict=Verdict.OPEN, decided_by=None, words=None)

    def edit_branch(self, branch: str, path: str, content: str | None) -> str:
        """A person's commit on a branch; None removes the file."""
        head = self.head(branch)
        assert head is not None
        index = {"GIT_INDEX_FILE": str(self.remote / "edit.index")}
        self.git("read-tree", head, **index)
        if content is None:
            self.git("rm", "--cached", "--quiet", "-r", "--ignore-unmatch", path, **index)
        else:
            blob = self.git("hash-object", "-w", "--stdin", stdin=content)
            self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", **index)
        tree = self.git("write-tree", **index)
        commit = self.git("commit-tree", tree, "-p", head, "-m", f"Edit {path}")
        self.git("update-ref", f"refs/heads/{branch}", commit, head)
        return commit

    def head(self, branch: str) -> str | None:
        """Where a branch is; None where there is none."""
        command = ["git", "-C", str(self.remote), "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}"]
        return subprocess.run(command, capture_output=True, check=False, text=True).stdout.strip() or None

    def git(self, *arguments: str, stdin: str | None = None, **more: str) -> str:
        """What git says of the bare repository, as a person."""
        names = {f"GIT_{who}_NAME": "Grace" for who in ("AUTHOR", "COMMITTER")}
        addresses = {f"GIT_{who}_EMAIL": "grace@example.com" for who in ("AUTHOR", "COMMITTER")}
        command = ["git", "-C", str(self.remote), *arguments]
        environment = os.environ | names | addresses | more
        done = subprocess.run(command, input=stdin, capture_output=True, check=True, text=True, env=environment)
        return done.stdout.strip()

    def _rebased(self, onto: str | None, branch: str) -> str:
        parent = onto or ""
        for commit in self.git("rev-list", "--reverse", f"{onto}..{branch}").splitlines():
            tree = self.git("merge-tree", "--write-tree", str(onto), commit).splitlines()[0]
            words = self.git("log", "-1", "--format=%B", commit)
            parent = self.git("commit-tree", tree, "-p", parent, "-m", words)
        return parent

    def _mergeable(self, case: Case) -> str:
        if case.verdict is not Verdict.OPEN or self.head(case.branch) is None:
            return "unknown"
        command = ["git", "-C", str(self.remote), "merge-tree", "--write-tree", "main", case.branch]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return "dirty"
        return "clean" if self.is_approved else "blocked"

    def _write(self, number: int, what: str, **values: object) -> None:
        self.writes.append(what)
        self.cases[number] = replace(self.cases[number], **values)  # type: ignore[arg-type]
        self._answer()

    def _answer(self) -> None:
        if self.loses_answers:
            self.loses_answers = False
            raise Transient("asking GitHub: the connection was cut")
