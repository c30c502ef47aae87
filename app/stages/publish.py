"""`publish`: a group commit. One writer takes everything that is due and pushes it at once.

The branch's head is fixed before the rows are read (`gitops.publish` calls back), the lock is confirmed right before
the push, and rows that moved meanwhile are rung for after the lock is released: none of them can be lost.

What needs review is not pushed: it becomes a proposal, whose branches are pushed after that, all at once as well. What
was merged comes back here as what was accepted, and is taken over like a commit of our own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.domain.environment import Environment, Stage
from app.domain.environment import Published as Before
from app.domain.review import NEVER, Rules
from app.errors import EphemeraError, Stalled, Transient
from app.ports import Bell, Destination, Poke, Ring
from app.stages import failing
from app.stages.changing import Changer
from app.stages.plan import Batch, Planner
from app.stages.push import Pusher
from app.store import proposing, publishing
from app.store.engine import Session, Store
from app.store.locks import Lock, SessionLock, only_writer
from app.store.publishing import Kept
from gitops.change import Change, Published
from gitops.errors import Contended, PublishError, RemoteUnavailable
from gitops.publish import publish
from gitops.render import Templates
from gitops.repository import Repository
from gitops.workloads import workloads_of

LOCK_WAIT = timedelta(seconds=10)
"""How long a second publisher waits for the first; what it would have done is rung for when the first is done."""
_SETTLED_AT_ONCE = 20

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Publisher:
    """The only writer of one environments repository."""

    store: Store
    repository: Repository
    templates: Templates
    bell: Bell
    destinations: Mapping[str, Destination]
    """By the name of the cluster; environments of one that is declared no more can still be removed."""
    lock_wait: timedelta = LOCK_WAIT
    rules: Rules = NEVER
    """What needs review."""

    def run(self) -> None:
        """Publish all that is due; then ring for what follows, and poke the syncer."""
        if not self._has_due():
            return
        try:
            pokes = self._publish_all()
        except EphemeraError as error:
            _log.warning("publish.failed", error=str(error), stalled=isinstance(error, Stalled))
            self.bell.ring(Ring.REPORT)
            return
        self.bell.ring(Ring.REPORT)
        if self._has_due():
            self.bell.ring(Ring.PUBLISH)
        for cluster, poke in pokes.items():
            self._poke(cluster, poke)

    def _has_due(self) -> bool:
        with self.store.begin() as session:
            return publishing.has_due(session) or proposing.has_pushes(session)

    def _publish_all(self) -> Mapping[str, Poke]:
        batch = Batch()

        def read() -> Sequence[Change]:
            nonlocal batch
            batch = self._read()
            return batch.changes

        with only_writer(self.store, Lock.PUBLISH, self.repository.remote.url, self.lock_wait) as lock:
            try:
                published = publish(self.repository, read, lock.confirm)
            except PublishError as error:
                raise self._keep(batch.environments, error) from error
            self._settle(batch, published)
            self._push_branches(lock)
        return _pokes_for(batch, published)

    def _read(self) -> Batch:
        changer = Changer(self.templates, self.destinations)
        return Planner(self.store, changer, self.rules).plan(self._due(), self._keep_one)

    def _due(self) -> Sequence[Environment]:
        with self.store.begin() as session:
            return publishing.due(session)

    def _settle(self, batch: Batch, published: Sequence[Published]) -> None:
        """Keep, with the generations that were taken, what the remote now holds, and what is to be proposed.

        A few at a time: the rows are locked meanwhile, and no webhook should have to wait for a large batch.
        """
        for start in range(0, len(published), _SETTLED_AT_ONCE):
            with self.store.begin() as session:
                for result in published[start : start + _SETTLED_AT_ONCE]:
                    self._settle_one(session, batch, result)
        for environment in batch.untouched:
            with self.store.begin() as session:
                publishing.settle_unchanged(session, environment.id, environment.decided_generation)
        for environment in batch.held:
            with self.store.begin() as session:
                proposing.hold(session, environment)
        for environment_id in batch.outdated:
            with self.store.begin() as session:
                proposing.withdraw(session, environment_id, "it is not to be accepted any more")
        for wanted in batch.proposed:
            with self.store.begin() as session:
                proposing.put(session, wanted)
        for result in published:
            key = batch.planned[result.folder].environment.key
            _log.info("publish.done", environment=key, commit=result.commit, changed=result.changed)

    def _settle_one(self, session: Session, batch: Batch, result: Published) -> None:
        planned = batch.planned[result.folder]
        if not planned.is_restoring:
            held = Kept(
                result.tree,
                result.commit,
                planned.content.sync_blob,
                workloads_of(planned.content.objects),
                planned.content.objects,
                planned.generation,
                planned.intent.head_sha,
            )
            publishing.record(session, planned.environment, held)
        if result.commit is not None:
            publishing.committed(session, planned.intent, result.commit)
        if planned.settles is not None:
            proposing.settled(session, planned.settles)

    def _push_branches(self, lock: SessionLock) -> None:
        pusher = Pusher(self.store, self.repository, Changer(self.templates, self.destinations))
        rings = pusher.push(lock.confirm)
        if rings:
            self.bell.ring(*rings)

    def _keep(self, environments: Collection[Environment], error: PublishError) -> EphemeraError:
        """Keep the failure with every environment that waits for it, and return it in our own terms."""
        is_passing = isinstance(error, RemoteUnavailable | Contended)
        ours = Transient(str(error)) if is_passing else Stalled(str(error))
        # A repository that cannot even be cloned fails before anything is read.
        for environment in environments or self._due():
            self._keep_one(environment, ours)
        return ours

    def _keep_one(self, environment: Environment, error: EphemeraError) -> None:
        with self.store.begin() as session:
            failing.keep(session, environment, Stage.PUBLISH, error)

    def _poke(self, cluster: str, poke: Poke) -> None:
        try:
            Changer(self.templates, self.destinations).destination(cluster).syncer.poke(poke)
        except EphemeraError as error:
            _log.warning("poke.failed", cluster=cluster, error=str(error))


def _pokes_for(batch: Batch, published: Sequence[Published]) -> Mapping[str, Poke]:
    """Cluster -> what its syncer has not been told of: also a commit of a push whose answer was lost."""
    news: dict[str, list[Published]] = {}
    for result in published:
        environment = batch.planned[result.folder].environment
        if result.changed or result.moved or result.commit not in (None, environment.published.commit):
            news.setdefault(environment.place.cluster, []).append(result)
    return {
        cluster: Poke(
            changed=tuple(batch.planned[result.folder].environment.place.namespace for result in results),
            came_or_went=any(_is_the_roots(batch, result) for result in results),
        )
        for cluster, results in news.items()
    }


def _is_the_roots(batch: Batch, result: Published) -> bool:
    """What makes and removes environments has to look: this one came, went, or is followed in another way."""
    planned = batch.planned[result.folder]
    before: Before = planned.environment.published
    return planned.content.files is None or before.tree is None or planned.content.sync_blob != before.sync
