"""What `observe` reads and writes. Everything is written in a transaction that has confirmed its watcher's lease."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.domain.drift import observed
from app.domain.environment import Environment, Status
from app.domain.health import Health, LogSource, Phase
from app.domain.status import Assessment, assess
from app.domain.teardown import Part, Teardown
from app.store.models import DeploymentRow, EnvironmentRow
from app.store.rows import environment_of, failed_deployment, locked, note, settle


@dataclass(frozen=True, slots=True)
class LogWanted:
    """A container whose last lines tell why a commit of an environment failed, and which nobody has fetched yet."""

    deployment_id: int
    namespace: str
    source: LogSource

    @property
    def of(self) -> str:
        """`Pod/web-5d9c-x, container web`."""
        return f"Pod/{self.source.pod}, container {self.source.container}"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of something seen."""

    is_news: bool = False
    log: LogWanted | None = None


def record(session: Session, cluster: str, namespace: str, health: Health) -> Recorded:
    """Keep what was seen in the cluster, if it differs; nothing where the namespace is none of ours there."""
    found = _find(session, cluster, namespace)
    if found is None:
        return Recorded()
    row, now = locked(session, found)
    environment = environment_of(row)
    seen = observed(environment, health)
    kept = seen.health.to_json()
    if row.health == kept:
        return Recorded(log=_log_wanted(session, row, assess(environment, now)))
    for words in seen.events:
        note(session, row, "drift", words, actor="ephemera")
    row.health, row.observed_at = kept, now
    _show_again(row, environment, health, now)
    return Recorded(is_news=True, log=_log_wanted(session, row, settle(session, row, now)))


def awaiting_proof(session: Session, cluster: str) -> Mapping[str, datetime]:
    """Environments whose folder has left the environments repository and of which something may be left: when it left.
    One that waits for an approval may have left as well, when an earlier approval ended.

    What is listed after this has been read was listed after the folder left.
    """
    removed_at = EnvironmentRow.teardown["removed_at"].astext
    query = select(EnvironmentRow.namespace, removed_at, EnvironmentRow.published_at).where(
        EnvironmentRow.cluster == cluster,
        or_(
            EnvironmentRow.status == Status.DESTROYING.value,
            (EnvironmentRow.status == Status.WAITING.value)
            & EnvironmentRow.teardown["parts"].contains([{"gone_at": None}]),
        ),
        EnvironmentRow.published_tree.is_(None),
        EnvironmentRow.published_generation >= EnvironmentRow.desired_generation,
        EnvironmentRow.published_at.is_not(None),
    )
    return {
        namespace: datetime.fromisoformat(begun) if begun else published_at
        for namespace, begun, published_at in session.execute(query)
    }


def believed_present(session: Session, cluster: str) -> Collection[str]:
    """Namespaces that were there when they were last seen."""
    query = select(EnvironmentRow.namespace).where(
        EnvironmentRow.cluster == cluster, EnvironmentRow.health["phase"].astext != Phase.ABSENT.value
    )
    return set(session.scalars(query))


def confirm(session: Session, cluster: str, namespace: str, removed_at: datetime, left: Collection[str]) -> bool:
    """Keep what complete lists show of an environment whose folder left at `removed_at`; False when that is no news.

    Lists that were made for another removal than the row's present one say nothing about it.
    """
    found = _find(session, cluster, namespace)
    if found is None:
        return False
    row, now = locked(session, found)
    if row.published_tree is not None or (before := _teardown(row)).removed_at != removed_at:
        return False
    after = before.seen(left, now).to_json()
    gone = Health(Phase.ABSENT).to_json()
    if row.teardown == after and (left or row.health == gone):
        return False
    row.teardown = after
    if not left:
        row.health, row.observed_at = gone, now
    settle(session, row, now)
    return True


def keep_log(session: Session, wanted: LogWanted, text: str) -> bool:
    """Keep the last lines with the deployment that failed; False when it fails no more."""
    deployment = session.get(DeploymentRow, wanted.deployment_id)
    if deployment is None:
        return False
    row, now = locked(session, deployment.environment_id)
    session.refresh(deployment)
    if _log_wanted(session, row, assess(environment_of(row), now)) != wanted:
        return False
    deployment.log_of, deployment.log = wanted.of, text.replace("\x00", "")
    settle(session, row, now)
    return True


def reassess(session: Session, environment_id: int) -> None:
    """Settle a row whose status depends on how late it is."""
    row, now = locked(session, environment_id)
    settle(session, row, now)


def _find(session: Session, cluster: str, namespace: str) -> int | None:
    query = select(EnvironmentRow.id).where(EnvironmentRow.namespace == namespace, EnvironmentRow.cluster == cluster)
    return session.scalars(query).one_or_none()


def _show_again(row: EnvironmentRow, environment: Environment, health: Health, now: datetime) -> None:
    """What shows after it was confirmed gone, a namespace made by hand say, has to go once more."""
    teardown = environment.teardown
    if environment.published.tree is not None or teardown is None or not teardown.is_complete:
        return
    if health.phase in (Phase.ACTIVE, Phase.TERMINATING):
        row.teardown = teardown.seen({f"Namespace/{row.namespace}"}, now).to_json()
    elif health.phase is Phase.PARTIAL and health.sync is not None:
        row.teardown = teardown.seen({health.sync.name}, now).to_json()


def _teardown(row: EnvironmentRow) -> Teardown:
    """The row's; of a removal that was published before removals were kept, the little that is known."""
    if row.teardown is not None:
        return Teardown.from_json(row.teardown)
    assert row.published_at is not None
    return Teardown(row.published_commit, row.published_at, parts=(Part(f"Namespace/{row.namespace}"),))


def _log_wanted(session: Session, row: EnvironmentRow, assessment: Assessment) -> LogWanted | None:
    source = next((problem.log for problem in assessment.problems if problem.log), None)
    if row.status != Status.FAILED.value or source is None:
        return None
    deployment = failed_deployment(session, row)
    if deployment is None:
        return None
    wanted = LogWanted(deployment.id, row.namespace, source)
    return None if deployment.log_of == wanted.of else wanted
