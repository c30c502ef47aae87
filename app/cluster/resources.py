"""What is watched, as a table. Adding a resource is adding a row."""

from collections.abc import Callable
from dataclasses import dataclass

from app.cluster.connection import Json
from app.cluster.namespaces import read_namespace
from app.cluster.pods import read_pod
from app.cluster.seen import Seen
from app.cluster.workloads import read_daemon_set, read_deployment, read_job, read_stateful_set
from gitops.labels import MANAGED_BY, MANAGER

SELECTOR = f"{MANAGED_BY}={MANAGER}"


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource, listed and watched over all namespaces."""

    name: str
    """`deployments.apps`, as RBAC and kubectl name it."""
    path: str
    read: Callable[[Json], Seen]


NAMESPACES = Resource("namespaces", "/api/v1/namespaces", read_namespace)
PODS = Resource("pods", "/api/v1/pods", read_pod)
DEPLOYMENTS = Resource("deployments.apps", "/apis/apps/v1/deployments", read_deployment)
STATEFUL_SETS = Resource("statefulsets.apps", "/apis/apps/v1/statefulsets", read_stateful_set)
DAEMON_SETS = Resource("daemonsets.apps", "/apis/apps/v1/daemonsets", read_daemon_set)
JOBS = Resource("jobs.batch", "/apis/batch/v1/jobs", read_job)

WATCHED = (NAMESPACES, PODS, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS)
