"""Every record of the simulated GitHub, in memory, and the ways to find one."""

import itertools
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from app.demo.github.changes import Change, changes_between
from app.demo.github.git.bare import EMPTY_TREE
from app.demo.github.git.repositories import GitRepositories
from app.demo.github.records import (
    Account,
    CheckRun,
    Comment,
    Commit,
    Deployment,
    DeploymentStatus,
    Installation,
    IssueEvent,
    Label,
    Protection,
    PullRequest,
    Reaction,
    Repository,
    Review,
    Status,
    Token,
)

# Where ids start. Those of comments and check runs passed 2**31 on GitHub long ago, so these do as well.
FIRST_IDS: Mapping[str, int] = {
    "account": 21_031_067,
    "comment": 2_492_700_400,
    "check_run": 31_128_620_228,
    "check_suite": 28_118_578_147,
    "deployment": 1_145_988_746,
    "deployment_status": 2_209_916_254,
    "installation": 44_221_100,
    "issue_event": 15_217_300_811,
    "label": 5_362_934_389,
    "pull_request": 1_279_147_437,
    "reaction": 261_000_001,
    "repository": 586_853_002,
    "review": 2_566_080_112,
    "status": 26_805_679_243,
}

_SHORT_SHA = re.compile(r"[0-9a-f]{4,39}")


class State:
    """The tables. Whoever reads or changes them holds `lock` (see `dispatch`)."""

    def __init__(self, git_root: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.git = GitRepositories(git_root)
        self.accounts: dict[int, Account] = {}
        self.repositories: dict[int, Repository] = {}
        self.former_names: dict[str, int] = {}
        """Lower-case `owner/name` a repository had before -> its id."""
        self.collaborators: dict[tuple[int, int], str] = {}
        """(repository id, account id) -> `admin`, `maintain`, `write`, `triage` or `read`."""
        self.passwords: dict[int, str] = {}
        """Account id -> what that person signs in to Git with."""
        self.commits: dict[str, Commit] = {}
        """The inventions; `commit` knows those in bare repositories as well."""
        self.branches: dict[tuple[int, str], str] = {}
        """Those of repositories without a bare one; `branch` knows all."""
        self.protections: dict[tuple[int, str], Protection] = {}
        self.labels: dict[tuple[int, str], Label] = {}
        self.pulls: dict[tuple[int, int], PullRequest] = {}
        self.comments: dict[int, Comment] = {}
        self.reviews: dict[int, Review] = {}
        self.issue_events: list[IssueEvent] = []
        self.reactions: dict[int, Reaction] = {}
        self.statuses: dict[tuple[int, str], list[Status]] = defaultdict(list)
        self.check_runs: dict[int, CheckRun] = {}
        self.suites: dict[tuple[int, str], int] = {}
        self.deployments: dict[int, Deployment] = {}
        self.deployment_statuses: dict[int, list[DeploymentStatus]] = defaultdict(list)
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
        self.conceals_forbidden = False
        """Whether what a token may not read is answered 404 instead of 403; GitHub does both, by operation."""
        self._names: dict[str, int] = {}
        self._counters = {kind: itertools.count(first) for kind, first in FIRST_IDS.items()}
        self._numbers: dict[int, Iterator[int]] = defaultdict(lambda: itertools.count(1))

    def next_id(self, kind: str) -> int:
        """Return an unused id of a kind named in `FIRST_IDS`."""
        return next(self._counters[kind])

    def next_number(self, repository_id: int) -> int:
        """Return the next issue or pull request number of a repository."""
        return next(self._numbers[repository_id])

    def full_name(self, repository: Repository) -> str:
        """Return `owner/name`."""
        return f"{self.accounts[repository.owner_id].login}/{repository.name}"

    def account_named(self, login: str) -> Account | None:
        """Find an account; logins ignore case."""
        wanted = login.lower()
        return next((one for one in self.accounts.values() if one.login.lower() == wanted), None)

    def rename_account(self, account: Account, login: str) -> None:
        """Give an account another login; its repositories move with it, and their old names lead to them."""
        owned = [one for one in self.repositories.values() if one.owner_id == account.id]
        for one in owned:
            self.former_names[self.full_name(one).lower()] = one.id
            del self._names[self.full_name(one).lower()]
        self.accounts[account.id] = replace(account, login=login)
        for one in owned:
            self._names[self.full_name(one).lower()] = one.id

    def put_repository(self, repository: Repository) -> None:
        """Add or replace a repository; a name it had before leads to it until another takes that name."""
        before = self.repositories.get(repository.id)
        if before:
            self.former_names[self.full_name(before).lower()] = repository.id
            del self._names[self.full_name(before).lower()]
        self.repositories[repository.id] = repository
        self._names[self.full_name(repository).lower()] = repository.id

    def remove_repository(self, repository: Repository) -> None:
        """Forget a repository and its name; its commits stay."""
        del self.repositories[repository.id]
        del self._names[self.full_name(repository).lower()]

    def repository_named(self, full_name: str) -> Repository | None:
        """Find a repository by its present name; names ignore case."""
        return self.repositories.get(self._names.get(full_name.lower(), 0))

    def repository_once_named(self, full_name: str) -> Repository | None:
        """Find a repository by a name it had before a rename or transfer."""
        return self.repositories.get(self.former_names.get(full_name.lower(), 0))

    def installation_of(self, repository: Repository) -> Installation | None:
        """Find the installation that may act on a repository."""
        return next((one for one in self.installations.values() if covers(one, repository)), None)

    def repositories_of(self, installation: Installation) -> list[Repository]:
        """Return the repositories of an installation by id."""
        return [one for _, one in sorted(self.repositories.items()) if covers(installation, one)]

    def comments_on(self, repository_id: int, number: int | None = None) -> list[Comment]:
        """Return the comments of a repository, or of one of its conversations, oldest first."""
        return [
            one for one in self.comments.values() if one.repository_id == repository_id and number in {None, one.number}
        ]

    def pulls_of(self, repository_id: int) -> list[PullRequest]:
        """Return the pull requests of a repository by number."""
        return [one for one in self.pulls.values() if one.repository_id == repository_id]

    def reviews_of(self, pull: PullRequest) -> list[Review]:
        """Return the reviews of a pull request, oldest first."""
        key = (pull.repository_id, pull.number)
        return [one for one in self.reviews.values() if (one.repository_id, one.number) == key]

    def check_runs_of(self, repository_id: int, sha: str) -> list[CheckRun]:
        """Return the check runs of a commit, newest first."""
        runs = reversed(self.check_runs.values())
        return [one for one in runs if one.head_sha == sha and one.repository_id == repository_id]

    def suite_of(self, repository: Repository, sha: str) -> int:
        """Return the id of the check suite of a commit, made when it is new."""
        key = (repository.id, sha)
        if key not in self.suites:
            self.suites[key] = self.next_id("check_suite")
        return self.suites[key]

    def resolve(self, repository: Repository, ref: str) -> str | None:
        """Return the SHA that a branch, `heads/branch`, full ref, SHA or unambiguous beginning of a SHA names."""
        return self.branch(repository, ref.removeprefix("refs/").removeprefix("heads/")) or self._sha_of(
            repository, ref
        )

    def branch(self, repository: Repository, name: str) -> str | None:
        """Return the SHA of a branch; None when there is none of that name."""
        bare = self.git.of(repository)
        return bare.branch(name) if bare else self.branches.get((repository.id, name))

    def branches_at(self, repository: Repository, sha: str) -> list[str]:
        """Return the names of the branches that are at a commit."""
        bare = self.git.of(repository)
        own = {name: at for (holder, name), at in self.branches.items() if holder == repository.id}
        return [name for name, at in (bare.branches() if bare else own).items() if at == sha]

    def commit(self, repository: Repository, sha: str) -> Commit:
        """Return a commit by its full SHA. Raises KeyError."""
        bare = self.git.of(repository)
        found = bare.commit(sha) if bare else None
        return found or self.commits[sha]

    def has_commit(self, repository: Repository, sha: str) -> bool:
        """Tell whether a repository, or one of its forks, has the commit of that full SHA."""
        bare = self.git.of(repository)
        if bare:
            return bare.commit(sha) is not None
        commit = self.commits.get(sha)
        return commit is not None and self.network_of(repository) in commit.network_ids

    def changes(self, repository: Repository, before: str | None, after: str) -> tuple[Change, ...]:
        """Return how the files of one commit (None: nothing) differ from another's, by path."""
        bare = self.git.of(repository)
        if bare:
            return bare.changes(before or EMPTY_TREE, after)
        return changes_between(self.commits[before].files if before else {}, self.commits[after].files)

    def network_of(self, repository: Repository) -> int:
        """Return the id of the repository at the root of its forks."""
        root = repository.id
        while (one := self.repositories.get(root)) and one.parent_id is not None:
            root = one.parent_id
        return root

    def _sha_of(self, repository: Repository, ref: str) -> str | None:
        if self.has_commit(repository, ref):
            return ref
        if not _SHORT_SHA.fullmatch(ref):
            return None
        bare = self.git.of(repository)
        if bare:
            return bare.sha_beginning(ref)
        found = [sha for sha in self.commits if sha.startswith(ref) and self.has_commit(repository, sha)]
        return found[0] if len(found) == 1 else None


def covers(installation: Installation, repository: Repository) -> bool:
    """Tell whether a repository belongs to an installation."""
    if installation.account_id != repository.owner_id:
        return False
    return installation.repository_ids is None or repository.id in installation.repository_ids
