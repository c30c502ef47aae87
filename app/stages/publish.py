"""`publish`: a group commit. One writer takes everything that is due and pushes it at once.

The branch's head is fixed before the rows are read (`gitops.publish` calls back), the lock is confirmed right before
the push, and rows that moved meanwhile are rung for after the lock is released: none of them can be lost.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from app.domain.desired import Absent, Present, Waiting
from app.domain.environment import Environment, Stage
from app.domain.environment import Published as Before
from app.errors import EphemeraError, Stalled, Transient
from app.ports import Bell, Destination, Poke, Ring
from app.stages import failing
from app.stages.sweep import DRIFT
from app.store import publishing
from app.store.engine import Store
from app.store.locks import Lock, only_writer
from app.store.publishing import Kept
from gitops.change import AUTHOR, Change, Published
from gitops.check import check
from gitops.errors import Contended, GitopsError, PublishError, RemoteUnavailable
from gitops.publish import publish
from gitops.render import Templates
from gitops.repository import Repository
from gitops.syncs import divided
from gitops.workloads import objects_of, workloads_of

LOCK_WAIT = timedelta(seconds=10)
"""How long a second publisher waits for the first; what it would have done is rung for when the first is done."""
_SETTLED_AT_ONCE = 20

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Batch:
    """What one reading of the rows asks of Git."""

    taken: dict[str, Environment] = field(default_factory=dict)
    """Folder -> the environment whose change it is."""
    changes: list[Change] = field(default_factory=list)
    objects: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Folder -> all that the environment holds, `{"Deployment/web": digest}`; nothing for one that goes."""
    untouched: list[Environment] = field(default_factory=list)
    """Decided, but nothing to do in Git."""


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
            return publishing.has_due(session)

    def _publish_all(self) -> Mapping[str, Poke]:
        batch = _Batch()

        def read() -> Sequence[Change]:
            nonlocal batch
            batch = self._read()
            return batch.changes

        with only_writer(self.store, Lock.PUBLISH, self.repository.remote.url, self.lock_wait) as lock:
            try:
                published = publish(self.repository, read, lock.confirm)
            except PublishError as error:
                raise self._keep(batch, error) from error
            self._settle(batch, published)
        return _pokes_for(batch, published)

    def _read(self) -> _Batch:
        batch = _Batch()
        for environment in self._due():
            self._add(batch, environment)
        return batch

    def _due(self) -> Sequence[Environment]:
        with self.store.begin() as session:
            return publishing.due(session)

    def _add(self, batch: _Batch, environment: Environment) -> None:
        match environment.desired:
            case Present(spec):
                try:
                    files = self.templates.render(spec)
                    check(spec, files)
                except GitopsError as error:
                    self._keep_one(environment, Stalled(f"rendering {environment.key}: {error}"))
                    return
                batch.objects[environment.place.folder] = objects_of(files)
                batch.changes.append(self._change(environment, files))
            case Absent():
                batch.changes.append(self._change(environment, None))
            case Waiting(kept=kept) if kept is not None and not _is_kept(environment, kept):
                batch.changes.append(self._change(environment, None))
            case _:
                batch.untouched.append(environment)
                return
        batch.taken[environment.place.folder] = environment

    def _settle(self, batch: _Batch, published: Sequence[Published]) -> None:
        """Keep, with the generations that were taken, what the remote now holds.

        A few at a time: the rows are locked meanwhile, and no webhook should have to wait for a large batch.
        """
        changes = {change.folder: change for change in batch.changes}
        for start in range(0, len(published), _SETTLED_AT_ONCE):
            with self.store.begin() as session:
                for result in published[start : start + _SETTLED_AT_ONCE]:
                    objects = batch.objects.get(result.folder, {})
                    sync = changes[result.folder].sync_blob
                    held = Kept(result.tree, result.commit, sync, workloads_of(objects), objects)
                    publishing.record(session, batch.taken[result.folder], held)
        with self.store.begin() as session:
            for environment in batch.untouched:
                publishing.settle_unchanged(session, environment.id, environment.decided_generation)
        for result in published:
            key = batch.taken[result.folder].key
            _log.info("publish.done", environment=key, commit=result.commit, changed=result.changed)

    def _keep(self, batch: _Batch, error: PublishError) -> EphemeraError:
        """Keep the failure with every environment that waits for it, and return it in our own terms."""
        is_passing = isinstance(error, RemoteUnavailable | Contended)
        ours = Transient(str(error)) if is_passing else Stalled(str(error))
        # A repository that cannot even be cloned fails before anything is read.
        for environment in batch.taken.values() or self._due():
            self._keep_one(environment, ours)
        return ours

    def _keep_one(self, environment: Environment, error: EphemeraError) -> None:
        with self.store.begin() as session:
            failing.keep(session, environment, Stage.PUBLISH, error)

    def _change(self, environment: Environment, files: dict[str, bytes] | None) -> Change:
        place = environment.place
        to = self._destination(place.cluster)
        sync = None
        if to.sync is not None and files is not None:
            namespace, files = divided(files)
            sync = to.sync(place.folder, environment.number, namespace)
        return replace(_change(environment, files), sync=sync, keep=to.keep, follows_ref=to.follows_refs)

    def _destination(self, cluster: str) -> Destination:
        return self.destinations.get(cluster) or Destination(_Nobody())

    def _poke(self, cluster: str, poke: Poke) -> None:
        try:
            self._destination(cluster).syncer.poke(poke)
        except EphemeraError as error:
            _log.warning("poke.failed", cluster=cluster, error=str(error))


