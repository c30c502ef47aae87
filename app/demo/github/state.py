"""Every record of the simulated GitHub, in memory, and the ways to find one."""

import itertools
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping

from app.demo.github.records import (
    Account,
    CheckRun,
    Comment,
    Commit,
    Deployment,
    DeploymentStatus,
    Installation,
    Label,
    PullRequest,
    Reaction,
    Repository,
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
    "label": 5_362_934_389,
    "pull_request": 1_279_147_437,
    "reaction": 261_000_001,
    "repository": 586_853_002,
    "status": 26_805_679_243,
}


class State:
    """The tables. Whoever reads or changes them holds `lock` (see `dispatch`)."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.accounts: dict[int, Account] = {}
        self.repositories: dict[int, Repository] = {}
        self.former_names: dict[str, int] = {}
        """Lower-case `owner/name` a repository had before -> its id."""
        self.collaborators: dict[tuple[int, int], str] = {}
        """(repository id, account id) -> `admin`, `maintain`, `write`, `triage` or `read`."""
        self.commits: dict[str, Commit] = {}
        self.branches: dict[tuple[int, str], str] = {}
        self.labels: dict[tuple[int, str], Label] = {}
        self.pulls: dict[tuple[int, int], PullRequest] = {}
        self.comments: dict[int, Comment] = {}
        self.reactions: dict[int, Reaction] = {}
        self.statuses: dict[tuple[int, str], list[Status]] = defaultdict(list)
        self.check_runs: dict[int, CheckRun] = {}
        self.suites: dict[tuple[int, str], int] = {}
        self.deployments: dict[int, Deployment] = {}
        self.deployment_statuses: dict[int, list[DeploymentStatus]] = defaultdict(list)
        self.installations: dict[int, Installation] = {}
        self.tokens: dict[str, Token] = {}
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

    def check_runs_of(self, repository_id: int, sha: str) -> list[CheckRun]:
        """Return the check runs of a commit, newest first."""
        runs = reversed(self.check_runs.values())
        return [one for one in runs if one.head_sha == sha and one.repository_id == repository_id]

    def resolve(self, repository: Repository, ref: str) -> str | None:
        """Return the SHA that a branch, `heads/branch`, full ref or SHA names."""
        branch = ref.removeprefix("refs/").removeprefix("heads/")
        found = self.branches.get((repository.id, branch))
        return found or (ref if ref in self.commits else None)


def covers(installation: Installation, repository: Repository) -> bool:
    """Tell whether a repository belongs to an installation."""
    if installation.account_id != repository.owner_id:
        return False
    return installation.repository_ids is None or repository.id in installation.repository_ids
