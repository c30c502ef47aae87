"""All controllers together, as the controller manager, the scheduler and the kubelet run them."""

from app.demo.kubernetes.apiserver.verbs import Verbs
from app.demo.kubernetes.workloads.deployments import Deployments
from app.demo.kubernetes.workloads.failures import Failures, Pace
from app.demo.kubernetes.workloads.garbage import Garbage
from app.demo.kubernetes.workloads.jobs import Jobs
from app.demo.kubernetes.workloads.loop import Loop
from app.demo.kubernetes.workloads.namespaces import Namespaces
from app.demo.kubernetes.workloads.pods import Pods
from app.demo.kubernetes.workloads.quotas import Quotas
from app.demo.kubernetes.workloads.replicasets import ReplicaSets
from app.demo.kubernetes.workloads.statefulsets import StatefulSets


def build_controllers(verbs: Verbs, failures: Failures, pace: Pace) -> Loop:
    """The loop that runs every workload of the cluster; not started."""
    reconcilers = [
        Namespaces(verbs, pace).reconciler(),
        Deployments(verbs).reconciler(),
        ReplicaSets(verbs, failures).reconciler(),
        StatefulSets(verbs).reconciler(),
        Jobs(verbs).reconciler(),
        Quotas(verbs).reconciler(),
        Pods(verbs, failures, pace).reconciler(),
        *Garbage(verbs).reconcilers(),
    ]
    return Loop(verbs.store, reconcilers)
