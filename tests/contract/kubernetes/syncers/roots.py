"""What makes a syncer follow the repository: the objects that a platform team would create, the same for real and not.

Nothing here polls while a test runs: the tests poke, as Ephemera does.
"""

from tests.contract.kubernetes.api import Json
from tests.contract.kubernetes.syncers.repository import CLUSTER, folder, ref
from tests.contract.kubernetes.target import Target

ARGOCD = "argocd"
FLUX = "flux-system"
ROOT = CLUSTER
"""The name of the ApplicationSet, of the AppProject and of Flux's root objects."""
FINALIZER = "resources-finalizer.argocd.argoproj.io"
RETRIES = 1


def project() -> Json:
    """Return the AppProject."""
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "https://kubernetes.default.svc", "namespace": "pr-*"}],
        "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}],
    }
    return {"metadata": {"name": ROOT, "namespace": ARGOCD}, "spec": spec} | _kind("AppProject")


def application_set(target: Target) -> Json:
    """Return the ApplicationSet: an Application for each folder, at the environment's own ref."""
    name = "{{.path.basename}}"
    generator = {
        "repoURL": target.repository,
        "revision": "main",
        "requeueAfterSeconds": 1800,
        "directories": [{"path": f"environments/{CLUSTER}/*/*/*"}],
    }
    source = {"repoURL": target.repository, "targetRevision": ref(name), "path": "{{.path.path}}"}
    policy = {
        "automated": {"prune": True, "selfHeal": True},
        "retry": {"limit": RETRIES, "backoff": {"duration": "1s", "factor": 1, "maxDuration": "1s"}},
    }
    metadata = {
        "name": name,
        "finalizers": [FINALIZER],
        "labels": {"ephemera.dev/environment": name, "ephemera.dev/owner": "{{index .path.segments 2}}"},
    }
    spec = {
        "project": ROOT,
        "source": source,
        "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
        "info": [{"name": "Folder", "value": "{{.path.path}}"}],
        "syncPolicy": policy,
    }
    whole = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"git": generator}],
        "template": {"metadata": metadata, "spec": spec},
    }
    return {"metadata": {"name": ROOT, "namespace": ARGOCD}, "spec": whole} | _kind("ApplicationSet")


def root_source(target: Target) -> Json:
    """Return Flux's root GitRepository."""
    return _source(target, ROOT, {"branch": "main"}, f"syncs/{CLUSTER}")


def root_kustomization() -> Json:
    """Return Flux's root Kustomization, which makes those of the environments."""
    return _kustomization(ROOT, f"./syncs/{CLUSTER}")


def environment_source(target: Target, environment: str) -> Json:
    """Return the GitRepository of an environment, at its own ref."""
    return _source(target, environment, {"name": ref(environment)}, folder(environment))


def environment_kustomization(environment: str) -> Json:
    """Return the Kustomization of an environment."""
    made = _kustomization(environment, f"./{folder(environment)}")
    made["spec"]["deletionPolicy"] = "WaitForTermination"
    return made


def _source(target: Target, name: str, reference: Json, path: str) -> Json:
    spec: Json = {"url": target.repository, "ref": reference, "sparseCheckout": [path], "interval": "30m"}
    if target.secret:
        spec["secretRef"] = {"name": target.secret}
    head = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository"}
    return head | {"metadata": {"name": name, "namespace": FLUX}, "spec": spec}


def _kustomization(name: str, path: str) -> Json:
    spec = {
        "sourceRef": {"kind": "GitRepository", "name": name},
        "path": path,
        "interval": "30m",
        "retryInterval": "2s",
        "timeout": "1m",
        "prune": True,
        "wait": False,
    }
    head = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization"}
    return head | {"metadata": {"name": name, "namespace": FLUX}, "spec": spec}


def _kind(kind: str) -> Json:
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind}
