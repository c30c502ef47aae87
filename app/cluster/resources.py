"""What is watched, as a table. Adding a resource is adding a row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.cluster.applications import Application, read_application
from app.cluster.events import read_event
from app.cluster.kustomizations import GitRepository, Kustomization, read_kustomization, read_source
from app.cluster.namespaces import Namespace, read_namespace
from app.cluster.pods import read_pod
from app.cluster.seen import Foreign, Seen, SeenPod, SeenWorkload, raw_holding
from app.cluster.volumes import Volume, read_volume
from app.cluster.workloads import read_daemon_set, read_deployment, read_job, read_stateful_set
from app.domain.cluster import SyncerKind
from gitops.labels import MANAGED_BY, MANAGER

SELECTOR = f"{MANAGED_BY}={MANAGER}"

_LABELLED = (("labelSelector", SELECTOR),)
_ARGO = "/apis/argoproj.io/v1alpha1"
_FLUX_SOURCE = "/apis/source.toolkit.fluxcd.io/v1"
_FLUX_KUSTOMIZE = "/apis/kustomize.toolkit.fluxcd.io/v1"

_Row = tuple[str, str, Callable[[Any], Seen | Foreign], Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource, listed and watched over all namespaces, or in the one that its path names."""

    name: str
    """`deployments.apps`, as RBAC and kubectl name it."""
    path: str
    read: Callable[[Any], Seen | Foreign]
    shape: Any = dict[str, Any]
    """What its objects are decoded into before they are read."""
    selection: tuple[tuple[str, str], ...] = _LABELLED
    """The query's part that says which of them."""
    without: str = ""
    """What cannot be said while it cannot be seen, as a sentence."""
    is_optional: bool = False
    """A cluster that does not serve it has none of it."""
    keeps: int | None = None
    """Of events: how many of each object, the newest; None: all."""


def _held(
    kind: str, read: Callable[[Mapping[str, Any]], SeenWorkload | SeenPod]
) -> Callable[[Mapping[str, Any]], SeenWorkload | SeenPod]:
    """The reader, with what keeps the object while it is being deleted."""

    def read_held(raw: Mapping[str, Any]) -> SeenWorkload | SeenPod:
        seen = read(raw)
        holding = raw_holding(kind, raw)
        return replace(seen, holding=holding) if holding else seen

    return read_held


NAMESPACES = Resource("namespaces", "/api/v1/namespaces", read_namespace, Namespace)
PODS = Resource("pods", "/api/v1/pods", _held("Pod", read_pod))
DEPLOYMENTS = Resource("deployments.apps", "/apis/apps/v1/deployments", _held("Deployment", read_deployment))
STATEFUL_SETS = Resource("statefulsets.apps", "/apis/apps/v1/statefulsets", _held("StatefulSet", read_stateful_set))
DAEMON_SETS = Resource("daemonsets.apps", "/apis/apps/v1/daemonsets", _held("DaemonSet", read_daemon_set))
JOBS = Resource("jobs.batch", "/apis/batch/v1/jobs", _held("Job", read_job))
VOLUMES = Resource(
    "persistentvolumes",
    "/api/v1/persistentvolumes",
    read_volume,
    Volume,
    selection=(),
    without="Until they can be seen, no environment is confirmed gone.",
    is_optional=True,
)


def _event(raw: Mapping[str, Any]) -> Seen | Foreign:
    metadata = raw["metadata"]
    return read_event(raw) or Foreign(metadata.get("namespace", ""), int(metadata["resourceVersion"]), metadata["name"])


def _events(selection: str) -> Resource:
    """The API server keeps no cache of events, and so sends no bookmarks of them (apiserver, storage cacher)."""
    selected = (("fieldSelector", selection),)
    return Resource("events", "/api/v1/events", _event, selection=selected, keeps=8)


EVENTS = _events("type=Warning")
KILLINGS = _events("reason=Killing,type=Normal")
"""Which container is started again for which probe is told as if it were nothing to worry about."""

WATCHED = (NAMESPACES, PODS, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS, VOLUMES, EVENTS, KILLINGS)
"""What is watched whatever syncs."""


_NOT_SYNCED = "Until it can be seen, nothing is known of what is applied, and no environment is confirmed gone."


def synced_by(syncer: SyncerKind, namespace: str = "") -> tuple[Resource, ...]:
    """The syncer's own resources: in its namespace, or in all where none is named.

    No label is asked for: what an older ApplicationSet or another hand made would be missed, and with it that it is
    still there. Which of them are an environment's is read from the objects.
    """
    within = f"/namespaces/{namespace}" if namespace else ""
    rows: dict[SyncerKind, tuple[_Row, ...]] = {
        SyncerKind.ARGOCD: (("applications.argoproj.io", _ARGO, read_application, Application),),
        SyncerKind.FLUX: (
            ("kustomizations.kustomize.toolkit.fluxcd.io", _FLUX_KUSTOMIZE, read_kustomization, Kustomization),
            ("gitrepositories.source.toolkit.fluxcd.io", _FLUX_SOURCE, read_source, GitRepository),
        ),
        SyncerKind.NONE: (),
    }
    return tuple(
        Resource(name, f"{group}{within}/{name.partition('.')[0]}", read, shape, selection=(), without=_NOT_SYNCED)
        for name, group, read, shape in rows[syncer]
    )