class _Nobody:
    """Syncs a cluster that is declared no more."""

    def poke(self, poke: Poke) -> None:
        """Nobody is woken."""


def _pokes_for(batch: _Batch, published: Sequence[Published]) -> Mapping[str, Poke]:
    """Cluster -> what its syncer has not been told of: also a commit of a push whose answer was lost."""
    before = {folder: environment.published for folder, environment in batch.taken.items()}
    changes = {change.folder: change for change in batch.changes}
    news: dict[str, list[Published]] = {}
    for result in published:
        if result.changed or result.moved or result.commit not in (None, before[result.folder].commit):
            news.setdefault(batch.taken[result.folder].place.cluster, []).append(result)
    return {
        cluster: Poke(
            changed=tuple(batch.taken[result.folder].place.namespace for result in results),
            came_or_went=any(_is_the_roots(changes[result.folder], before[result.folder]) for result in results),
        )
        for cluster, results in news.items()
    }


def _is_the_roots(change: Change, before: Before) -> bool:
    """What makes and removes environments has to look: this one came, went, or is followed in another way."""
    return change.files is None or before.tree is None or change.sync_blob != before.sync


def _is_kept(environment: Environment, kept: Collection[str]) -> bool:
    """What runs is one of these commits, as far as anybody knows: a folder that is not as it was published may be of
    any commit, one whose push was never answered for instance."""
    return environment.published.head_sha in kept and environment.asked.reason != DRIFT


def _change(environment: Environment, files: dict[str, bytes] | None) -> Change:
    asked = environment.asked
    desired = environment.desired
    sha = (desired.spec.head_sha if isinstance(desired, Present) else environment.commit_sha) or "unknown"
    verb = "Restore" if asked.reason == DRIFT else "Deploy"
    subject = f"{verb} {environment.key} at {sha[:7]}" if files is not None else f"Remove {environment.key}"
    return Change(
        folder=environment.place.folder,
        files=files,
        subject=subject,
        trailers=(
            ("Environment", environment.place.namespace),
            ("Pull-Request", environment.key),
            ("Head-SHA", sha),
            ("Delivery", asked.delivery or "none"),
            ("Actor", asked.by),
            ("Reason", asked.reason),
        ),
        author=AUTHOR,
    )
