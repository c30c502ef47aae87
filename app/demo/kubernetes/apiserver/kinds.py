"""What the API serves, as a table. Adding a resource is adding a row."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
"""A JSON object. What is stored is never changed in place."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One served resource; compared by identity, so use the constants below."""

    group: str
    version: str
    kind: str
    plural: str
    is_namespaced: bool = True
    has_status: bool = True
    """Whether `/status` is a subresource; without it, status is written with the object, as Argo CD's CRDs do."""
    has_generation: bool = True
    is_custom: bool = False
    """Custom resources keep apiVersion and kind in list items and refuse strategic merge patches."""
    short_names: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    """Field selectors beyond metadata.name and metadata.namespace, as dotted paths."""

    @property
    def api_version(self) -> str:
        """`v1`, `apps/v1` and so on, as objects carry it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`pods`, `deployments.apps`: how messages of the API name the resource."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _core(kind: str, plural: str, short: tuple[str, ...] = (), **flags: Any) -> Kind:
    return Kind("", "v1", kind, plural, short_names=short, **flags)


_POD_FIELDS = ("spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase", "status.podIP")
_EVENT_FIELDS = (
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.uid",
    "reason",
    "type",
)

NAMESPACE = _core(
    "Namespace", "namespaces", ("ns",), is_namespaced=False, has_generation=False, fields=("status.phase",)
)
POD = _core("Pod", "pods", ("po",), fields=_POD_FIELDS)
SERVICE = _core("Service", "services", ("svc",), has_generation=False, fields=("spec.clusterIP", "spec.type"))
EVENT = _core("Event", "events", ("ev",), has_status=False, has_generation=False, fields=_EVENT_FIELDS)
SERVICE_ACCOUNT = _core("ServiceAccount", "serviceaccounts", ("sa",), has_status=False, has_generation=False)
RESOURCE_QUOTA = _core("ResourceQuota", "resourcequotas", ("quota",), has_generation=False)
LIMIT_RANGE = _core("LimitRange", "limitranges", ("limits",), has_status=False, has_generation=False)
CONFIG_MAP = _core("ConfigMap", "configmaps", ("cm",), has_status=False, has_generation=False)
SECRET = _core("Secret", "secrets", has_status=False, has_generation=False, fields=("type",))
PERSISTENT_VOLUME_CLAIM = _core("PersistentVolumeClaim", "persistentvolumeclaims", ("pvc",), has_generation=False)
PERSISTENT_VOLUME = _core("PersistentVolume", "persistentvolumes", ("pv",), is_namespaced=False, has_generation=False)
DEPLOYMENT = Kind("apps", "v1", "Deployment", "deployments", short_names=("deploy",))
REPLICA_SET = Kind("apps", "v1", "ReplicaSet", "replicasets", short_names=("rs",), fields=("status.replicas",))
STATEFUL_SET = Kind("apps", "v1", "StatefulSet", "statefulsets", short_names=("sts",))
DAEMON_SET = Kind("apps", "v1", "DaemonSet", "daemonsets", short_names=("ds",))
JOB = Kind("batch", "v1", "Job", "jobs", fields=("status.successful",))
CRON_JOB = Kind("batch", "v1", "CronJob", "cronjobs", short_names=("cj",))
INGRESS = Kind("networking.k8s.io", "v1", "Ingress", "ingresses", short_names=("ing",))
NETWORK_POLICY = Kind(
    "networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", has_status=False, short_names=("netpol",)
)
DISRUPTION_BUDGET = Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", short_names=("pdb",))
AUTOSCALER = Kind(
    "autoscaling",
    "v2",
    "HorizontalPodAutoscaler",
    "horizontalpodautoscalers",
    has_generation=False,
    short_names=("hpa",),
)
_RBAC = "rbac.authorization.k8s.io"


def _access(kind: str, plural: str, *, is_namespaced: bool) -> Kind:
    return Kind(_RBAC, "v1", kind, plural, is_namespaced=is_namespaced, has_status=False, has_generation=False)


ROLE = _access("Role", "roles", is_namespaced=True)
ROLE_BINDING = _access("RoleBinding", "rolebindings", is_namespaced=True)
CLUSTER_ROLE = _access("ClusterRole", "clusterroles", is_namespaced=False)
CLUSTER_ROLE_BINDING = _access("ClusterRoleBinding", "clusterrolebindings", is_namespaced=False)
# Argo CD's Application CRD has no status subresource, its ApplicationSet CRD has one:
# argo-cd manifests/crds/application-crd.yaml and applicationset-crd.yaml.
APPLICATION = Kind(
    "argoproj.io",
    "v1alpha1",
    "Application",
    "applications",
    has_status=False,
    is_custom=True,
    short_names=("app", "apps"),
)
APPLICATION_SET = Kind(
    "argoproj.io",
    "v1alpha1",
    "ApplicationSet",
    "applicationsets",
    is_custom=True,
    short_names=("appset", "appsets"),
)
APP_PROJECT = Kind(
    "argoproj.io",
    "v1alpha1",
    "AppProject",
    "appprojects",
    has_status=False,
    is_custom=True,
    short_names=("appproj", "appprojs"),
)
GIT_REPOSITORY = Kind(
    "source.toolkit.fluxcd.io", "v1", "GitRepository", "gitrepositories", is_custom=True, short_names=("gitrepo",)
)
KUSTOMIZATION = Kind(
    "kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations", is_custom=True, short_names=("ks",)
)

KINDS: tuple[Kind, ...] = (
    NAMESPACE,
    POD,
    SERVICE,
    EVENT,
    SERVICE_ACCOUNT,
    RESOURCE_QUOTA,
    LIMIT_RANGE,
    CONFIG_MAP,
    SECRET,
    PERSISTENT_VOLUME_CLAIM,
    PERSISTENT_VOLUME,
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    DAEMON_SET,
    JOB,
    CRON_JOB,
    INGRESS,
    NETWORK_POLICY,
    DISRUPTION_BUDGET,
    AUTOSCALER,
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    APPLICATION,
    APPLICATION_SET,
    APP_PROJECT,
    GIT_REPOSITORY,
    KUSTOMIZATION,
)
_BY_PLURAL = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
_BY_NAME = {(kind.api_version, kind.kind): kind for kind in KINDS}


def served_at(group: str, version: str, plural: str) -> Kind | None:
    """The kind behind a URL's group, version and plural, or None when nothing is served there."""
    return _BY_PLURAL.get((group, version, plural))


def kind_of(body: Json) -> Kind | None:
    """The kind an object says it has, or None when this API does not serve it."""
    return _BY_NAME.get((body.get("apiVersion", ""), body.get("kind", "")))
