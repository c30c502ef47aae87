"""All stages on one real database and one real Git repository, with a world around them that a test controls."""

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import select, text

from app.domain.cluster import Cluster
from app.domain.command import Source
from app.domain.environment import Environment
from app.domain.policy import Policy
from app.domain.pull_request import Author, RepositoryRef
from app.ports import Destination, Ring
from app.stages.branch import Branch
from app.stages.decide import Decider
from app.stages.obey import Obeyer
from app.stages.observe import Observer
from app.stages.propose import Proposer
from app.stages.publish import Publisher
from app.stages.react import Reactor
from app.stages.report import Reporter
from app.stages.review import Reviewer
from app.stages.sweep import Sweeper
from app.store import approving, asking, clusters, leading
from app.store.asking import HIGH, LOW, Ask, Receipt
from app.store.engine import Store
from app.store.leading import Lease
from app.store.models import EnvironmentRow
from app.store.rows import environment_of
from gitops.drift import look, own_refs
from gitops.remote import Remote
from gitops.render import Templates
from gitops.repository import Repository
from tests.domain.builders import GRACE, SHOP
from tests.stages.fakes import GitHubTexts, GitHubTruth, HeardBell, People, PokedSyncer, SeenCluster, nothing

TEMPLATES = Templates.load(Path(__file__).parents[2] / "templates")
SHORT = timedelta(milliseconds=50)
CLUSTER = Cluster("default", "preview.test")
POLICY = Policy(clusters=(CLUSTER,))


@dataclass
class House:
    """The stages, and what they see of the world."""

    store: Store
    remote: Path
    cache: Path
    bell: HeardBell = field(default_factory=HeardBell)
    truth: GitHubTruth = field(default_factory=lambda: GitHubTruth(known=(SHOP,)))
    people: People = field(default_factory=People)
    texts: GitHubTexts = field(default_factory=GitHubTexts)
    cluster: SeenCluster = field(default_factory=SeenCluster)
    syncer: PokedSyncer = field(default_factory=PokedSyncer)
    meanwhile: Callable[[], None] = nothing
    """Runs once before the next git command that talks to the remote."""
    proposer: Proposer | None = None
    """With the reviewer: where something needs review."""
    reviewer: Reviewer | None = None

    def __post_init__(self) -> None:
        repository = Repository(Remote(self.remote.as_uri(), credentials=self._credentials), self.cache)
        self.repository = repository
        self.destinations = {CLUSTER.name: Destination(self.syncer)}
        self.branch = Branch(partial(look, repository), self.destinations, partial(own_refs, repository))
        self.decider = Decider(self.store, self.truth, self.people, POLICY, self.bell, readers=1, limits=None)
        reactor = Reactor(self.store, self.people, limits=None)
        self.obeyer = Obeyer(self.store, self.truth, self.people, POLICY, self.bell, reactor)
        self.publisher = Publisher(
            self.store,
            repository,
            TEMPLATES,
            self.bell,
            self.destinations,
            timedelta(milliseconds=50),
        )
        self.observer = Observer(self.store, self.cluster, self.bell, self._lease(), list_every=timedelta())
        self.reporter = Reporter(self.store, self.texts, self.bell, limits=None)
        self.sweeper = Sweeper(self.store, self.truth, POLICY, self.bell, self.branch)

    def deliver(self, delivery: str, action: str, number: int = 42, repository: RepositoryRef = SHOP) -> bool:
        """Receive a webhook as the web does: one transaction, then the bell. False for a duplicate."""
        queue = LOW if action == "closed" else HIGH
        ask = Ask(repository, number, "ada", f"pull_request.{action}", queue, delivery)
        receipt = Receipt(delivery, "pull_request", action, b"{}", "marked", ask=ask)
        with self.store.begin() as session:
            is_new = asking.receive(session, receipt, POLICY)
        if is_new:
            self.bell.ring(Ring.CLEAN_UP if queue == LOW else Ring.DECIDE)
        return is_new

    def approve(self, sha: str, approver: Author = GRACE, number: int = 42, *, may_write: bool = True) -> None:
        """Have somebody approve a commit, who may write or may not."""
        (self.people.writers.add if may_write else self.people.writers.discard)(approver.id)
        row = self.environment(number).id
        with self.store.begin() as session:
            approving.approve(session, row, sha, approver, Source.COMMENT, approver.login, "command.approve")
        self.bell.ring(Ring.DECIDE)

    def run(self, ring: Ring) -> None:
        """Run one job as the worker does: the flag is cleared before anything is read."""
        self.bell.answer(ring)
        match ring:
            case Ring.DECIDE:
                self.decider.run(HIGH, Ring.DECIDE)
            case Ring.CLEAN_UP:
                self.decider.run(LOW, Ring.CLEAN_UP)
            case Ring.OBEY:
                self.obeyer.run()
            case Ring.PUBLISH:
                self.publisher.run()
            case Ring.REPORT:
                self.reporter.run()
            case Ring.RECONCILE:
                self.sweeper.reconcile()
            case Ring.PROPOSE if self.proposer is not None:
                self.proposer.run()
            case Ring.REVIEW if self.reviewer is not None:
                self.reviewer.run()

    def settle(self, rings: Iterable[Ring] = tuple(Ring)) -> None:
        """Run what was rung for until the bell is silent."""
        for _ in range(100):
            rung = [ring for ring in rings if ring in self.bell.rung]
            if not rung:
                return
            self.run(rung[0])
        raise AssertionError(f"the bell never falls silent: {self.bell.rung}")

    def _lease(self) -> Lease:
        with self.store.begin() as session:
            clusters.declare(session, POLICY.clusters)
            lease = leading.claim(session, CLUSTER.name, "the house")
        assert lease is not None
        return lease

    def _credentials(self) -> None:
        meanwhile, self.meanwhile = self.meanwhile, nothing
        meanwhile()

    def observe(self) -> None:
        """Look at the cluster once."""
        self.observer.step(timedelta())
        self.observer.fetch_logs()

    def environment(self, number: int = 42) -> Environment:
        """The row."""
        with self.store.begin() as session:
            query = select(EnvironmentRow).where(EnvironmentRow.number == number)
            return environment_of(session.scalars(query).one())

    def values(self, query: str) -> list[object]:
        """The first column of a query."""
        with self.store.begin() as session:
            return list(session.scalars(text(query)))

    def commits(self) -> list[str]:
        """Subjects on the remote's branch, newest first."""
        return self.git("log", "--format=%s", "main").splitlines()

    def files(self, folder: str) -> list[str]:
        """Names of the files in a folder of the remote's branch."""
        return self.git("ls-tree", "--name-only", f"main:{folder}").splitlines() if self.has(folder) else []

    def has(self, folder: str) -> bool:
        """The remote's branch holds the folder."""
        command = ["git", "-C", str(self.remote), "cat-file", "-e", f"main:{folder}"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def git(self, *arguments: str) -> str:
        """What git says of the remote."""
        command = ["git", "-C", str(self.remote), *arguments]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout
